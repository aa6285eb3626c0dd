import { describe, expect, test } from 'vitest';
import { InternalError } from '../../compiler/errors.ts';
import type { Matrix, Packed, PackedArray } from '../../compiler/sparse/format.ts';
import { formats } from '../../compiler/sparse/index.ts';
import { randomMatrix, shuffledOffsets } from './random.ts';

const densities = [0, 0.5, 0.9, 1];
const shapes: [number, number][] = [
  [1, 1],
  [1, 3],
  [3, 1],
  [2, 4],
  [4, 4],
  [5, 7],
  [7, 5],
  [8, 16],
  [17, 33],
];

/** Zeros included. */
const storesAll = new Set(['dense', 'columns']);

for (const format of Object.values(formats)) {
  describe(format.name, () => {
    for (const [rows, cols] of shapes) {
      for (const density of densities) {
        test(`unpack(pack(w)) is w, ${rows}x${cols} at ${density}`, () => {
          const w = randomMatrix(rows, cols, density, rows * 100 + cols);
          const offsets = shuffledOffsets(cols, 9);
          const p = format.pack(w, offsets);
          expect(Object.keys(p.arrays)).toEqual(format.arrays);
          format.validate(p, offsets);
          expect(format.unpack(p, offsets)).toEqual(w);
          expect(byteLength(p)).toBe(format.bytes(w, offsets));
          expect(format.count(w)).toBe(countBlocks(w, format.block, storesAll.has(format.name)));
        });
      }
    }

    test('a view of a larger buffer packs like a copy', () => {
      const w = randomMatrix(6, 9, 0.5, 3);
      const padded = new Float32Array(w.data.length + 1);
      padded.set(w.data, 1);
      const offsets = shuffledOffsets(9, 1);
      expect(format.pack({ ...w, data: padded.subarray(1) }, offsets)).toEqual(format.pack(w, offsets));
    });

    test('validate rejects corrupted arrays', () => {
      const w = randomMatrix(6, 10, 0.6, 5);
      const offsets = shuffledOffsets(10, 2);
      for (const name of format.arrays) {
        for (const [change, corrupt] of Object.entries(corruptions)) {
          if (name === 'weights' && change !== 'short' && change !== 'long') continue;
          const p = format.pack(w, offsets);
          const broken = { ...p, arrays: { ...p.arrays, [name]: corrupt(p.arrays[name]) } };
          expect(() => format.validate(broken, offsets), `${name} ${change}`).toThrow(InternalError);
        }
      }
      const p = format.pack(w, offsets);
      expect(() => format.validate({ ...p, arrays: {} }, offsets)).toThrow(InternalError);
      expect(() => format.validate(p, new Int32Array(10))).toThrow(InternalError);
    });
  });
}

test('padding rows must be zero', () => {
  for (const format of [formats.dense, formats.columns, formats.bsr4x1, formats.bsr2x1]) {
    const offsets = shuffledOffsets(4, 2);
    const p = format.pack(randomMatrix(5, 4, 1, 1), offsets);
    p.arrays.weights[p.arrays.weights.length - 1] = 1;
    expect(() => format.validate(p, offsets), format.name).toThrow(InternalError);
  }
});

test('sell4 fits where a u16 counts the floats up to every column', () => {
  const w = randomMatrix(1, 1, 1, 1);
  expect(formats.sell4.fits!(w, Int32Array.of(4 * 65535))).toBe(true);
  expect(formats.sell4.fits!(w, Int32Array.of(4 * 65536))).toBe(false);
  expect(formats.sell4.fits!(w, Int32Array.of(2))).toBe(false);
});

test('csr16 fits where a u16 counts the floats between neighbours of a row', () => {
  const w = randomMatrix(1, 2, 1, 1);
  const alone = { ...w, data: Float32Array.of(0, 1) };
  expect(formats.csr16.fits!(w, Int32Array.of(4 * 65535, 0))).toBe(true);
  expect(formats.csr16.fits!(w, Int32Array.of(0, 8 * 65535))).toBe(false);
  expect(formats.csr16.fits!(w, Int32Array.of(4 * 65535, 8 * 65535))).toBe(true);
  expect(formats.csr16.fits!(alone, Int32Array.of(4 * 65535, 8 * 65535))).toBe(false);
  expect(formats.csr16.fits!(w, Int32Array.of(0, 2))).toBe(false);
});

test('a weight outside its 1x4 block is rejected', () => {
  const offsets = shuffledOffsets(6, 2);
  const p = formats.bsr1x4.pack(randomMatrix(1, 6, 1, 1), offsets);
  p.arrays.weights[4] = 1;
  expect(() => formats.bsr1x4.validate(p, offsets)).toThrow(InternalError);
});

const corruptions: Record<string, (a: PackedArray) => PackedArray> = {
  short: (a) => a.slice(0, -1),
  long: (a) => {
    const longer = new (a.constructor as Float32ArrayConstructor)(a.length + 1);
    longer.set(a);
    return longer;
  },
  lying: (a) => edited(a, 0, a[0] + 1),
  huge: (a) => edited(a, 0, 0x7fffffff),
};

function edited(a: PackedArray, at: number, value: number): PackedArray {
  const copy = a.slice();
  copy[at] = value;
  return copy;
}

function byteLength(p: Packed): number {
  return Object.values(p.arrays).reduce((n, a) => n + a.byteLength, 0);
}

function countBlocks(w: Matrix, [height, width]: readonly [number, number], all: boolean): number {
  let n = 0;
  for (let r = 0; r < w.rows; r += height) {
    for (let k = 0; k < w.cols; k += width) {
      let kept = all;
      for (let i = r; i < Math.min(r + height, w.rows); i++) {
        for (let j = k; j < Math.min(k + width, w.cols); j++) if (w.data[i * w.cols + j] !== 0) kept = true;
      }
      if (kept) n++;
    }
  }
  return n;
}
