import { option } from './command.ts';

export interface CheckpointFlags {
  readonly checkpoint?: string;
  readonly resume?: boolean;
}

export const checkpointOptions = () => [
  option('--checkpoint <folder>', 'keep the state of training there, every epoch and every 30 s'),
  option('--resume', 'go on from the checkpoint, where there is one'),
];

/** Throws `E_USAGE` for `--resume` alone. */
export async function checkpointOf({ checkpoint: folder, resume }: CheckpointFlags) {
  if (resume && folder === undefined) {
    const { usage } = await import('../errors.ts');
    throw usage('--resume needs a --checkpoint folder to go on from');
  }
  return folder === undefined ? undefined : { folder, resume };
}
