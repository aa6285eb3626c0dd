import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';

let tf: Tf;

beforeAll(async () => {
  tf = await loadBackend('wasm');
  registerGradients(tf);
});

/** Numbers in (-1, 1) that depend on the index only. */
function values(shape: number[], phase: number): Float32Array {
  const n = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from(
    { length: n },
    (_, i) => Math.sin(i * 12.9898 + phase) * Math.cos(i * 0.37 + phase),
  );
}

type Fn = (...xs: Tensor[]) => Tensor;

/** Gradients of sum(f(xs) · weights) with respect to every x, on one backend. */
async function gradients(backend: string, shapes: number[][], f: Fn): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const xs = shapes.map((s, i) => tf.tensor(values(s, i), s));
    const g = tf.grads((...args: Tensor[]) => {
      const y = f(...args);
      return tf.sum(tf.mul(y, tf.tensor(values(y.shape, 7), y.shape)));
    });
    return g(xs).map((t) => t.dataSync() as Float32Array);
  });
}

/** The wasm gradients of f are the cpu gradients of `reference`, another form of the same function. */
async function check(shapes: number[][], f: Fn, reference = f): Promise<void> {
  const expected = await gradients('cpu', shapes, reference);
  const before = tf.memory().numTensors;
  const got = await gradients('wasm', shapes, f);
  expect(tf.memory().numTensors).toBe(before);
  got.forEach((g, k) => {
    const e = expected[k]!;
    const scale = Math.max(...e.map(Math.abs), 1e-6);
    const worst = g.reduce((m, v, i) => Math.max(m, Math.abs(v - e[i]!)), 0);
    expect(g.length, `gradient ${k}`).toBe(e.length);
    expect(worst / scale, `gradient ${k}`).toBeLessThan(1e-4);
    expect(scale, `gradient ${k} is not zero`).toBeGreaterThan(1e-6);
  });
}

const explicit = (t: number, b: number, l: number, r: number): [number, number][] => [
  [0, 0],
  [t, b],
  [l, r],
  [0, 0],
];

/** [name, x, filter, strides, pad] */
type Case = [string, number[], number[], number | [number, number], unknown];

const convs: Case[] = [
  ['3×3 same', [2, 6, 7, 3], [3, 3, 3, 4], 1, 'same'],
  ['3×3 valid', [2, 6, 7, 3], [3, 3, 3, 4], 1, 'valid'],
  ['3×3 stride 2 same, even', [2, 8, 8, 3], [3, 3, 3, 4], 2, 'same'],
  ['3×3 stride 2 same, odd', [2, 7, 9, 3], [3, 3, 3, 4], 2, 'same'],
  ['3×3 stride 2 valid with a rest', [2, 8, 10, 3], [3, 3, 3, 4], 2, 'valid'],
  ['5×5 stride 3 valid with a rest', [1, 13, 12, 2], [5, 5, 2, 3], 3, 'valid'],
  ['2×3 strides 1 and 2', [2, 6, 9, 2], [2, 3, 2, 3], [1, 2], 'same'],
  ['1×1', [2, 5, 4, 3], [1, 1, 3, 5], 1, 'same'],
  ['1×1 stride 2, odd', [2, 7, 5, 3], [1, 1, 3, 5], 2, 'same'],
  ['1×1 stride 2, even', [2, 6, 8, 3], [1, 1, 3, 5], 2, 'valid'],
  ['1×1 with pads', [1, 4, 4, 2], [1, 1, 2, 3], 1, explicit(1, 0, 1, 1)],
  ['explicit pads', [2, 6, 7, 3], [3, 3, 3, 4], 1, explicit(1, 0, 2, 1)],
  ['explicit pads, stride 2', [2, 6, 7, 3], [3, 3, 3, 4], 2, explicit(0, 1, 0, 1)],
  ['pads beyond the filter', [1, 5, 5, 2], [2, 2, 2, 3], 1, explicit(3, 2, 2, 3)],
  ['one channel, one image', [1, 9, 9, 1], [5, 5, 1, 2], 1, 'valid'],
  ['filter as large as the input', [3, 4, 4, 2], [4, 4, 2, 5], 1, 'valid'],
  ['blocks of every size', [2, 6, 5, 9], [3, 3, 9, 13], 1, 'same'],
  ['1×1 over many small images', [6, 5, 4, 9], [1, 1, 9, 14], 1, 'same'],
  ['stride over the filter', [2, 9, 9, 2], [2, 2, 2, 3], 3, 'valid'],
];

const depthwise: Case[] = [
  ['3×3 same', [2, 6, 7, 3], [3, 3, 3, 1], 1, 'same'],
  ['3×3 valid, multiplier 2', [2, 6, 7, 3], [3, 3, 3, 2], 1, 'valid'],
  ['3×3 stride 2 same, even', [2, 8, 8, 3], [3, 3, 3, 1], 2, 'same'],
  ['3×3 stride 2 same, odd, multiplier 3', [2, 7, 9, 2], [3, 3, 2, 3], 2, 'same'],
  ['3×3 stride 2 valid with a rest', [2, 8, 10, 3], [3, 3, 3, 1], 2, 'valid'],
  ['5×3 explicit pads, stride 2', [2, 9, 8, 3], [5, 3, 3, 1], 2, explicit(2, 1, 0, 1)],
  ['one image, one channel', [1, 5, 5, 1], [3, 3, 1, 1], 1, 'same'],
  ['blocks of every size', [2, 6, 5, 13], [3, 3, 13, 1], 2, 'same'],
];

/** The filter of a dilated convolution with its zeros spelt out. */
function dilated(w: Tensor, d: number): Tensor {
  const [kh, kw, c, oc] = w.shape as [number, number, number, number];
  const wide = tf.pad(tf.reshape(w, [kh, 1, kw, 1, c * oc]), [
    [0, 0],
    [0, d - 1],
    [0, 0],
    [0, d - 1],
    [0, 0],
  ]);
  return tf.slice(
    tf.reshape(wide, [kh * d, kw * d, c, oc]),
    [0, 0, 0, 0],
    [kh * d - d + 1, kw * d - d + 1, c, oc],
  );
}

describe('convolution', () => {
  test.each(['same', 'valid'] as const)('3×3 dilation 2 %s', (pad) =>
    check(
      [
        [2, 9, 8, 3],
        [3, 3, 3, 4],
      ],
      (a, w) => tf.conv2d(a as never, w as never, 1, pad, 'NHWC', 2),
      (a, w) => tf.conv2d(a as never, dilated(w, 2) as never, 1, pad),
    ),
  );
  test.each(convs)('%s', (_, x, filter, strides, pad) =>
    check([x, filter], (a, w) => tf.conv2d(a as never, w as never, strides, pad as never)),
  );
  test('channels first', () =>
    check(
      [
        [2, 3, 6, 7],
        [3, 3, 3, 4],
      ],
      (a, w) => {
        // The cpu backend takes channels last only in the forward convolution.
        const y = tf.conv2d(tf.transpose(a, [0, 2, 3, 1]) as never, w as never, 2, 'same');
        return tf.transpose(y, [0, 3, 1, 2]);
      },
    ));
  test('transposed convolution', () =>
    check(
      [
        [2, 4, 5, 3],
        [3, 3, 2, 3],
      ],
      (a, w) => tf.conv2dTranspose(a as never, w as never, [2, 8, 10, 2], 2, 'same'),
    ));
});

describe('with a bias', () => {
  const fused = (kind: string, inputs: Record<string, Tensor>, pad: unknown) =>
    tf.engine().runKernel(`Fused${kind}`, inputs, {
      strides: [2, 1],
      pad,
      dilations: [1, 1],
      dataFormat: 'NHWC',
      activation: 'linear',
    } as never) as Tensor;
  const pad = explicit(1, 0, 2, 1);
  test('convolution', () =>
    check(
      [[2, 6, 7, 3], [3, 3, 3, 4], [4]],
      (x, filter, bias) => fused('Conv2D', { x, filter, bias }, pad),
      (x, filter, bias) => tf.add(tf.conv2d(x as never, filter as never, [2, 1], pad as never), bias),
    ));
  test('depthwise convolution', () =>
    check(
      [[2, 6, 7, 3], [3, 3, 3, 2], [6]],
      (x, filter, bias) => fused('DepthwiseConv2D', { x, filter, bias }, pad),
      (x, filter, bias) =>
        tf.add(tf.depthwiseConv2d(x as never, filter as never, [2, 1], pad as never), bias),
    ));
});

describe('clamps', () => {
  test.each([103, 104])('%d numbers', async (n) => {
    await check([[n]], (x) => tf.relu(x));
    await check([[n]], (x) => tf.clipByValue(x, -0.25, 0.5));
  });
  test('at the bounds: relu has no slope, clipping has', async () => {
    await tf.setBackend('wasm');
    const at = (f: (x: Tensor) => Tensor) =>
      tf.tidy(() =>
        Array.from(
          tf
            .grad((x: Tensor) => tf.sum(f(x)))(tf.tensor1d([-1, 0, 1, 6, 7]))
            .dataSync(),
        ),
      );
    expect(at((x) => tf.relu(x))).toEqual([0, 0, 1, 1, 1]);
    expect(at((x) => tf.clipByValue(x, 0, 6))).toEqual([0, 1, 1, 1, 0]);
  });
});

test('a clone outlives its source', async () => {
  await tf.setBackend('wasm');
  const before = tf.memory().numTensors;
  const x = tf.tensor1d([1, 2]);
  const y = x.clone();
  x.dispose();
  expect(Array.from(y.dataSync())).toEqual([1, 2]);
  y.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

describe('depthwise convolution', () => {
  test.each(depthwise)('%s', (_, x, filter, strides, pad) =>
    check([x, filter], (a, w) => tf.depthwiseConv2d(a as never, w as never, strides, pad as never)),
  );
  test.each([
    ['same', 1],
    ['valid', 2],
  ] as const)('3×3 dilation 2 %s, multiplier %i', (pad, m) =>
    check(
      [
        [2, 9, 8, 3],
        [3, 3, 3, m],
      ],
      (a, w) => tf.depthwiseConv2d(a as never, w as never, 1, pad, 'NHWC', 2),
      (a, w) => tf.depthwiseConv2d(a as never, dilated(w, 2) as never, 1, pad),
    ),
  );
});

describe('matrix product', () => {
  test.each([
    [[7, 5], [5, 3], false, false],
    [[5, 7], [5, 3], true, false],
    [[7, 5], [3, 5], false, true],
    [[5, 7], [3, 5], true, true],
    [[2, 64], [40, 64], false, true],
    [[4, 7, 5], [4, 5, 3], false, false],
    [[4, 7, 5], [4, 3, 5], false, true],
  ] as [number[], number[], boolean, boolean][])('%j × %j, transposed %s %s', (a, b, ta, tb) =>
    check([a, b], (x, w) => tf.matMul(x, w, ta, tb)),
  );
});

const image = [2, 6, 7, 3];

/** One axis of resizing as a matrix [to, from], by the formulas of TensorFlow 1. */
function resizing(from: number, to: number, kind: 'nearest' | 'bilinear', alignCorners: boolean): Tensor {
  const scale = alignCorners ? (from - 1) / (to - 1) : from / to;
  const rows = Array.from({ length: to }, (_, i) => {
    const row = new Array<number>(from).fill(0);
    const at = i * scale;
    const low = kind === 'nearest' && alignCorners ? Math.round(at) : Math.floor(at);
    const part = kind === 'nearest' ? 0 : at - low;
    row[low]! += 1 - part;
    row[Math.min(low + 1, from - 1)]! += part;
    return row;
  });
  return tf.tensor2d(rows);
}

/** tfjs's own gradients of resizing are wrong on the cpu backend too: the reference is a product of matrices. */
describe('resize', () => {
  const cases = [
    ['nearest', 12, 14, false],
    ['nearest', 9, 4, false],
    ['nearest', 11, 13, true],
    ['bilinear', 12, 14, false],
    ['bilinear', 4, 11, false],
    ['bilinear', 3, 13, true],
  ] as const;
  test.each(cases)('%s to %i × %i, corners aligned: %s', (kind, oh, ow, align) => {
    const op = kind === 'nearest' ? tf.image.resizeNearestNeighbor : tf.image.resizeBilinear;
    return check(
      [image],
      (x) => op(x as never, [oh, ow], align),
      (x) => {
        const [n, h, w, c] = image as [number, number, number, number];
        const rows = tf.stack(new Array(n).fill(resizing(h, oh, kind, align)));
        const tall = tf.matMul(rows, tf.reshape(x, [n, h, w * c]));
        const columns = tf.stack(new Array(n * oh).fill(resizing(w, ow, kind, align)));
        return tf.reshape(tf.matMul(columns, tf.reshape(tall, [n * oh, w, c])), [n, oh, ow, c]);
      },
    );
  });
});

describe('layers', () => {
  const cases: Record<string, [number[][], Fn]> = {
    'max pool 2×2': [[image], (x) => tf.maxPool(x as never, 2, 2, 'valid')],
    'max pool 3×3 stride 2 same': [[image], (x) => tf.maxPool(x as never, 3, 2, 'same')],
    'max pool 3×3 stride 1 same': [[image], (x) => tf.maxPool(x as never, 3, 1, 'same')],
    'max pool 2×2 stride 3': [[[1, 8, 9, 2]], (x) => tf.maxPool(x as never, 2, 3, 'valid')],
    'max pool 3×2 with ties': [[image], (x) => tf.maxPool(tf.relu(x) as never, [3, 2], [2, 1], 'valid')],
    'max pool of equal values': [
      [image],
      (x) => tf.mul(tf.maxPool(tf.add(tf.mul(x, 0), 1) as never, 2, 2, 'same') as Tensor, tf.mean(x)),
    ],
    'average pool 2×2': [[image], (x) => tf.avgPool(x as never, 2, 2, 'valid')],
    'average pool 3×3 stride 2 same': [[image], (x) => tf.avgPool(x as never, 3, 2, 'same')],
    'average pool 3×3 stride 1 same': [[image], (x) => tf.avgPool(x as never, 3, 1, 'same')],
    'global average': [[image], (x) => tf.mean(x, [1, 2])],
    'global maximum': [[image], (x) => tf.max(x, [1, 2])],
    'batch norm': [
      [image, [3], [3], [3], [3]],
      (x, m, v, b, g) =>
        tf.batchNorm(x, m as never, tf.add(tf.square(v), 0.1) as never, b as never, g as never, 1e-3),
    ],
    'batch norm, training': [
      [image, [3], [3]],
      (x, b, g) => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        return tf.batchNorm(x, mean as never, variance as never, b as never, g as never, 1e-3);
      },
    ],
    'layer norm': [
      [[4, 6], [6], [6]],
      (x, b, g) => {
        const { mean, variance } = tf.moments(x, -1, true);
        return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), g), b);
      },
    ],
    bias: [[image, [3]], (x, b) => tf.add(x, b)],
    'channel scale': [[image, [1, 1, 1, 3]], (x, b) => tf.mul(x, b)],
    'column broadcast': [
      [
        [4, 5],
        [4, 1],
      ],
      (x, b) => tf.div(x, tf.add(tf.square(b), 1)),
    ],
    relu: [[image], (x) => tf.relu(x)],
    relu6: [[image], (x) => tf.relu6(tf.mul(x, 9))],
    'clip at its bounds': [
      [image],
      (x) =>
        tf.clipByValue(
          tf.add(
            tf.sub(x, tf.tensor(values(image, 0), image)),
            tf.tensor([-1, 2, 1.5, -3, 4, 0, -1], [7, 1]),
          ),
          -1,
          2,
        ),
    ],
    'channel sums': [[[3, 5, 6, 4]], (x) => tf.square(tf.sum(x, [0, 1, 2]))],
    'channel sums, kept': [[[3, 20, 4]], (x) => tf.square(tf.sum(x, [0, 1], true))],
    'channel means': [[[3, 5, 6, 4]], (x) => tf.square(tf.mean(x, [0, 1, 2]))],
    'sum of a plane': [[[3, 5, 6, 4]], (x) => tf.square(tf.sum(x, [1, 2]))],
    clip: [[image], (x) => tf.clipByValue(x, -0.2, 0.5)],
    elu: [[image], (x) => tf.elu(x)],
    selu: [[image], (x) => tf.selu(x)],
    'leaky relu': [[image], (x) => tf.leakyRelu(x, 0.1)],
    prelu: [[image, [3]], (x, a) => tf.prelu(x, tf.square(a) as never)],
    sigmoid: [[image], (x) => tf.sigmoid(x)],
    tanh: [[image], (x) => tf.tanh(x)],
    softplus: [[image], (x) => tf.softplus(x)],
    swish: [[image], (x) => tf.mul(x, tf.sigmoid(x))],
    'hard swish': [[image], (x) => tf.mul(x, tf.div(tf.relu6(tf.add(tf.mul(x, 4), 3)), 6))],
    gelu: [[image], (x) => tf.mul(x, tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1))],
    softmax: [[[4, 10]], (x) => tf.softmax(x)],
    'log softmax': [[[4, 10]], (x) => tf.logSoftmax(x)],
    'log sum exp': [[[4, 10]], (x) => tf.logSumExp(x, -1)],
    pad: [
      [image],
      (x) =>
        tf.pad(x, [
          [0, 0],
          [1, 2],
          [0, 1],
          [0, 0],
        ]),
    ],
    'mirror pad': [
      [image],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ],
          'reflect',
        ),
    ],
    concat: [[image, [2, 6, 7, 2]], (x, y) => tf.concat([x, y], 3)],
    slice: [[image], (x) => tf.slice(x, [0, 1, 2, 0], [2, 4, 3, 2])],
    split: [
      [image],
      (x) => tf.mul(...(tf.split(tf.slice(x, [0, 0, 0, 0], [2, 6, 6, 3]), 2, 2) as [Tensor, Tensor])),
    ],
    stack: [
      [
        [3, 4],
        [3, 4],
      ],
      (x, y) => tf.stack([x, y], 1),
    ],
    unstack: [[[3, 4]], (x) => tf.mul(...(tf.unstack(x).slice(1) as [Tensor, Tensor]))],
    reshape: [[image], (x) => tf.reshape(x, [2, -1])],
    transpose: [[image], (x) => tf.transpose(x, [0, 3, 1, 2])],
    tile: [[[1, 1, 1, 3]], (x) => tf.tile(x, [2, 4, 5, 1])],
    'tile both ways': [[[2, 3]], (x) => tf.tile(x, [2, 2])],
    reverse: [[image], (x) => tf.reverse(x, [1])],
    gather: [[[5, 4]], (x) => tf.gather(x, tf.tensor1d([4, 0, 0, 2], 'int32'))],
    'gather, inner axis': [[[3, 5]], (x) => tf.gather(x, tf.tensor1d([4, 0, 0], 'int32'), 1)],
    where: [[image, image], (x, y) => tf.where(tf.greater(tf.tensor(values(image, 5), image), 0), x, y)],
    maximum: [[image, image], (x, y) => tf.maximum(x, y)],
    minimum: [[image, image], (x, y) => tf.minimum(x, y)],
    'squared difference': [[image, image], (x, y) => tf.squaredDifference(x, y)],
    abs: [[image], (x) => tf.abs(x)],
    square: [[image], (x) => tf.square(x)],
    sqrt: [[image], (x) => tf.sqrt(tf.add(tf.square(x), 0.1))],
    rsqrt: [[image], (x) => tf.rsqrt(tf.add(tf.square(x), 0.1))],
    exp: [[image], (x) => tf.exp(x)],
    log: [[image], (x) => tf.log(tf.add(tf.square(x), 0.1))],
    pow: [[image], (x) => tf.pow(x, 2)],
    'space to batch': [
      [[1, 4, 4, 2]],
      (x) =>
        tf.spaceToBatchND(
          x,
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
    ],
    'LSTM cell': [
      [[2, 3], [2, 4], [7, 16], [16]],
      (x, h, w, b) => {
        const z = tf.add(tf.matMul(tf.concat([x, h], 1), w as never), b);
        const [i, f, g, o] = tf.split(z, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
        const c = tf.add(tf.mul(tf.sigmoid(f), h), tf.mul(tf.sigmoid(i), tf.tanh(g)));
        return tf.mul(tf.sigmoid(o), tf.tanh(c));
      },
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [shapes, f]) => check(shapes, f));
});

test('registering twice changes nothing', () => {
  const before = tf.getKernel('Conv2DBackpropFilter', 'wasm');
  registerGradients(tf);
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBe(before);
});
