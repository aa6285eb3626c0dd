/** Changes that must change nothing, on random networks. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, GraphBuilder, rewrite, type ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { evaluateGraph, semantics } from '../../compiler/semantics/evaluate.ts';
import { formats } from '../../compiler/sparse/index.ts';
import { difference, sampleTensor } from '../samples.ts';
import { compare } from './agree.ts';
import { machine, stages } from './compile.ts';
import { type Network, networks } from './grow.ts';

const network = networks(Array.from({ length: 12 }, (_, i) => 500 + i));

async function results(
  graph: Graph,
  inputs: Network['inputs'],
  options = {},
): Promise<Record<string, Tensor>> {
  const all = { build: 'simd', ...options } as const;
  return (await machine(stages(graph, all), all.build))().run(inputs);
}

let want: Record<string, Tensor>;
beforeAll(async () => {
  want = await results(network.graph, network.inputs);
}, 60_000);

test('every format gives the same within the bound of the summation order', async () => {
  const eager = evaluateGraph(network.graph, network.inputs);
  for (const format of Object.keys(formats)) {
    const got = await results(network.graph, network.inputs, { format });
    expect(compare(format, got, eager), format).toEqual([]);
  }
}, 120_000);

test('a value behind an identity is the same bits', async () => {
  const b = new GraphBuilder(semantics, 'identities');
  const map = new Map<ValueId, ValueId>();
  const { graph } = network;
  for (const p of graph.inputs) {
    const v = graph.values.get(p.value)!;
    map.set(p.value, b.one('identity', [b.input(p.name, v.dtype, v.shape)]));
  }
  for (const [id, v] of graph.values) if (v.data) map.set(id, b.constant(v as Tensor, v.name));
  for (const n of graph.nodes) {
    const made = b.node(
      n.kind,
      n.inputs.map((i) => (i === null ? null : map.get(i)!)),
      n.attrs,
      { name: n.name },
    );
    made.forEach((id, i) => void map.set(n.outputs[i], b.one('identity', [id])));
  }
  for (const p of graph.outputs) b.output(p.name, map.get(p.value)!);
  expect(compare('with identities', await results(b.finish(), network.inputs), want, 0)).toEqual([]);
}, 60_000);

test('copied and renamed nodes give the same bits', async () => {
  const renamed = rewrite(network.graph, semantics, (n, b, get) =>
    b.node(
      n.kind,
      n.inputs.map((i) => (i === null ? null : get(i))),
      n.attrs,
      { name: `*/ \`\${${n.name}}\n` },
    ),
  );
  expect(compare('renamed', await results(renamed, network.inputs), want, 0)).toEqual([]);
}, 60_000);

/** conv – relu – pool – conv – flatten – dense on `batch` images; `order` permutes the channels between the convolutions. */
function classifier(batch: number, order: readonly number[]): Graph {
  const rng = random(21);
  const b = new GraphBuilder(semantics, 'classifier');
  const noise = (shape: number[]) => sampleTensor({ shape, sparsity: 0.6 }, rng);
  const permuted = (t: Tensor, axis: number): Tensor => {
    const inner = sizeOf(t.shape.slice(axis + 1));
    const block = inner * t.shape[axis];
    const data = Float32Array.from(t.data, (_, i) => {
      const at = Math.floor((i % block) / inner);
      return t.data[i - (i % block) + order[at] * inner + (i % inner)];
    });
    return { ...t, data };
  };
  const [w1, b1, w2, w3] = [noise([8, 3, 3, 3]), noise([8]), noise([6, 8, 3, 3]), noise([5, 6 * 16])];
  const window = (k: number, stride: number, pad: number) => ({
    strides: [stride, stride],
    dilations: [1, 1],
    pads: [
      [pad, pad],
      [pad, pad],
    ],
    ...(k ? { kernel: [k, k], ceil: false } : { groups: 1 }),
  });
  const x = b.input('x', 'float32', [batch, 3, 8, 8]);
  const first = b.one('conv', [x, b.constant(permuted(w1, 0)), b.constant(permuted(b1, 0))], window(0, 1, 1));
  const pooled = b.one('maxPool', [b.one('relu', [first])], window(3, 2, 1));
  const second = b.one('conv', [pooled, b.constant(permuted(w2, 1)), null], window(0, 1, 1));
  const flat = b.one('reshape', [second], { shape: [batch, 96] });
  b.output('y', b.one('dense', [flat, b.constant(w3), null]));
  return b.finish();
}

describe('a classifier', () => {
  const identity = [0, 1, 2, 3, 4, 5, 6, 7];
  const image = (batch: number) => sampleTensor({ shape: [batch, 3, 8, 8] }, random(4));

  test('permuted channels change the order of sums only', async () => {
    const x = image(1);
    const a = await results(classifier(1, identity), { x });
    const b = await results(classifier(1, [5, 2, 7, 0, 1, 6, 4, 3]), { x });
    expect(difference(a.y, b.y)).toBeLessThan(1e-6);
  }, 60_000);

  test('a batch is its images', async () => {
    const x = image(2);
    const both = await results(classifier(2, identity), { x });
    const make = await machine(stages(classifier(1, identity)), 'simd');
    for (let i = 0; i < 2; i++) {
      const one: Tensor = {
        dtype: 'float32',
        shape: [1, 3, 8, 8],
        data: x.data.slice(192 * i, 192 * (i + 1)),
      };
      const half: Tensor = { dtype: 'float32', shape: [1, 5], data: both.y.data.slice(5 * i, 5 * (i + 1)) };
      expect(difference(make().run({ x: one }).y, half)).toBeLessThan(1e-6);
    }
  }, 60_000);
});
