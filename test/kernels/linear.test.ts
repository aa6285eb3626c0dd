import { beforeAll, describe, expect, test } from 'vitest';
import { type LinearCase, type LinearKernel, linearKernels } from '../../compiler/kernels.ts';
import type { Matrix } from '../../compiler/sparse/format.ts';
import { formats } from '../../compiler/sparse/index.ts';
import { generator, randomMatrix } from '../sparse/random.ts';
import { builds, type Machine, machine } from './harness.ts';

interface Case {
  readonly rows: number;
  readonly cols: number;
  readonly pixels: number;
  readonly density: number;
  /** Where columns begin, if not a tile apart: in overlapping windows of a plane, or of several as convolutions do, or anywhere; in no order. */
  readonly columns?: keyof typeof columnsAt;
  /** Pixels in lines of so many, so far from each other; those between them stay as they are. */
  readonly width?: number;
  readonly pitch?: number;
  /** Floats between output rows beyond the pixels. */
  readonly gap?: number;
  readonly emptyRow?: number;
  /** Share of zeros among the inputs. */
  readonly zeros?: number;
}

/** The float at which column `k` of `cols` begins. */
const columnsAt = {
  plane: (k: number, cols: number, _pixels: number) => ((k * 4) % cols) * 3,
  planes(k: number, cols: number, pixels: number) {
    const i = (k * 5) % cols;
    const tap = i % 6;
    return Math.floor(i / 6) * (3 * pixels + 20) + Math.floor(tap / 3) * (pixels + 2) + (tap % 3);
  },
  anywhere: (k: number, cols: number, pixels: number) => (((k * 4) % cols) ** 2 + k) * pixels,
};

/** Cases named after the edges of the register tile of `rows` × `pixels`. */
function cases(mr: number, nr: number): Record<string, Case> {
  const usual = { rows: 2 * mr, cols: 9, pixels: nr, density: 0.5 };
  const edges: Record<string, Case> = {
    rows_eq_mr: { ...usual, rows: mr },
    rows_lt_mr: { ...usual, rows: Math.max(1, mr - 1) },
    rows_gt_mr: { ...usual, rows: 2 * mr + 1 },
    rows_eq_1: { ...usual, rows: 1 },
    rows_mod_mr_2: { ...usual, rows: mr + 2 },
    cols_eq_1: { ...usual, cols: 1, density: 1 },
    cols_odd: { ...usual, cols: 17, density: 1 },
    cols_even: { ...usual, cols: 16, density: 1 },
    cols_large: { ...usual, cols: 1031, density: 0.2 },
    all_dense: { ...usual, density: 1 },
    all_zero_row: { ...usual, rows: 2 * mr + 1, emptyRow: mr },
    empty_matrix: { ...usual, density: 0 },
    half_sparse: { ...usual, rows: 13, cols: 32 },
    zero_inputs: { ...usual, cols: 33, zeros: 0.5 },
    zero_inputs_most: { ...usual, rows: 4 * mr, cols: 67, density: 1, zeros: 0.9 },
    zero_inputs_all: { ...usual, zeros: 1 },
    very_sparse: { ...usual, rows: 33, cols: 64, density: 0.05 },
    taps_of_planes: { ...usual, rows: mr + 1, cols: 42, columns: 'planes' },
    columns_anywhere: { ...usual, rows: mr + 1, columns: 'anywhere' },
  };
  if (nr === 1) return edges;
  for (let pixels = 1; pixels <= nr + 1; pixels++)
    edges[`pixels_eq_${pixels}`] = { ...usual, rows: mr + 1, pixels };
  return {
    ...edges,
    pixels_eq_tile: usual,
    pixels_gt_tile: { ...usual, pixels: 2 * nr + 3 },
    pixels_div_tile: { ...usual, pixels: 3 * nr },
    pixels_7x7: { ...usual, pixels: 49 },
    output_gap: { ...usual, pixels: nr + 1, gap: 5 },
    output_gap_pixels_eq_1: { ...usual, rows: mr + 3, pixels: 1, gap: 5 },
    output_gap_pixels_eq_3: { ...usual, rows: mr + 3, pixels: 3, gap: 5 },
    taps_of_a_plane: { ...usual, pixels: 57, columns: 'plane' },
    large_input: { ...usual, cols: 700, pixels: 3 * nr + 5, density: 0.2 },
    large_weights: { rows: 160, cols: 900, pixels: 9, density: 0.9 },
  };
}

/** Cases of a kernel that goes by lines of an image: as many as make one, two and three of its tiles, of every width and with any gap. */
function lineCases(): Record<string, Case> {
  const made: Record<string, Case> = {};
  for (const width of [5, 6, 7, 8]) {
    for (const lines of [2, 3, 4, 5, 7]) {
      const pitch = width + ((lines + width) % 4);
      const pixels = (lines - 1) * pitch + width;
      made[`${lines}_lines_of_${width}`] = {
        rows: 5,
        cols: 33,
        density: 0.4,
        pixels,
        width,
        pitch,
        gap: lines % 3,
      };
    }
  }
  const usual = { rows: 9, cols: 16, pixels: 92, width: 8, pitch: 12 };
  return {
    ...made,
    all_dense: { ...usual, density: 1 },
    all_zero_row: { ...usual, density: 0.5, emptyRow: 4 },
    empty_matrix: { ...usual, density: 0 },
    taps_of_a_plane: { ...usual, density: 0.5, columns: 'plane' },
    large_input: { ...usual, cols: 700, density: 0.1 },
  };
}

for (const build of builds) {
  describe(build, () => {
    let m: Machine;
    beforeAll(async () => {
      m = await machine(build, linearKernels);
    });

    for (const kernel of linearKernels) {
      const [mr, nr] = /_(\d+)x(\d+)$/.exec(kernel.name)!.slice(1).map(Number);
      describe(kernel.name, () => {
        const all = kernel.ownLines ? lineCases() : cases(mr, nr);
        for (const [name, c] of Object.entries(all)) {
          test(name, () => check(m, build, kernel, c));
        }
      });
    }
  });
}

test('inputs that are NaN or infinite are multiplied, those that are zero skipped', async () => {
  const kernel = linearKernels.find((k) => k.format === 'columns')!;
  const [rows, cols] = [7, 9];
  const w = randomMatrix(rows, cols, 1, 2);
  const offsets = Int32Array.from({ length: cols }, (_, k) => 4 * k);
  for (const build of builds) {
    const m = await machine(build, [kernel]);
    for (const special of [NaN, Infinity, -Infinity]) {
      m.reset();
      // The weights of a skipped input count as zero, whatever they are.
      const spoilt = { ...w, data: w.data.slice() };
      for (let r = 0; r < rows; r++) spoilt.data[r * cols + 3] = special;
      const x = Float32Array.of(0.5, special, 0, 0, -0, 2, 0, 1, -1);
      const y = m.room(rows + 4, 7);
      const addresses: Record<string, number> = { x: m.put(x), y, bias: m.put(new Float32Array(rows)) };
      addresses.e0 = (m.put(new Float32Array(rows)) - y) >>> 0;
      addresses.e1 = m.put(new Float32Array(rows).fill(1));
      const { arrays } = formats.columns.pack(spoilt, offsets);
      for (const name of formats.columns.arrays) addresses[name] = m.put(arrays[name]);
      Object.assign(addresses, { rows, cols, pixels: 1, yRow: 4 });
      m.kernels[kernel.name](...kernel.args.map((a) => addresses[a]));
      const expected = Array.from({ length: rows }, (_, r) => w.data[r * cols + 1] * special);
      expect([...m.floats(y, rows)], `${build} ${special}`).toEqual(expected);
    }
  }
});

test('names follow the convention and are unique', () => {
  for (const k of linearKernels) expect(k.name).toMatch(new RegExp(`^f32_linear_${k.format}_\\d+x\\d+$`));
  expect(new Set(linearKernels.map((k) => k.name)).size).toBe(linearKernels.length);
});

function check(m: Machine, build: LinearCase['build'], kernel: LinearKernel, c: Case): void {
  const { rows, cols, pixels, width = pixels, pitch = pixels } = c;
  const contiguous = pixels === 1 && !c.columns;
  const problem = {
    rows,
    cols,
    pixels,
    width,
    pitch,
    yRow: 4 * (pixels + (c.gap ?? 0)),
    contiguous,
    zeros: 0,
    scratch: true,
    build,
  };
  if (!kernel.accepts(problem)) {
    const nr = Number(/\d+$/.exec(kernel.name)![0]);
    const least = kernel.accepts({ ...problem, pixels: nr + 1 }) ? 1 : nr;
    const plain = width === pixels ? pixels === least && cols >= 4 && !c.columns : build !== 'scalar';
    expect(plain, `${kernel.name} refuses a plain case`).toBe(false);
    return;
  }
  m.reset();
  const next = generator(rows * 7919 + cols * 31 + pixels);
  const w = randomMatrix(rows, cols, c.density, rows + cols);
  if (c.emptyRow !== undefined) w.data.fill(0, c.emptyRow * cols, (c.emptyRow + 1) * cols);
  const offsets = Int32Array.from(
    { length: cols },
    (_, k) => 4 * (c.columns ? columnsAt[c.columns](k, cols, pixels) : k * pixels),
  );
  const plane = Math.max(...offsets) / 4 + pixels;
  const signed = (n: number) => Float32Array.from({ length: n }, () => next() * 2 - 1);
  const x = signed(plane);
  for (let i = 0; i < plane; i++) if (next() < (c.zeros ?? 0)) x[i] = next() < 0.5 ? 0 : -0;
  const bias = signed(rows);
  const scale = signed(rows);
  const stride = pixels + (c.gap ?? 0);
  const residual = signed(rows * stride);
  const packed = formats[kernel.format].pack(w, offsets);

  const before = m.room(16, 7);
  const y = m.room(rows * stride + 16, 7);
  const addresses: Record<string, number> = { x: m.put(x), y, bias: m.put(bias), e1: m.put(scale) };
  addresses.e0 = (m.put(residual) - y) >>> 0;
  for (const name of formats[kernel.format].arrays) addresses[name] = m.put(packed.arrays[name]);
  Object.assign(addresses, problem, { swath: 2 * (kernel.walks ?? 1) });
  m.kernels[kernel.name](...kernel.args.map((a) => addresses[a]));

  const got = m.floats(y, rows * stride);
  const { values, bounds } = reference(w, offsets, { x, bias, scale, residual }, pixels, stride);
  for (let r = 0; r < rows; r++) {
    for (let p = 0; p < stride; p++) {
      const i = r * stride + p;
      if (p >= pixels || p % pitch >= width) expect(got[i], `gap after row ${r}`).toBe(7);
      else if (!(Math.abs(got[i] - values[i]) <= bounds[i])) {
        expect.fail(`row ${r} pixel ${p}: ${got[i]}, expected ${values[i]} ± ${bounds[i]}`);
      }
    }
  }
  expect([...m.floats(y + 4 * rows * stride, 16), ...m.floats(before, 16)]).toEqual(new Array(32).fill(7));
}

/** float64 sums, and the bound γ_n · Σ|w·x| on the error of a float32 sum in any order, carried through the epilogue. */
function reference(
  w: Matrix,
  offsets: Int32Array,
  c: { x: Float32Array; bias: Float32Array; scale: Float32Array; residual: Float32Array },
  pixels: number,
  stride: number,
) {
  const u = 2 ** -24;
  const values = new Float64Array(w.rows * stride);
  const bounds = new Float64Array(w.rows * stride);
  for (let r = 0; r < w.rows; r++) {
    for (let p = 0; p < pixels; p++) {
      let sum = c.bias[r];
      let size = Math.abs(sum);
      let terms = 3 + 4;
      for (let k = 0; k < w.cols; k++) {
        const product = w.data[r * w.cols + k] * c.x[offsets[k] / 4 + p];
        if (w.data[r * w.cols + k] !== 0) terms++;
        sum += product;
        size += Math.abs(product);
      }
      const i = r * stride + p;
      values[i] = sum * c.scale[r] + c.residual[i];
      const gamma = (terms * u) / (1 - terms * u);
      bounds[i] = gamma * (size * Math.abs(c.scale[r]) + Math.abs(c.residual[i]));
    }
  }
  return { values, bounds };
}
