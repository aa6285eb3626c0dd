/** Reductions, norms and running sums: edges, refusals and the readers of composite norms. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder, type ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import type { OnnxContext } from '../../compiler/ops/define.ts';
import { evaluateGraph, opOf, semantics } from '../../compiler/semantics/evaluate.ts';
import { difference, sampleTensor } from '../samples.ts';

const run = (kind: string, x: Tensor, attrs: object) => opOf(kind).eval([x], attrs as never)[0];
const infer = (kind: string, inputs: Tensor[], attrs: object) =>
  opOf(kind).infer(
    inputs.map((t, id) => ({ id, name: `x${id}`, dtype: t.dtype, shape: t.shape })),
    attrs as never,
    { node: 'n' },
  );

const x = tensor('float32', [2, 3], [1, -2, 3, 4, 5, -6]);

test.each([
  ['reduceSum', [5, 3, -3]],
  ['reduceMean', [2.5, 1.5, -1.5]],
  ['reduceMax', [4, 5, 3]],
  ['reduceMin', [1, -2, -6]],
  ['reduceProd', [4, -10, -18]],
  ['reduceL1', [5, 7, 9]],
  ['reduceL2', [Math.hypot(1, 4), Math.hypot(2, 5), Math.hypot(3, 6)]],
  ['reduceSumSquare', [17, 29, 45]],
  ['reduceLogSum', [Math.log(5), Math.log(3), Number.NaN]],
  ['reduceLogSumExp', [1, -2, 3].map((a, i) => Math.log(Math.exp(a) + Math.exp([4, 5, -6][i])))],
])('%s over the first axis', (kind, want) => {
  for (const keepDims of [false, true]) {
    const y = run(kind, x, { axes: [0], keepDims });
    expect(y.shape).toEqual(keepDims ? [1, 3] : [3]);
    expect([...y.data]).toEqual(want.map(Math.fround));
  }
});

test.each([
  ['reduceSum', 0],
  ['reduceProd', 1],
  ['reduceMax', Number.NEGATIVE_INFINITY],
  ['reduceMin', Number.POSITIVE_INFINITY],
])('%s of nothing is neutral', (kind, want) => {
  expect([...run(kind, tensor('float32', [2, 0]), { axes: [1], keepDims: false }).data]).toEqual([
    want,
    want,
  ]);
});

test('any and all', () => {
  const flags = tensor('bool', [3, 2], [0, 0, 0, 1, 1, 1]);
  expect([...run('reduceAny', flags, { axes: [1], keepDims: false }).data]).toEqual([0, 1, 1]);
  expect([...run('reduceAll', flags, { axes: [1], keepDims: false }).data]).toEqual([0, 0, 1]);
});

test('of equal extremes the first or the last', () => {
  const ties = tensor('float32', [4], [3, 1, 3, 1]);
  const at = (kind: string, last: boolean) => run(kind, ties, { axis: 0, keepDims: false, last }).data[0];
  expect([at('argMax', false), at('argMax', true), at('argMin', false), at('argMin', true)]).toEqual([
    0, 2, 1, 3,
  ]);
});

test('running sums', () => {
  const row = tensor('int32', [1, 4], [1, 2, 3, 4]);
  const sums = (exclusive: boolean, reverse: boolean) => [
    ...run('cumSum', row, { axis: 1, exclusive, reverse }).data,
  ];
  expect(sums(false, false)).toEqual([1, 3, 6, 10]);
  expect(sums(true, false)).toEqual([0, 1, 3, 6]);
  expect(sums(false, true)).toEqual([10, 9, 7, 4]);
  expect(sums(true, true)).toEqual([9, 7, 4, 0]);
});

test('lrn looks further ahead than back where its size is even', () => {
  const y = run('lrn', tensor('float32', [1, 3, 1], [1, 2, 3]), { size: 2, alpha: 2, beta: 1, bias: 0 });
  expect([...y.data]).toEqual([1 / 5, 2 / 13, 3 / 9].map(Math.fround));
});

describe('ONNX norms', () => {
  const image = sampleTensor({ shape: [2, 6, 3, 4] }, random(3));

  /** What `read` makes of x and vectors of the given lengths. */
  function read(kind: string, lengths: readonly number[], numbers: Record<string, number>) {
    const b = new GraphBuilder(semantics, 'norm');
    const vectors = lengths.map((n, i) => sampleTensor({ shape: [n] }, random(10 + i)));
    const inputs: ValueId[] = [b.input('x', 'float32', image.shape), ...vectors.map((v) => b.constant(v))];
    const number = (key: string, fallback?: number) => numbers[key] ?? fallback;
    const c = {
      b,
      name: 'n',
      source: kind,
      inputs,
      config: { int: number, float: number },
      input: (i: number) => inputs[i],
      one: b.one.bind(b),
    } as unknown as OnnxContext;
    b.output('y', opOf('layerNorm').names!.onnx![kind](c) as ValueId);
    return { y: evaluateGraph(b.finish(), { x: image }).y, scale: vectors[0], bias: vectors[1] };
  }

  /** (x − μ) / √(σ² + ε) over groups of channels, then per-channel scale and bias. */
  function reference(groups: number, scale: (c: number) => number, bias: (c: number) => number): Tensor {
    const [n, channels, h, w] = image.shape;
    const size = (channels / groups) * h * w;
    const data = new Float32Array(image.data.length);
    for (let g = 0; g < n * groups; g++) {
      const part = [...image.data.subarray(g * size, (g + 1) * size)];
      const mean = part.reduce((s, v) => s + v, 0) / size;
      const variance = part.reduce((s, v) => s + (v - mean) ** 2, 0) / size;
      part.forEach((v, i) => {
        const c = Math.floor((g * size + i) / (h * w)) % channels;
        data[g * size + i] = ((v - mean) / Math.sqrt(variance + 1e-5)) * scale(c) + bias(c);
      });
    }
    return { ...image, data };
  }

  test('instance', () => {
    const { y, scale, bias } = read('InstanceNormalization', [6, 6], {});
    expect(
      difference(
        y,
        reference(
          6,
          (c) => scale.data[c],
          (c) => bias.data[c],
        ),
      ),
    ).toBeLessThan(1e-6);
  });

  test('group, scale per channel', () => {
    const { y, scale, bias } = read('GroupNormalization', [6, 6], { num_groups: 2 });
    expect(
      difference(
        y,
        reference(
          2,
          (c) => scale.data[c],
          (c) => bias.data[c],
        ),
      ),
    ).toBeLessThan(1e-6);
  });

  test('group, scale per group', () => {
    const { y, scale, bias } = read('GroupNormalization', [2, 2], { num_groups: 2 });
    const group = (c: number) => Math.floor(c / 3);
    expect(
      difference(
        y,
        reference(
          2,
          (c) => scale.data[group(c)],
          (c) => bias.data[group(c)],
        ),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('refusals', () => {
  const int = tensor('int32', [2, 3]);
  test.each<[string, string, Tensor[], object]>([
    ['axis outside', 'reduceSum', [x], { axes: [2], keepDims: false }],
    ['axis twice', 'reduceSum', [x], { axes: [1, -1], keepDims: false }],
    ['mean of integers', 'reduceMean', [int], { axes: [1], keepDims: false }],
    ['any of numbers', 'reduceAny', [x], { axes: [1], keepDims: false }],
    ['arg outside', 'argMax', [x], { axis: 2, keepDims: false, last: false }],
    ['running sum outside', 'cumSum', [x], { axis: -3, exclusive: false, reverse: false }],
    ['norm over nothing', 'layerNorm', [x], { axes: [], epsilon: 1e-3 }],
    ['norm of integers', 'rmsNorm', [int], { axes: [1], epsilon: 1e-3 }],
    ['scale that stretches x', 'layerNorm', [x, tensor('float32', [4, 2, 3])], { axes: [1], epsilon: 1e-3 }],
    ['scale that does not fit', 'layerNorm', [x, tensor('float32', [2])], { axes: [1], epsilon: 1e-3 }],
    ['lrn without channels', 'lrn', [tensor('float32', [3])], { size: 3, alpha: 1, beta: 1, bias: 1 }],
    ['lrn of no width', 'lrn', [x], { size: 0, alpha: 1, beta: 1, bias: 1 }],
  ])('%s', (_name, kind, inputs, attrs) => {
    expect(() => infer(kind, inputs, attrs)).toThrow(expect.objectContaining({ code: 'E_SHAPE' }));
  });
});
