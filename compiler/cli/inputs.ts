/** Opens what the arguments name. */
import { statSync } from 'node:fs';
import type { ImageOptions, SampleSource, Samples } from '../data/index.ts';
import type { Model } from '../model.ts';
import type { RunSources } from '../recipe.ts';
import { type Context, option } from './command.ts';
import { numbers, positive, shapes, values } from './parse.ts';

export interface ModelOptions {
  readonly shape?: Readonly<Record<string, readonly number[]>>;
  readonly fix?: Readonly<Record<string, number>>;
  readonly allowNonfinite?: boolean;
}

export const modelOptions = () => [
  option(
    '--shape <input=dims>',
    'what the model leaves open, as x=1,224,224,3 (again for each input)',
  ).argParser(shapes),
  option(
    '--fix <input=value>',
    'make an input of an ONNX model a constant, as sr=16000 (again for each input)',
  ).argParser(values),
  option('--allow-nonfinite', 'take weights that are NaN or infinite'),
];

export async function openModel(context: Context, path: string, options: ModelOptions): Promise<Model> {
  const { load } = await import('../index.ts');
  const { path: _, ...source } = modelSource(path, options);
  return load(path, { ...source, progress: context.progress });
}

export const modelSource = (
  path: string,
  { shape, fix, allowNonfinite }: ModelOptions,
): RunSources['model'] => ({ path, shapes: shape, fixed: fix, allowNonfinite });

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

/** Of the runtime that the original runs in. */
export const backendOption = () =>
  option('--backend <name>', 'of tfjs; for ONNX, node is onnxruntime-node').choices(['wasm', 'cpu', 'node']);

/** What samples may come in. */
export const dataForms = '.npy, .npz, raw float32, a folder of images or an ES module';

/** How images become inputs. */
export interface ImageFlags {
  readonly imageFit?: ImageOptions['fit'];
  readonly imageScale?: number;
  readonly imageMean?: readonly number[];
  readonly imageStd?: readonly number[];
}

export const imageOptions = () => [
  option(
    '--image-fit <how>',
    'images of other proportions: cut (cover), black margins (contain), distorted (fill)',
  ).choices(['cover', 'contain', 'fill']),
  option('--image-scale <x>', 'what white becomes (default: 1; 255 keeps bytes)').argParser(positive),
  option(
    '--image-mean <list>',
    'then subtracted, one number or one a channel, as 0.485,0.456,0.406',
  ).argParser(numbers),
  option('--image-std <list>', 'then divided by, as 0.229,0.224,0.225').argParser(numbers),
];

export function sampleSource(
  path: string | undefined,
  labels: string | undefined,
  flags: ImageFlags,
  limit?: number,
): SampleSource | undefined {
  if (path === undefined) return undefined;
  const { imageFit: fit, imageScale: scale, imageMean: mean, imageStd: std } = flags;
  const given = Object.entries({ fit, scale, mean, std }).filter(([, v]) => v !== undefined);
  // The same flags stand beside other data that may be arrays.
  const images = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? Object.fromEntries(given) : {};
  return {
    path,
    ...(labels !== undefined && { labels }),
    ...(Object.keys(images).length > 0 && { images }),
    ...(limit !== undefined && { limit }),
  };
}

export async function openSource(model: Model, source?: SampleSource): Promise<Samples | undefined> {
  return source && (await import('../index.ts')).readSamples(model, source);
}
