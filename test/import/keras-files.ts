/** Writes models of tfjs as Keras does: `.h5`, and `.keras` archives. */
import { strToU8, zipSync } from 'fflate';
import h5wasm, { FS } from 'h5wasm';
import { snake } from '../../compiler/import/keras-file-variables.ts';
import { type Files, parsed } from './models.ts';

await h5wasm.ready;
let made = 0;

export type Dataset = readonly [path: string, data: Float32Array | Int32Array, shape: readonly number[]];
type H5File = InstanceType<typeof h5wasm.File>;

export function h5File(write: (file: H5File) => void): Uint8Array {
  const path = `/test-${made++}.h5`;
  const file = new h5wasm.File(path, 'w');
  write(file);
  file.close();
  const bytes = FS!.readFile(path) as Uint8Array;
  FS!.unlink(path);
  return bytes.slice();
}

export function addDataset(file: H5File, [path, data, shape]: Dataset): void {
  const parts = path.split('/');
  const name = parts.pop()!;
  let group: InstanceType<typeof h5wasm.Group> = file;
  for (const p of parts)
    group = group.keys().includes(p) ? (group.get(p) as typeof group) : group.create_group(p);
  group.create_dataset({ name, data, shape: [...shape] });
}

/** Weights of a saved tfjs model by name. */
function weightsOf(files: Files): Map<string, { data: Float32Array; shape: number[] }> {
  const out = new Map<string, { data: Float32Array; shape: number[] }>();
  const bytes = files['weights.bin'];
  let at = 0;
  for (const w of parsed(files['model.json']).weightsManifest[0].weights) {
    const n = w.shape.reduce((a: number, d: number) => a * d, 1);
    out.set(w.name, { data: new Float32Array(bytes.slice(at, at + 4 * n).buffer), shape: w.shape });
    at += 4 * n;
  }
  return out;
}

const configOf = (files: Files) =>
  parsed(files['model.json']).modelTopology.model_config ?? parsed(files['model.json']).modelTopology;

/** As Keras 2: `model_weights/layer/layer/kernel:0`. */
export function toH5(files: Files): Uint8Array {
  return h5File((file) => {
    file.create_attribute('model_config', JSON.stringify(configOf(files)));
    file.create_attribute('keras_version', '2.15.0');
    file.create_group('model_weights');
    for (const [name, w] of weightsOf(files))
      addDataset(file, [`model_weights/${name.split('/')[0]}/${name}:0`, w.data, w.shape]);
  });
}

/** As Keras 3: `layers/conv2d_1/vars/0`. Layers without others inside only. */
export function toKeras(files: Files): Uint8Array {
  const config = configOf(files);
  const weights = weightsOf(files);
  const counts = new Map<string, number>();
  const h5 = h5File((file) => {
    for (const layer of config.config.layers) {
      const base = snake(layer.class_name);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      const own = [...weights].filter(([name]) => name.startsWith(`${layer.config.name}/`));
      const cell = ['LSTM', 'GRU', 'SimpleRNN'].includes(layer.class_name) ? '/cell' : '';
      own.forEach(
        ([, w], i) =>
          void addDataset(file, [
            `layers/${base}${count ? `_${count}` : ''}${cell}/vars/${i}`,
            w.data,
            w.shape,
          ]),
      );
    }
  });
  return zipSync({
    'metadata.json': strToU8(JSON.stringify({ keras_version: '3.4.0' })),
    'config.json': strToU8(JSON.stringify(config)),
    'model.weights.h5': h5,
  });
}
