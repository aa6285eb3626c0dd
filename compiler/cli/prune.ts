import type { Model } from '../model.ts';
import type { CommandSpec, Context } from './command.ts';
export interface PruneFlags {
  readonly sparsity?: number;
}
export const pruneOptions = () => [];
export const wantsPruning = (o: PruneFlags) => o.sparsity !== undefined;
export async function pruneModel(_c: Context, model: Model, _o: PruneFlags): Promise<Model> {
  return model;
}
export const prune: CommandSpec = { name: 'prune', summary: 'x', examples: [], action: async () => 0 };
