/** Opens what the arguments name. */
import type { Model } from '../model.ts';
import type { Sample } from '../samples.ts';
import { type Context, option } from './command.ts';
import { shapes } from './parse.ts';

export interface ModelOptions {
  readonly shape?: Readonly<Record<string, readonly number[]>>;
  readonly allowNonfinite?: boolean;
}

export const modelOptions = () => [
  option(
    '--shape <input=dims>',
    'what the model leaves open, as x=1,224,224,3 (again for each input)',
  ).argParser(shapes),
  option('--allow-nonfinite', 'take weights that are NaN or infinite'),
];

export async function openModel(context: Context, path: string, options: ModelOptions): Promise<Model> {
  const { load } = await import('../index.ts');
  const { shape, allowNonfinite } = options;
  return load(path, { shapes: shape, allowNonfinite, progress: context.progress });
}

/** The original, with the weights and the graph of a pruned copy. */
export async function openPruned(
  context: Context,
  original: Model,
  path: string,
  options: ModelOptions,
): Promise<Model> {
  const { name, graph, source } = await openModel(context, path, options);
  return { name, graph, source: original.source, pruning: { options: { model: source.hash } } };
}

/** Samples from a `.npy`, `.npz` or raw float32 file. */
export async function openSamples(model: Model, path?: string): Promise<Sample[] | undefined> {
  if (path === undefined) return undefined;
  const [{ readArrays }, { cutSamples }] = await Promise.all([import('../npy.ts'), import('../samples.ts')]);
  const { graph } = model;
  return cutSamples(
    graph.inputs.map((p) => ({ ...graph.values.get(p.value)!, name: p.name })),
    readArrays(path),
  );
}

export async function openLabels(path?: string): Promise<Int32Array | undefined> {
  if (path === undefined) return undefined;
  const { readArray } = await import('../npy.ts');
  return Int32Array.from(readArray(path).data);
}
