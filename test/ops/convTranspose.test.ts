import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { close, evaluate, first, floats, infer, last, refuses, run, tf, toTf } from './run.ts';

const attrs = {
  strides: [2, 2],
  dilations: [1, 1],
  pads: [
    [0, 0],
    [0, 0],
  ],
  groups: 1,
  outputPadding: [0, 0],
};

test('conv2dTranspose of tfjs', () => {
  const [x, w] = [floats([2, 3, 4, 5]), floats([4, 3, 3, 3], 2)];
  const filter = tf.transpose(toTf(w), [2, 3, 0, 1]);
  const want = tf.conv2dTranspose(last(toTf(x)) as never, filter as never, [2, 8, 10, 4], 2, 'same');
  close(
    run('convTranspose', [x, w], {
      ...attrs,
      pads: [
        [0, 1],
        [0, 1],
      ],
    }),
    first(want),
  );
});

const dot = (a: Tensor, b: Tensor) => Array.from(a.data).reduce((s, v, i) => s + v * b.data[i], 0);

test('it is the adjoint of the convolution', () => {
  const axis = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    before: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(axis, { minLength: 1, maxLength: 2 }), fc.constantFrom(1, 2), (axes, groups) => {
      const [c, o] = [2 * groups, 3 * groups];
      const a = {
        strides: axes.map((d) => d.stride),
        dilations: axes.map((d) => d.dilation),
        pads: axes.map((d) => [d.before, d.after]),
        groups,
        outputPadding: axes.map(() => 0),
      };
      const small = floats([1, c, ...axes.map((d) => d.size)], 1);
      const k = axes.map((d) => d.kernel);
      const w = floats([o, 2, ...k], 2);
      const out = axes.map(
        (d) => (d.size - 1) * d.stride + (d.kernel - 1) * d.dilation + 1 - d.before - d.after,
      );
      if (out.some((d) => d < 1)) return;
      const large = floats([1, o, ...out], 3);
      // Weights of the convolution from o to c channels, group by group.
      const taps = k.reduce((n, d) => n * d, 1);
      const back = tensor(
        'float32',
        [c, 3, ...k],
        Array.from({ length: c * 3 * taps }, (_, i) => {
          const [row, column, tap] = [Math.floor(i / taps / 3), Math.floor(i / taps) % 3, i % taps];
          const group = Math.floor(row / 2);
          return w.data[((group * 3 + column) * 2 + (row % 2)) * taps + tap];
        }),
      );
      const left = dot(run('convTranspose', [small, w], a), large);
      const right = dot(run('conv', [large, back], a), small);
      expect(Math.abs(left - right)).toBeLessThan(1e-3);
    }),
    { numRuns: 150, seed: 4 },
  );
});

test('outputs that no tap reaches are the bias', () => {
  const y = run('convTranspose', [floats([1, 1, 2]), floats([1, 1, 1]), tensor('float32', [1], [7])], {
    strides: [3],
    dilations: [1],
    pads: [[0, 0]],
    groups: 1,
    outputPadding: [2],
  });
  expect([1, 2, 4, 5].map((i) => y.data[i])).toEqual([7, 7, 7, 7]);
});

test('what is refused', () => {
  const [x, w] = [floats([1, 4, 3, 3]), floats([6, 4, 3, 3])];
  expect(infer('convTranspose', [x, w], attrs)[0].shape).toEqual([1, 6, 7, 7]);
  refuses('E_UNSUPPORTED', 'convTranspose', [x, w], attrs, [1]);
  refuses('E_SHAPE', 'convTranspose', [x, w, floats([4])], attrs);
  refuses('E_SHAPE', 'convTranspose', [x, floats([6, 2, 3, 3])], attrs);
  refuses('E_SHAPE', 'convTranspose', [x, w], { ...attrs, outputPadding: [-1, 0] });
  refuses('E_SHAPE', 'convTranspose', [x, w], {
    ...attrs,
    pads: [
      [4, 4],
      [0, 0],
    ],
  });
  expect(evaluate('convTranspose', [x, w], attrs)).toHaveLength(1);
});
