import { beforeAll, describe, expect, test } from 'vitest';
import {
  chooseWindow,
  noPadding,
  type Padding,
  type WindowCase,
  windowKernels,
} from '../../compiler/kernels.ts';
import { generator } from '../sparse/random.ts';
import { builds, type Machine, machine } from './harness.ts';

type Shape = Omit<WindowCase, 'op' | 'build'>;
const plain: Shape = {
  channels: 2,
  kh: 3,
  kw: 3,
  strideY: 1,
  strideX: 1,
  dilationY: 1,
  dilationX: 1,
  outH: 5,
  outW: 8,
  ...noPadding,
};
const stride2 = { ...plain, strideY: 2, strideX: 2 };
const around = { padTop: 1, padLeft: 1, padBottom: 1, padRight: 1 };
const behind = { ...noPadding, padBottom: 1, padRight: 1 };
const before = { ...noPadding, padTop: 1, padLeft: 1 };
const of5 = { kh: 5, kw: 5 };
const around5 = { padTop: 2, padLeft: 2, padBottom: 2, padRight: 2 };
const uneven5 = { padTop: 1, padLeft: 1, padBottom: 2, padRight: 2 };
/** Whether anything of the input lies between such paddings. */
const fits = (s: Shape, pads: Padding, out: number) =>
  (out - 1) * s.strideX + 5 > pads.padTop + pads.padBottom;
const cases: Record<string, Shape> = {
  width_eq_tile: { ...plain, outW: 4 },
  width_lt_tile: { ...plain, outW: 3 },
  width_eq_1: { ...plain, outW: 1 },
  width_gt_tile: { ...plain, outW: 9 },
  width_mod_tile_2: { ...plain, outW: 6 },
  height_eq_1: { ...plain, outH: 1 },
  height_eq_2: { ...plain, outH: 2 },
  height_eq_3: { ...plain, outH: 3 },
  height_eq_tile: { ...plain, outH: 4 },
  height_gt_tile: { ...plain, outH: 9 },
  channels_eq_1: { ...plain, channels: 1 },
  channels_many: { ...plain, channels: 7 },
  stride2_width_eq_tile: { ...stride2, outW: 4 },
  stride2_width_lt_tile: { ...stride2, outW: 3 },
  stride2_width_eq_1: { ...stride2, outW: 1, outH: 1 },
  stride2_width_gt_tile: { ...stride2, outW: 11 },
  stride2_width_mod_tile_2: { ...stride2, outW: 6, outH: 2 },
  stride2_width_eq_wide_tiles: { ...stride2, outW: 16 },
  stride2_width_mod_wide_tile_5: { ...stride2, outW: 21, outH: 3 },
  stride2_height_eq_1: { ...stride2, outH: 1 },
  stride2_2x2: { ...stride2, kh: 2, kw: 2 },
  stride3: { ...plain, strideY: 3, strideX: 3 },
  stride_mixed: { ...plain, strideY: 1, strideX: 2 },
  kernel_5x5: { ...plain, ...of5 },
  kernel_5x5_stride2: { ...stride2, ...of5, outW: 7 },
  kernel_7x7: { ...plain, kh: 7, kw: 7 },
  kernel_1x7: { ...plain, kh: 1, kw: 7 },
  kernel_7x1: { ...plain, kh: 7, kw: 1 },
  kernel_1x1: { ...plain, kh: 1, kw: 1 },
  // Planes of more than 16 kB, in bands of which the last is not full, has one row, or two, and in bands of four rows.
  large_in_bands: { ...plain, outH: 80, outW: 64 },
  large_in_bands_and_a_row: { ...plain, outH: 65, outW: 62 },
  large_in_bands_and_two_rows: { ...plain, outH: 66, outW: 61 },
  large_in_bands_of_4: { ...plain, outH: 11, outW: 1030 },
  stride2_large_in_bands: { ...stride2, outH: 40, outW: 59 },
  dilated: { ...plain, dilationY: 2, dilationX: 3 },
  dilated_stride2: { ...stride2, dilationY: 2, dilationX: 2 },
  ...Object.fromEntries(
    Object.entries({ around, behind, before }).flatMap(([where, pads]) =>
      [plain, stride2].flatMap((s) =>
        [1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 14, 16, 17, 20, 21, 27].flatMap((outW) =>
          [1, 2, 5].map((outH) => {
            const name = `padded_${where}_stride_${s.strideX}_${outH}x${outW}`;
            return [name, { ...s, ...pads, outH, outW }];
          }),
        ),
      ),
    ),
  ),
  ...Object.fromEntries(
    Object.entries({ noPadding, around5, uneven5, behind, before }).flatMap(([where, pads]) =>
      [plain, stride2].flatMap((s) =>
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 13].flatMap((outW) =>
          [1, 2, 3, 4, 7]
            .filter((outH) => fits(s, pads, outH) && fits(s, pads, outW))
            .map((outH) => {
              const name = `5x5_padded_${where}_stride_${s.strideX}_${outH}x${outW}`;
              return [name, { ...s, ...of5, ...pads, outH, outW }];
            }),
        ),
      ),
    ),
  ),
  padded_large_in_bands: { ...plain, ...around, outH: 80, outW: 64 },
  padded_large_in_bands_and_a_row: { ...plain, ...around, outH: 67, outW: 61 },
  padded_large_in_bands_of_4: { ...plain, ...around, outH: 11, outW: 1030 },
  padded_stride2_large_in_bands: { ...stride2, ...behind, outH: 40, outW: 59 },
  padded_large_of_sides: { ...plain, ...around, outH: 400, outW: 14 },
  padded_large_narrow: { ...plain, ...around, outH: 800, outW: 6 },
  padded_large_narrower: { ...plain, ...around, outH: 1600, outW: 3 },
  padded_at_one_side: { ...plain, padLeft: 1 },
  padded_at_one_side_wide: { ...plain, padLeft: 1, outW: 24 },
  padded_at_the_other_side_wide: { ...plain, padRight: 1, outW: 24 },
  not_padded_wide: { ...plain, outW: 23 },
};

const isPadded = (c: Shape) => c.padTop + c.padLeft + c.padBottom + c.padRight > 0;

for (const build of builds) {
  describe(build, () => {
    let m: Machine;
    beforeAll(async () => {
      m = await machine(build, windowKernels);
    });
    for (const kernel of windowKernels) {
      const mine = Object.entries(cases)
        .map(([name, shape]) => ({ name, c: { ...shape, op: kernel.op, build } }))
        .filter(({ c }) => kernel.accepts(c));
      if (mine.length === 0) continue;
      describe(kernel.name, () => {
        for (const { name, c } of mine) test(name, () => check(m, kernel.name, kernel.args, c));
      });
    }
  });
}

test('every case has a kernel for every operation, 3x3 and 5x5 their own', () => {
  for (const [name, shape] of Object.entries(cases)) {
    for (const op of ['conv', 'max', 'mean'] as const) {
      if (op !== 'conv' && isPadded(shape)) continue;
      expect(chooseWindow({ ...shape, op, build: 'simd' })?.kernel.op, name).toBe(op);
    }
  }
  const name = (c: Shape) => chooseWindow({ ...c, op: 'conv', build: 'simd' })?.kernel.name;
  expect(name(plain)).toBe('f32_depthwise_3x3s1_1x4');
  expect(name({ ...plain, outW: 12 })).toBe('f32_depthwise_3x3s1_1x4');
  expect(name({ ...plain, outW: 13 })).toBe('f32_depthwise_3x3s1_1x8');
  expect(name(stride2)).toBe('f32_depthwise_3x3s2_1x4');
  expect(name({ ...plain, padTop: 2 })).toBeUndefined();
  expect(name({ ...plain, ...of5, ...around5 })).toBe('f32_depthwise_5x5s1_1x4');
  expect(name({ ...stride2, ...of5, ...uneven5 })).toBe('f32_depthwise_5x5s2_1x4');
  expect(name({ ...plain, ...of5, padRight: 3 })).toBeUndefined();
  expect(name({ ...plain, kh: 7, kw: 7, ...around })).toBeUndefined();
});

test('every kernel of the table is tested', () => {
  for (const kernel of windowKernels) {
    const covered = Object.values(cases).filter((c) =>
      kernel.accepts({ ...c, op: kernel.op, build: 'simd' }),
    );
    expect(covered.length, kernel.name).toBeGreaterThanOrEqual(5);
  }
});

test('max pooling keeps NaN, wherever in a window it lies', async () => {
  for (const build of builds) {
    const m = await machine(build, windowKernels);
    for (const stride of [1, 2, 3]) {
      const c: WindowCase = {
        ...plain,
        op: 'max',
        build,
        channels: 1,
        outH: 5,
        outW: 5,
        strideX: stride,
        strideY: stride,
      };
      const { inH, inW, xPitch } = place(m, c);
      for (let at = 0; at < inH * inW; at++) {
        const [row, column] = [Math.floor(at / inW), at % inW];
        const t = place(m, c, (x) => (x[row * xPitch + column] = NaN));
        const kernel = windowKernels.find((k) => k.op === 'max' && k.accepts(c))!;
        t.call(kernel.name, kernel.args);
        const got = m.floats(t.y, t.yC);
        const sees = (out: number, tap: number) => tap >= out * stride && tap < out * stride + 3;
        for (let i = 0; i < 5; i++) {
          for (let j = 0; j < 5; j++) {
            const name = `${build}, stride ${stride}, NaN at ${row}, ${column}: ${i}, ${j}`;
            expect(Number.isNaN(got[i * t.yPitch + j]), name).toBe(sees(i, row) && sees(j, column));
          }
        }
      }
    }
  }
});

function place(m: Machine, c: WindowCase, edit: (x: Float32Array) => void = () => {}) {
  m.reset();
  const next = generator(c.channels * 1009 + c.outW * 31 + c.outH);
  const signed = (n: number) => Float32Array.from({ length: n }, () => next() * 2 - 1);
  const inH = (c.outH - 1) * c.strideY + (c.kh - 1) * c.dilationY + 1 - c.padTop - c.padBottom;
  const inW = (c.outW - 1) * c.strideX + (c.kw - 1) * c.dilationX + 1 - c.padLeft - c.padRight;
  const xPitch = inW + 1;
  const yPitch = c.outW + 2;
  const xC = inH * xPitch + 3;
  const yC = c.outH * yPitch + 1;
  const x = signed(c.channels * xC);
  edit(x);
  const [bias, scale] = [signed(c.channels), signed(c.channels)];
  const weights = signed(c.channels * c.kh * c.kw);
  const residual = signed(c.channels * yC);
  const y = m.room(c.channels * yC, 7);
  const e0 = (m.put(residual) - y) >>> 0;
  const addresses: Record<string, number> = {
    ...c,
    x: m.put(x) - 4 * (c.padTop * xPitch + c.padLeft),
    y,
    bias: m.put(bias),
    weights: m.put(weights),
    e0,
    e1: m.put(scale),
    xC: 4 * xC,
    yC: 4 * yC,
    xPitch: 4 * xPitch,
    yPitch: 4 * yPitch,
  } as unknown as Record<string, number>;
  const call = (name: string, args: readonly string[]) => m.kernels[name](...args.map((a) => addresses[a]));
  return { x, inH, inW, y, bias, scale, weights, residual, xC, yC, xPitch, yPitch, call };
}

function check(m: Machine, name: string, args: readonly string[], c: WindowCase): void {
  const t = place(m, c);
  t.call(name, args);
  const got = m.floats(t.y, c.channels * t.yC);
  const touched = new Uint8Array(got.length);
  const gamma = (c.kh * c.kw + 8) * 2 ** -24 * 1.01;
  for (let ch = 0; ch < c.channels; ch++) {
    for (let i = 0; i < c.outH; i++) {
      for (let j = 0; j < c.outW; j++) {
        let sum = c.op === 'conv' ? t.bias[ch] : c.op === 'max' ? -Infinity : 0;
        let size = c.op === 'conv' ? Math.abs(sum) : 0;
        for (let u = 0; u < c.kh; u++) {
          for (let v = 0; v < c.kw; v++) {
            const row = i * c.strideY + u * c.dilationY - c.padTop;
            const column = j * c.strideX + v * c.dilationX - c.padLeft;
            const inside = row >= 0 && row < t.inH && column >= 0 && column < t.inW;
            const value = inside ? t.x[ch * t.xC + row * t.xPitch + column] : 0;
            const term = c.op === 'conv' ? value * t.weights[(ch * c.kh + u) * c.kw + v] : value;
            size += Math.abs(term);
            sum = c.op === 'max' ? Math.max(sum, term) : sum + term;
          }
        }
        if (c.op === 'mean') sum /= c.kh * c.kw;
        const at = ch * t.yC + i * t.yPitch + j;
        touched[at] = 1;
        const expected = sum * t.scale[ch] + t.residual[at];
        const bound = gamma * (size * Math.abs(t.scale[ch]) + Math.abs(t.residual[at]));
        if (!(Math.abs(got[at] - expected) <= bound)) {
          expect.fail(`channel ${ch} row ${i} pixel ${j}: ${got[at]}, expected ${expected} ± ${bound}`);
        }
      }
    }
  }
  for (let i = 0; i < got.length; i++) if (!touched[i]) expect(got[i], `outside the output at ${i}`).toBe(7);
}
