/** Small tfjs GraphModels written by hand, and what tfjs-converter makes of them. */
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModelSync } from '@tensorflow/tfjs-converter';
import { random } from '../../compiler/ir/random.ts';
import { sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { type Files, json, tf } from './models.ts';

type Attr = Record<string, unknown>;
type Value = number | string | boolean | readonly number[] | readonly string[] | Attr;

/** `[name, op, inputs, attributes]`; numbers are whole, `{ f }` is a float. */
export type NodeLine = readonly [
  name: string,
  op: string,
  inputs: readonly string[],
  attrs?: Record<string, Value>,
];

export interface Weight {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype?: 'float32' | 'int32';
}

const base64 = (s: string) => Buffer.from(s, 'latin1').toString('base64');

function attr(v: Value): Attr {
  if (typeof v === 'number') return { i: String(v) };
  if (typeof v === 'string') return v.startsWith('DT_') ? { type: v } : { s: base64(v) };
  if (typeof v === 'boolean') return { b: v };
  if (!Array.isArray(v)) return v as Attr;
  return { list: typeof v[0] === 'string' ? { s: v.map((s) => base64(s as string)) } : { i: v.map(String) } };
}

export const ints = (...values: number[]): Weight => ({ shape: [values.length], values, dtype: 'int32' });
export const int = (value: number): Weight => ({ shape: [], values: [value], dtype: 'int32' });

export function floats(seed: number, ...shape: number[]): Weight {
  const rng = random(seed);
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => rng.normal() / 2) };
}

export interface GraphSpec {
  readonly inputs: Record<string, { shape: readonly number[]; dtype?: 'float32' | 'int32'; below?: number }>;
  readonly nodes: readonly NodeLine[];
  readonly weights?: Record<string, Weight>;
  /** Names of values; the last node unless said. */
  readonly outputs?: readonly string[];
}

const dtypes = { float32: 'DT_FLOAT', int32: 'DT_INT32' };
const dims = (shape: readonly number[]) => ({ dim: shape.map((d) => ({ size: String(d) })) });

export function graphFiles({ inputs, nodes, weights = {}, outputs }: GraphSpec): Files {
  const all = [
    ...Object.entries(inputs).map(([name, i]) => ({
      name,
      op: 'Placeholder',
      attr: { dtype: { type: dtypes[i.dtype ?? 'float32'] }, shape: { shape: dims(i.shape) } },
    })),
    ...Object.entries(weights).map(([name, w]) => ({
      name,
      op: 'Const',
      attr: {
        dtype: { type: dtypes[w.dtype ?? 'float32'] },
        value: { tensor: { tensorShape: dims(w.shape) } },
      },
    })),
    ...nodes.map(([name, op, input, a = {}]) => ({
      name,
      op,
      input,
      attr: {
        ...(Object.hasOwn(a, 'T') ? {} : { T: { type: 'DT_FLOAT' } }),
        ...Object.fromEntries(Object.entries(a).map(([k, v]) => [k, attr(v)])),
      },
    })),
  ];
  const entries = Object.entries(weights);
  const bytes = entries.map(([, w]) => {
    const data = w.dtype === 'int32' ? Int32Array.from(w.values) : Float32Array.from(w.values);
    return new Uint8Array(data.buffer);
  });
  const named = outputs ?? [nodes[nodes.length - 1][0]];
  return {
    'model.json': json({
      format: 'graph-model',
      generatedBy: '2.9.0',
      signature: {
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([k, i]) => [
            k,
            { name: `${k}:0`, dtype: dtypes[i.dtype ?? 'float32'], tensorShape: dims(i.shape) },
          ]),
        ),
        outputs: Object.fromEntries(named.map((name, i) => [`out${i}`, { name }])),
      },
      modelTopology: { node: all, versions: { producer: 1 } },
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: entries.map(([name, w]) => ({ name, shape: w.shape, dtype: w.dtype ?? 'float32' })),
        },
      ],
    }),
    'weights.bin': new Uint8Array(Buffer.concat(bytes)),
  };
}

/** Seeded inputs, and the outputs of tfjs on its plain backend, in the order of the signature. */
export function runGraph(spec: GraphSpec, files: Files) {
  const model = JSON.parse(new TextDecoder().decode(files['model.json']));
  const bin = files['weights.bin'];
  const loaded = loadGraphModelSync({
    load: () => ({
      ...model,
      weightSpecs: model.weightsManifest[0].weights,
      weightData: bin.slice().buffer,
    }),
  });
  const rng = random(9);
  const inputs: Record<string, Tensor> = {};
  for (const [name, i] of Object.entries(spec.inputs)) {
    const length = sizeOf(i.shape);
    inputs[name] =
      i.dtype === 'int32'
        ? { dtype: 'int32', shape: i.shape, data: Int32Array.from({ length }, () => rng.int(i.below ?? 9)) }
        : { dtype: 'float32', shape: i.shape, data: Float32Array.from({ length }, () => rng.normal()) };
  }
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([k, t]) => [
      k,
      tf.tensor(t.data as Float32Array, [...t.shape], t.dtype as 'float32'),
    ]),
  );
  const names = Object.values(model.signature.outputs as Record<string, { name: string }>).map((o) => o.name);
  const got = loaded.execute(feeds as never, names);
  const list = Array.isArray(got) ? got : [got];
  return { inputs, outputs: list.map((y) => ({ shape: y.shape, data: [...y.dataSync()] })) };
}
