/** tfjs models with seeded weights, saved into memory, and their own predictions. */
import type * as tfjs from '@tensorflow/tfjs';
import { type Random, random } from '../../compiler/ir/random.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';

export const tf = await loadBackend('cpu');

export type Files = Record<string, Uint8Array>;

/** Weights that are neither tiny nor all alike; variances and the like stay positive. */
export function seedWeights(model: tfjs.LayersModel, seed = 1): void {
  const rng = random(seed);
  for (const w of model.weights) {
    const fan = w.shape.slice(0, -1).reduce((n: number, d) => n * d!, 1);
    const positive = /variance|gamma|alpha/.test(w.name);
    const value = Float32Array.from({ length: w.shape.reduce((n: number, d) => n * d!, 1) }, () =>
      positive ? 0.5 + rng.next() : rng.normal() / Math.sqrt(w.shape.length > 1 ? fan : 4),
    );
    w.write(tf.tensor(value, w.shape as number[]));
  }
}

/** Files of `net`: inputs → hidden (ReLU) → out (softmax), with seeded weights. */
export function mlp(inputs: number, hidden: number, outputs: number): Promise<Files> {
  const { dense } = tf.layers;
  const net = tf.sequential({
    name: 'net',
    layers: [
      dense({ units: hidden, inputShape: [inputs], activation: 'relu', name: 'hidden' }),
      dense({ units: outputs, activation: 'softmax', name: 'out' }),
    ],
  });
  seedWeights(net);
  return save(net);
}

export async function save(model: tfjs.LayersModel): Promise<Files> {
  let files: Files = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const { modelTopology, weightSpecs, weightData } = artifacts;
      const manifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      files = {
        'model.json': json({
          format: 'layers-model',
          generatedBy: 'TensorFlow.js',
          convertedBy: null,
          modelTopology,
          weightsManifest: manifest,
        }),
        'weights.bin': new Uint8Array(weightData as ArrayBuffer),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return files;
}

export const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
// biome-ignore lint/suspicious/noExplicitAny: tests reach into files of any shape
export const parsed = (bytes: Uint8Array): any => JSON.parse(new TextDecoder().decode(bytes));

/** A copy with `change` applied to the parsed model.json. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into files of any shape
export function edited(files: Files, change: (model: any) => void): Files {
  const model = parsed(files['model.json']);
  change(model);
  return { ...files, 'model.json': json(model) };
}

/** Inputs for a model with one row each, and what tfjs makes of them. */
export function predict(model: tfjs.LayersModel, rng: Random = random(5), below?: number) {
  const inputs: Record<string, Tensor> = {};
  const xs = model.inputs.map((x) => {
    const shape = x.shape.map((d) => d ?? 1);
    const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () =>
      below === undefined ? rng.normal() : rng.int(below),
    );
    const name = x.name.replace(/\/.*|_\d+$/, '');
    inputs[model.inputNames[model.inputs.indexOf(x)] ?? name] =
      x.dtype === 'int32'
        ? { dtype: 'int32', shape, data: Int32Array.from(data) }
        : { dtype: 'float32', shape, data };
    return tf.tensor(data, shape, x.dtype as 'float32');
  });
  const out = model.predict(xs);
  const list = Array.isArray(out) ? out : [out];
  return {
    inputs,
    outputs: list.map((y) => ({ shape: y.shape, data: y.dataSync() as Float32Array })),
  };
}
