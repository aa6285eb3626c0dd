/** Values that stay channels last: answers, inner values and gradients are those of operators run one by one, channels first. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Graph, GraphBuilder, ValueId } from '../../compiler/ir/graph.ts';
import { type Random, random } from '../../compiler/ir/random.ts';
import type { TfTensor } from '../../compiler/ops/define.ts';
import { partOf } from '../../compiler/prune/data.ts';
import { type TfGraph, tfGraph } from '../../compiler/prune/graph-tf.ts';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { difference } from '../samples.ts';
import { constant, samplesOf, sketch } from './graphs.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await loadBackend('wasm');
  registerGradients(tf);
});

const pair = (a: number, b = a) => [
  [a, b],
  [a, b],
];

/** Of values [1, c, 6, 7] new ones, by operators of every way to read a layout. */
function step(b: GraphBuilder, rng: Random, values: ValueId[], seed: number): ValueId {
  const pick = () => values[rng.int(values.length)];
  const x = pick();
  const c = b.shape(x)[1];
  const conv = (shape: number[], groups: number, strides: number[], pads: number[][]) =>
    b.one('conv', [x, constant(b, shape, seed), constant(b, [shape[0]], seed)], {
      strides,
      dilations: [1, 1],
      pads,
      groups,
    });
  const pool = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: pair(1), ceil: false };
  const made: (() => ValueId)[] = [
    () => conv([4, c, 3, 3], 1, [1, 1], pair(1)),
    () => conv([c, 1, 3, 3], c, [1, 1], pair(0, 2)),
    () => conv([5, c, 1, 1], 1, [1, 1], pair(0)),
    () => b.one('maxPool', [x], pool),
    () => b.one('averagePool', [x], { ...pool, countIncludePad: false }),
    () => b.one('relu', [x]),
    () => b.one('mul', [x, constant(b, [c, 1, 1], seed)]),
    () =>
      b.one('add', [
        b.one('slice', [pick()], { starts: [0, 0, 0, 0], sizes: [1, 3, 6, 7], steps: [1, 1, 1, 1] }),
        b.one('slice', [x], { starts: [0, 0, 0, 0], sizes: [1, 3, 6, 7], steps: [1, 1, 1, 1] }),
      ]),
    () => b.one('concat', [x, pick()], { axis: 1 }),
    () => b.one('softmax', [x], { axis: 1 }),
    () => {
      const mean = b.one('reduceMean', [x], { axes: [2, 3], keepDims: false });
      const dense = b.one('dense', [mean, constant(b, [c, c], seed), constant(b, [c], seed)]);
      return b.one('mul', [x, b.one('sigmoid', [b.one('reshape', [dense], { shape: [1, c, 1, 1] })])]);
    },
    () => {
      const last = b.one('transpose', [x], { perm: [0, 2, 3, 1] });
      const scaled = b.one('mul', [last, constant(b, [c], seed)]);
      return b.one('transpose', [scaled], { perm: [0, 3, 1, 2] });
    },
    () => {
      const turned = b.one('transpose', [x], { perm: [0, 1, 3, 2] });
      const rows = b.one('reshape', [turned], { shape: [1, c * 7, 6] });
      const back = b.one('reshape', [b.one('tanh', [rows])], { shape: [1, c, 7, 6] });
      return b.one('transpose', [back], { perm: [0, 1, 3, 2] });
    },
  ];
  return made[rng.int(made.length)]();
}

function network(seed: number): Graph {
  const rng = random(seed);
  return sketch((b) => {
    const values = [b.input('x', 'float32', [1, 3, 6, 7])];
    for (let i = 0; i < 14; i++) values.push(step(b, rng, values.slice(-4), 100 * seed + i));
    const last = b.one('concat', values.slice(-4), { axis: 1 });
    const c = b.shape(last)[1];
    const flat = b.one('reshape', [last], { shape: [1, c * 42] });
    b.output('y', b.one('dense', [flat, constant(b, [3, c * 42], seed), constant(b, [3], seed)]));
    b.output('z', last);
  });
}

/** Every node's `tf` by itself. */
function oneByOne({ inputs, fixed, variables, nodes, targets, apply }: TfGraph, x: TfTensor): TfTensor {
  const env = new Map<ValueId, TfTensor>([...fixed, ...variables, ...inputs(x)]);
  for (const n of nodes) {
    const given = n.inputs.map((i) => (i === null ? null : env.get(i)!));
    apply(n, given).forEach((t, i) => void env.set(n.outputs[i], t));
  }
  return tf.concat(
    targets.map((id) => tf.reshape(env.get(id)!, [x.shape[0], -1])),
    1,
  );
}

const far = (a: Float32Array, b: Float32Array) => {
  const scale = b.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
  return a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i])), 0) / scale;
};

describe('a random network', () => {
  test.each(Array.from({ length: 12 }, (_, i) => i + 1))('%d', (seed) => {
    const graph = network(seed);
    const samples = samplesOf(graph, 3, seed);
    const part = partOf(graph, { samples });
    const net = tfGraph(tf, graph);
    const before = tf.memory().numTensors;
    const inner = net.nodes.map((n) => n.outputs[0]);
    const of = (forward: (x: TfTensor) => TfTensor) =>
      tf.tidy(() => {
        const x = tf.tensor2d(part.x, [3, part.width]);
        const answers = forward(x).dataSync() as Float32Array;
        const { grads } = tf.variableGrads(() => tf.sum(tf.square(forward(x))).asScalar());
        return { answers, grads };
      });
    tf.tidy(() => {
      const want = of((x) => oneByOne(net, x));
      const got = of((x) => net.forward(x));
      expect(far(got.answers, want.answers)).toBeLessThan(1e-5);
      expect(Object.keys(got.grads)).toEqual(Object.keys(want.grads));
      for (const [name, g] of Object.entries(want.grads)) {
        const [a, b] = [got.grads[name].dataSync(), g.dataSync()] as Float32Array[];
        expect(far(a, b), name).toBeLessThan(1e-4);
      }
      // What is asked for by name lies as the graph says.
      const { answers, values } = net.run(tf.tensor2d(part.x, [3, part.width]), inner);
      expect(far(answers.dataSync() as Float32Array, want.answers)).toBeLessThan(1e-5);
      values.forEach((t, i) => {
        expect(t.shape.slice(1)).toEqual(graph.values.get(inner[i])!.shape.slice(1));
      });
    });
    expect(tf.memory().numTensors).toBe(before);
    samples.forEach((sample, i) => {
      const { y, z } = evaluateGraph(graph, sample);
      const row = tf.tidy(() => net.forward(tf.tensor2d(part.x, [3, part.width])).arraySync() as number[][])[
        i
      ];
      const data = Float32Array.from(row);
      expect(difference({ ...y, data: data.subarray(0, 3) }, y)).toBeLessThan(1e-4);
      expect(difference({ ...z, data: data.subarray(3) }, z)).toBeLessThan(1e-4);
    });
    net.dispose();
  });
});
