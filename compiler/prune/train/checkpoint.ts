/**
 * Checkpoints of a training run: everything that its next step depends on, in one `.safetensors` file (8 bytes with the length
 * of the header, a JSON header with types, shapes and offsets, the arrays), replaced as a whole.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { badData, ioFailed, usage } from '../../errors.ts';
import { writeFiles } from '../../import/write-files.ts';
import type { RandomState } from '../../ir/random.ts';
import type { BatchState } from './data.ts';
import type { Score } from './evaluate.ts';
import type { OptimizerState } from './optimizer.ts';

export interface TrainState {
  /** Steps made. */
  readonly step: number;
  readonly chance: RandomState;
  readonly batches: BatchState;
  readonly variables: readonly Float32Array[];
  readonly optimizer: OptimizerState;
  readonly best: {
    readonly missed: number;
    readonly step?: number;
    readonly score?: Score;
    readonly copies?: readonly Float32Array[];
  };
}

export interface TrainCheckpoint {
  /** Where the run goes on; absent: from the beginning. */
  readonly start?: TrainState;
  save(state: TrainState): void;
  /** Longest time between two saves; every validation is one too. */
  readonly everyMs: number;
}

export interface CheckpointOptions {
  readonly folder: string;
  /** Go on from the checkpoint in the folder, where there is one. */
  readonly resume?: boolean;
  /** Seconds between saves within an epoch; 30 by default. */
  readonly every?: number;
}

const fileName = 'finetune.safetensors';

/**
 * The checkpoints of a run in a folder. `identity` is all that the run depends on: arrays and JSON.
 *
 * @throws {CompileError} E_USAGE where the folder holds another run, or this one and it is not to be resumed; E_DATA for a damaged
 * file; E_IO.
 */
export function openCheckpoint(
  { folder, resume = false, every = 30 }: CheckpointOptions,
  identity: readonly unknown[],
): TrainCheckpoint {
  refuseTaken({ folder, resume });
  const run = digest(identity);
  const path = join(folder, fileName);
  const found = existsSync(path);
  const save = (state: TrainState) => writeFiles(folder, new Map([[fileName, encode(state, run)]]));
  if (!found) return { save, everyMs: 1000 * every };
  const { run: known, state } = decode(path);
  if (known !== run)
    throw usage(
      `the checkpoint in ${folder} is of another run`,
      'model, data, options and seed must be those that it was made with',
    );
  return { start: state, save, everyMs: 1000 * every };
}

/** Throws `E_USAGE` where a new run would write over another one's checkpoint. */
export function refuseTaken({ folder, resume = false }: CheckpointOptions): void {
  if (resume || !existsSync(join(folder, fileName))) return;
  throw usage(
    `${folder} holds the checkpoint of a run`,
    '--resume goes on with it; a new run needs another folder',
  );
}

function digest(parts: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    if (ArrayBuffer.isView(part)) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    else hash.update(JSON.stringify(part) ?? '');
    hash.update('\0');
  }
  return hash.digest('hex');
}

type Arrays = Map<string, Float32Array | Uint8Array | Uint32Array>;

function encode({ variables, optimizer, batches, best, ...rest }: TrainState, run: string): Uint8Array {
  const arrays: Arrays = new Map();
  arrays.set('order', batches.order);
  variables.forEach((v, i) => void arrays.set(`variable.${i}`, v));
  optimizer.moments.forEach((list, i) => {
    list.forEach((m, k) => void arrays.set(`moment.${i}.${k}`, m));
  });
  optimizer.masks.forEach((m, i) => void (m && arrays.set(`mask.${i}`, m)));
  best.copies?.forEach((c, i) => void arrays.set(`best.${i}`, c));
  const { copies: _, ...bestFacts } = best;
  const facts: Facts = {
    ...rest,
    at: batches.at,
    variables: variables.length,
    optimizerSteps: optimizer.steps,
    moments: optimizer.moments.map((m) => m.length),
    masks: optimizer.masks.map((m) => m !== undefined),
    best: bestFacts,
  };
  const header: Record<string, unknown> = { __metadata__: { run, state: JSON.stringify(facts) } };
  let at = 0;
  for (const [name, a] of arrays) {
    const dtype = a instanceof Float32Array ? 'F32' : a instanceof Uint32Array ? 'U32' : 'U8';
    header[name] = { dtype, shape: [a.length], data_offsets: [at, (at += a.byteLength)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  head.writeBigUInt64LE(BigInt(head.length - 8));
  json.copy(head, 8);
  return Buffer.concat([
    head,
    ...[...arrays.values()].map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength)),
  ]);
}

interface Facts {
  readonly step: number;
  readonly chance: RandomState;
  readonly at: number;
  readonly variables: number;
  readonly optimizerSteps: number;
  /** Of each that is trained, how many moments; whether it has a mask. */
  readonly moments: readonly number[];
  readonly masks: readonly boolean[];
  readonly best: { readonly missed: number; readonly step?: number; readonly score?: Score };
}

function decode(path: string): { run: string; state: TrainState } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw ioFailed((error as Error).message, { file: path });
  }
  try {
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, start));
    const { run, state } = header.__metadata__;
    const facts: Facts = JSON.parse(state);
    const array = <T>(name: string, Type: { new (b: ArrayBuffer): T }): T => {
      const [from, to] = header[name].data_offsets;
      if (!(start + to <= bytes.length)) throw badData('it is cut off');
      // A copy, so that the view is aligned and the file can go.
      return new Type(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer);
    };
    const copies = (name: string) =>
      Array.from({ length: facts.variables }, (_, i) => array(`${name}.${i}`, Float32Array));
    const { step, chance, at, optimizerSteps: steps, best } = facts;
    return {
      run,
      state: {
        step,
        chance,
        batches: { order: array('order', Uint32Array), at },
        variables: copies('variable'),
        optimizer: {
          steps,
          moments: facts.moments.map((n, i) =>
            Array.from({ length: n }, (_, k) => array(`moment.${i}.${k}`, Float32Array)),
          ),
          masks: facts.masks.map((m, i) => (m ? array(`mask.${i}`, Uint8Array) : undefined)),
        },
        best: { ...best, ...(best.step !== undefined && { copies: copies('best') }) },
      },
    };
  } catch (error) {
    throw badData(`is no whole checkpoint: ${(error as Error).message}`, { file: path });
  }
}
