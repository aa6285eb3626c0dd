/** Element-wise operators: numbers worked out by hand where tfjs has no such operator, and what is refused. */
import { describe, expect, test } from 'vitest';
import { type DType, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { opOf } from '../../compiler/semantics/evaluate.ts';

const vector = (dtype: DType, ...values: number[]) => tensor(dtype, [values.length], values);
const run = (kind: string, inputs: Tensor[], attrs = {}) => opOf(kind).eval(inputs, attrs)[0];
const infer = (kind: string, inputs: Tensor[], attrs = {}) =>
  opOf(kind).infer(
    inputs.map((t, id) => ({ id, name: `x${id}`, dtype: t.dtype, shape: t.shape })),
    attrs,
    { node: 'n' },
  );

const a = [7, -7, 7, -7, 5];
const b = [3, 3, -3, -3, 0];

describe('integer division', () => {
  test.each([
    ['div', [2, -2, -2, 2, 0]],
    ['floorDiv', [2, -3, -3, 2, 0]],
    ['mod', [1, 2, -2, -1, 0]],
    ['fmod', [1, -1, 1, -1, 0]],
  ])('%s', (kind, want) => {
    expect([...run(kind, [vector('int32', ...a), vector('int32', ...b)]).data]).toEqual(want);
  });

  test('quotient and remainder give the dividend back', () => {
    const [x, y] = [vector('int32', ...a.slice(0, 4)), vector('int32', ...b.slice(0, 4))];
    for (const [quotient, remainder] of [
      ['div', 'fmod'],
      ['floorDiv', 'mod'],
    ]) {
      const product = run('mul', [run(quotient, [x, y]), y]);
      expect(run('add', [product, run(remainder, [x, y])]).data).toEqual(x.data);
    }
  });
});

describe('floating remainders', () => {
  test.each([
    ['mod', [1.5, 1.5, -1.5, -1.5, Number.NaN]],
    ['fmod', [1.5, -2.5, 2.5, -1.5, Number.NaN]],
  ])('%s', (kind, want) => {
    const x = vector('float32', 5.5, -6.5, 6.5, -5.5, 1);
    const y = vector('float32', 4, 4, -4, -4, 0);
    expect([...run(kind, [x, y]).data]).toEqual(want);
  });
});

describe('bits', () => {
  const x = vector('int32', 0b1100, -1, 0x7fffffff);
  const y = vector('int32', 0b1010, 5, 0x0f0f0f0f);
  test.each([
    ['bitAnd', [0b1000, 5, 0x0f0f0f0f]],
    ['bitOr', [0b1110, -1, 0x7fffffff]],
    ['bitXor', [0b0110, -6, 0x70f0f0f0]],
  ])('%s', (kind, want) => {
    expect([...run(kind, [x, y]).data]).toEqual(want);
  });

  test('bytes stay bytes', () => {
    expect([...run('bitNot', [vector('uint8', 0, 1, 255)]).data]).toEqual([255, 254, 0]);
    expect([...run('shiftLeft', [vector('uint8', 129, 1), vector('uint8', 1, 8)]).data]).toEqual([2, 0]);
  });

  test('shifts past the word are no shifts by the rest', () => {
    const shift = vector('int32', 1, 31, 32, 40);
    expect([...run('shiftLeft', [vector('int32', 3, 1, 1, 1), shift]).data]).toEqual([6, -2147483648, 0, 0]);
    expect([...run('shiftRight', [vector('int32', -3, -1, -5, 5), shift]).data]).toEqual([-2, -1, -1, 0]);
  });
});

describe('quantization', () => {
  test('rounds half to even, then saturates', () => {
    const x = vector('float32', 0.5, 1.5, -0.5, 1000, -1000);
    const scale = vector('float32', 1);
    expect([...run('quantizeLinear', [x, scale, vector('int8', 3)], { to: 'int8' }).data]).toEqual([
      3, 5, 3, 127, -128,
    ]);
    expect([...run('quantizeLinear', [x, scale, vector('uint8', 3)], { to: 'uint8' }).data]).toEqual([
      3, 5, 3, 255, 0,
    ]);
  });

  test('dequantizes without wrapping', () => {
    const y = run('dequantizeLinear', [
      vector('uint8', 0, 255),
      vector('float32', 0.5),
      vector('uint8', 128),
    ]);
    expect([...y.data]).toEqual([-64, 63.5]);
  });
});

test('casts truncate, saturate and wrap', () => {
  const x = vector('float32', -1.9, 1.9, 3e9, Number.NaN, Number.NEGATIVE_INFINITY);
  expect([...run('cast', [x], { to: 'int32' }).data]).toEqual([-1, 1, 2147483647, 0, -2147483648]);
  expect([...run('cast', [vector('int32', 257, -1)], { to: 'uint8' }).data]).toEqual([1, 255]);
  expect([...run('cast', [vector('float32', 0, -0.1, Number.NaN)], { to: 'bool' }).data]).toEqual([0, 1, 1]);
});

test('infinities by sign', () => {
  const x = vector('float32', Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY, Number.NaN);
  expect([...run('isInf', [x], { negative: true, positive: false }).data]).toEqual([1, 0, 0, 0]);
  expect([...run('isInf', [x], { negative: false, positive: true }).data]).toEqual([0, 0, 1, 0]);
});

test('NaN comes through minimum, maximum, clip and relu', () => {
  const x = vector('float32', Number.NaN, 1);
  const zero = vector('float32', 0);
  for (const y of [
    run('minimum', [x, zero]),
    run('maximum', [x, zero]),
    run('clip', [x], { min: 0, max: 6 }),
    run('relu', [x]),
  ]) {
    expect(y.data[0]).toBeNaN();
  }
});

describe('refusals', () => {
  const float = vector('float32', 1, 2);
  const int = vector('int32', 1, 2);
  test.each<[string, string, Tensor[], object]>([
    ['types differ', 'add', [float, int], {}],
    ['types of a comparison differ', 'less', [float, int], {}],
    ['types of the branches differ', 'where', [vector('bool', 1, 0), float, int], {}],
    ['no bits in floats', 'bitAnd', [float, float], {}],
    ['no logic on numbers', 'and', [int, int], {}],
    ['no exponential of integers', 'exp', [int], {}],
    ['shapes do not broadcast', 'mul', [float, vector('float32', 1, 2, 3)], {}],
    ['clip between NaN', 'clip', [float], { min: Number.NaN, max: 1 }],
    ['celu without alpha', 'celu', [float], { alpha: 0 }],
    ['cast to nothing known', 'cast', [float], { to: 'float16' }],
    ['quantize to int32', 'quantizeLinear', [float, float, int], { to: 'int32' }],
    ['zero point of another type', 'quantizeLinear', [float, float, vector('uint8', 1, 2)], { to: 'int8' }],
    ['dequantize floats', 'dequantizeLinear', [float, float, int], {}],
  ])('%s', (_name, kind, inputs, attrs) => {
    expect(() => infer(kind, inputs, attrs)).toThrow(
      expect.objectContaining({ code: 'E_SHAPE', place: { node: 'n' } }),
    );
  });
});
