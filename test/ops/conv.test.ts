import { expect, test } from 'vitest';
import { close, f32, first, floats, formsOf, infer, last, planOf, refuses, run, tf, toTf } from './run.ts';

const attrs = {
  strides: [1, 1],
  dilations: [1, 1],
  pads: [
    [0, 0],
    [0, 0],
  ],
  groups: 1,
};
const hwio = (w: ReturnType<typeof toTf>) => tf.transpose(w, [2, 3, 1, 0]);

test.each([
  [
    'valid',
    [1, 1],
    [1, 1],
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    'valid',
    [2, 3],
    [1, 1],
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    'same',
    [1, 1],
    [2, 1],
    [
      [2, 2],
      [1, 1],
    ],
  ],
] as const)('conv2d of tfjs: %s, strides %s, dilations %s', (word, strides, dilations, pads) => {
  const [x, w] = [floats([2, 3, 8, 7]), floats([4, 3, 3, 3], 2)];
  const want = tf.conv2d(last(toTf(x)) as never, hwio(toTf(w)) as never, [...strides], word, 'NHWC', [
    ...dilations,
  ]);
  close(run('conv', [x, w], { ...attrs, strides, dilations, pads }), first(want));
});

test('depthwise with a multiplier: output c·m + i sees input c', () => {
  const [x, w] = [floats([1, 3, 6, 6]), floats([6, 1, 3, 3], 2)];
  const filter = tf.transpose(tf.reshape(toTf(w), [3, 2, 3, 3]), [2, 3, 0, 1]);
  const want = tf.depthwiseConv2d(last(toTf(x)) as never, filter as never, 1, 'valid');
  close(run('conv', [x, w], { ...attrs, groups: 3 }), first(want));
});

test('groups are convolutions side by side', () => {
  const [x, w, b] = [floats([1, 4, 5, 5]), floats([6, 2, 3, 3], 2), floats([6], 3)];
  const whole = run('conv', [x, w, b], { ...attrs, groups: 2 });
  for (const g of [0, 1]) {
    const part = run(
      'conv',
      [
        f32([1, 2, 5, 5], ...x.data.subarray(g * 50, g * 50 + 50)),
        f32([3, 2, 3, 3], ...w.data.subarray(g * 54, g * 54 + 54)),
        f32([3], ...b.data.subarray(g * 3, g * 3 + 3)),
      ],
      attrs,
    );
    close(f32([1, 3, 3, 3], ...whole.data.subarray(g * 27, g * 27 + 27)), part);
  }
});

test('3-D: conv3d of tfjs', () => {
  const [x, w] = [floats([1, 2, 4, 5, 4]), floats([3, 2, 2, 3, 2], 2)];
  const filter = tf.transpose(toTf(w), [2, 3, 4, 1, 0]);
  const want = tf.conv3d(last(toTf(x)) as never, filter as never, [1, 2, 1], 'valid');
  const spatial = {
    strides: [1, 2, 1],
    dilations: [1, 1, 1],
    pads: [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  };
  close(run('conv', [x, w], spatial), first(want));
});

test('padding costs no step', () => {
  const plan = planOf([[1, 3, 1, 6]], (b, [x]) =>
    b.one('conv', [x, b.constant(floats([2, 3, 3, 3]))], {
      ...attrs,
      pads: [
        [1, 1],
        [2, 1],
      ],
    }),
  );
  expect(formsOf(plan)).toEqual(['linear']);
});

test('what is refused', () => {
  const [x, w, b] = [floats([1, 4, 5, 5]), floats([6, 4, 3, 3]), floats([6])];
  expect(infer('conv', [x, w, b], attrs)[0].shape).toEqual([1, 6, 3, 3]);
  refuses('E_UNSUPPORTED', 'conv', [x, w, b], attrs, [1]);
  refuses('E_UNSUPPORTED', 'conv', [x, w, b], attrs, [2]);
  refuses('E_SHAPE', 'conv', [x, w, floats([5])], attrs);
  refuses('E_SHAPE', 'conv', [x, floats([6, 3, 3, 3])], attrs);
  refuses('E_SHAPE', 'conv', [x, floats([6, 4, 3])], attrs);
  refuses('E_SHAPE', 'conv', [x, floats([6, 4, 6, 3])], attrs);
  refuses('E_SHAPE', 'conv', [x, w], { ...attrs, groups: 4 });
  refuses('E_SHAPE', 'conv', [x, w], { ...attrs, strides: [0, 1] });
  refuses('E_SHAPE', 'conv', [x, w], { ...attrs, dilations: [1] });
  refuses('E_SHAPE', 'conv', [x, w], {
    ...attrs,
    pads: [
      [0.5, 0],
      [0, 0],
    ],
  });
  refuses('E_SHAPE', 'conv', [{ ...x, dtype: 'int32' }, w], attrs);
});
