/** LeNet-5 as trained in `examples/lenet`, quantized to 8 bits the way TFLite's converter does it after training. */
import { readFileSync } from 'node:fs';
import { loadDigits } from '../../../examples/data/digits.ts';
import type { Labelled } from '../../../examples/data/labelled.ts';
import { tf } from '../../import/models.ts';
import { bytesOf } from '../../import/tflite-models.ts';
import { Net, quantized, type Steps } from './net.ts';

type Weights = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

export interface QuantizedLenet {
  readonly file: Uint8Array;
  readonly test: Labelled;
}

const folder = new URL('../../../examples/lenet/models/lenet-5/', import.meta.url);

/** Steps that hold all of `values` and zero, over −128 … 127. */
function stepsOf(values: ArrayLike<number>): Steps {
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i++) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
  const scale = Math.fround((high - low) / 255);
  return { type: 'int8', scale, zero: Math.round(-128 - low / scale) };
}

export async function quantizedLenet(): Promise<QuantizedLenet> {
  const { train, test } = loadDigits();
  const json = JSON.parse(readFileSync(new URL('model.json', folder), 'utf8'));
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      ...json,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: new Uint8Array(readFileSync(new URL('group1-shard1of1.bin', folder))).buffer,
    }),
  );
  const layers = ['conv1', 'conv2', 'fc1', 'logits'];
  const outputs = layers.map((name) => model.getLayer(name).output as never);
  const x = tf.tensor(train.x.slice(0, 200 * 784), [200, 28, 28, 1]);
  const [conv1, conv2, fc1, logits] = (
    tf.model({ inputs: model.inputs, outputs }).predict(x) as { dataSync(): Float32Array }[]
  ).map((y) => stepsOf(y.dataSync()));
  const weights = (name: string): [Weights, Weights] => {
    const [w, b] = model.getLayer(name).getWeights();
    const perm = w.rank === 4 ? [3, 0, 1, 2] : [1, 0];
    const turned = tf.transpose(w, perm);
    return [
      { shape: turned.shape, data: turned.dataSync() },
      { shape: b.shape, data: b.dataSync() },
    ];
  };

  const n = new Net();
  const pixels: Steps = { type: 'int8', scale: Math.fround(1 / 255), zero: -128 };
  /** Convolutions have a scale for each row, dense layers one. */
  const linear = (op: string, from: number, given: Steps, name: string, y: readonly number[], to: Steps) => {
    const [w, b] = weights(name);
    const [rows] = w.shape;
    const size = w.data.length / rows;
    const largest = Array.from({ length: rows }, (_, r) => {
      let top = 0;
      for (let i = 0; i < size; i++) top = Math.max(top, Math.abs(w.data[r * size + i]));
      return top;
    });
    const top = Math.max(...largest);
    const scale = largest.map((m) => Math.fround((op === 'CONV_2D' ? m : top) / 127));
    const steps = Int8Array.from({ length: w.data.length }, (_, i) =>
      Math.round(w.data[i] / scale[Math.floor(i / size)]),
    );
    const biasScale = scale.map((s) => Math.fround(s * given.scale));
    const bias = Int32Array.from(biasScale, (s, r) => Math.round(b.data[r] / s));
    const told = (list: readonly number[]) => (op === 'CONV_2D' ? [...list] : [list[0]]);
    const ids = [
      n.tensor({
        shape: w.shape,
        type: 'int8',
        data: bytesOf(steps),
        scale: told(scale),
        zero: told(scale.map(() => 0)),
      }),
      n.tensor({
        shape: [rows],
        type: 'int32',
        data: bytesOf(bias),
        scale: told(biasScale),
        zero: told(biasScale.map(() => 0)),
      }),
    ];
    const valid = [
      [0, 1, 'byte'],
      [1, 1, 'int'],
      [2, 1, 'int'],
    ] as const;
    const relu = [[0, 1, 'byte']] as const;
    const options = op === 'CONV_2D' ? valid : name === 'fc1' ? relu : [];
    return n.op(op, [from, ...ids], quantized(y, to), options);
  };
  const pool = (from: number, y: readonly number[], steps: Steps) =>
    n.op('MAX_POOL_2D', [from], quantized(y, steps), [
      [0, 1, 'byte'],
      [1, 2, 'int'],
      [2, 2, 'int'],
      [3, 2, 'int'],
      [4, 2, 'int'],
    ]);
  const image = n.tensor({ ...quantized([1, 28, 28, 1], pixels), name: 'image' });
  const a = pool(linear('CONV_2D', image, pixels, 'conv1', [1, 24, 24, 20], conv1), [1, 12, 12, 20], conv1);
  const b = pool(linear('CONV_2D', a, conv1, 'conv2', [1, 8, 8, 50], conv2), [1, 4, 4, 50], conv2);
  const flat = n.op('RESHAPE', [b, n.ints(1, 800)], quantized([1, 800], conv2));
  const c = linear('FULLY_CONNECTED', flat, conv2, 'fc1', [1, 500], fc1);
  const d = linear('FULLY_CONNECTED', c, fc1, 'logits', [1, 10], logits);
  const y = n.op(
    'SOFTMAX',
    [d],
    { ...quantized([1, 10], { type: 'int8', scale: 1 / 256, zero: -128 }), name: 'classes' },
    [[0, 1, 'float']],
  );
  return { file: n.file([image], [y]), test };
}
