import { beforeAll, describe, expect, test } from 'vitest';
import { moveKernels } from '../../compiler/kernels.ts';
import { generator } from '../sparse/random.ts';
import { builds, type Machine, machine } from './harness.ts';

for (const build of builds) {
  describe(build, () => {
    let m: Machine;
    beforeAll(async () => {
      m = await machine(build, moveKernels);
    });

    for (const floats of [1, 4, 5, 27, 28, 29, 32, 56, 61]) {
      test(`tile of ${floats} floats`, () => {
        const whole = 4 * Math.ceil(floats / 4);
        const [planes, xC, yC] = [3, 67, whole + 4];
        m.reset();
        const x = signed(planes * xC);
        const y = m.room(planes * yC, 7);
        m.kernels.f32_move_tile_1x28(m.put(x), y, planes, 4 * xC, 4 * yC, 4 * floats);
        const got = m.floats(y, planes * yC);
        for (let p = 0; p < planes; p++) {
          for (let i = 0; i < floats; i++) expect(got[p * yC + i]).toBe(x[p * xC + i]);
          for (let i = whole; i < yC; i++) expect(got[p * yC + i]).toBe(7);
        }
      });
    }

    for (const w of [1, 2, 3, 4, 7, 8, 9, 16, 17, 31]) {
      test(`split2 width ${w}`, () => {
        const h = 3;
        const xPitch = w + 2;
        const half = (w + 1) >> 1;
        const yPitch = half + 1;
        m.reset();
        const x = signed(h * xPitch);
        const y = m.room(2 * h * yPitch, 7);
        m.kernels.f32_move_split2_1x8(m.put(x), y, 4 * h * yPitch, h, w, 4 * xPitch, 4 * yPitch);
        for (const phase of [0, 1]) {
          const got = m.floats(y + phase * 4 * h * yPitch, h * yPitch);
          for (let r = 0; r < h; r++) {
            for (let j = 0; j < yPitch; j++) {
              expect(got[r * yPitch + j]).toBe(j < half ? x[r * xPitch + 2 * j + phase] : 7);
            }
          }
        }
      });

      for (const channels of [1, 2, 3, 4, 5, 7, 8]) {
        test(`planar width ${w} of ${channels} channels`, () => {
          const h = 2;
          const yPitch = w + 1;
          const yC = h * yPitch + 2;
          m.reset();
          const x = signed(h * w * channels);
          const y = m.room(channels * yC, 7);
          const at = m.put(x);
          m.kernels.f32_move_planar_4x4(
            at,
            y,
            channels,
            h,
            w,
            4 * channels,
            4 * w * channels,
            4 * yC,
            4 * yPitch,
          );
          const expected = new Float32Array(channels * yC).fill(7);
          for (let c = 0; c < channels; c++) {
            for (let r = 0; r < h; r++) {
              for (let j = 0; j < w; j++) expected[c * yC + r * yPitch + j] = x[(r * w + j) * channels + c];
            }
          }
          expect(m.floats(y, expected.length)).toEqual(expected);
        });
      }
    }
  });
}

function signed(n: number): Float32Array {
  const next = generator(n);
  return Float32Array.from({ length: n }, () => next() * 2 - 1);
}
