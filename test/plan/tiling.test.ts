/** Layers whose columns are done in parts and whose input is copied in tiles: which, and that the results are those of the whole. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph } from '../../compiler/ir/graph.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { chooseLinear, linearCase, linearKernels } from '../../compiler/kernels.ts';
import { emit } from '../../compiler/pipeline.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { select } from '../../compiler/plan/select.ts';
import { stage } from '../../compiler/plan/stage.ts';
import { type Part, tiled } from '../../compiler/plan/tiling.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { type FormatName, formats } from '../../compiler/sparse/index.ts';
import { execute } from '../execute.ts';
import { Sketch } from '../passes/graphs.ts';
import { generator, randomMatrix } from '../sparse/random.ts';

const problem = { yRow: 784, build: 'simd', objective: 'speed', scratch: true } as const;

function tilingOf(rows: number, cols: number, density: number, pixels: number, more = {}) {
  const w = randomMatrix(rows, cols, density, 1);
  const {
    plane = pixels,
    format,
    ...rest
  } = { plane: undefined, format: undefined, ...more } as {
    plane?: number;
    format?: FormatName;
  };
  const offsets = Int32Array.from({ length: cols }, (_, k) => 4 * plane * ((k * 7) % cols));
  const p = { ...problem, pixels, ...rest };
  const { candidates, ...best } = chooseLinear(w, offsets, p);
  const choice = candidates.find((c) => c.format === format) ?? best;
  return { w, offsets, choice, parts: tiled(w, offsets, linearCase(w, offsets, p), choice) };
}

/** Offsets from x of the planes that are copied. */
const planesIn = ({ tile }: Part): number[] =>
  Array.from({ length: tile!.planes }, (_, p) => tile!.first + p * tile!.stride);

test('parts hold every column once, those that lie together in one part', () => {
  const { w, offsets, parts, choice } = tilingOf(8, 1023, 0.4, 196, { format: 'bsr4x1' });
  expect(choice.format).toBe('bsr4x1');
  expect(parts.length).toBeGreaterThan(1);
  const sorted = [...offsets].sort((a, b) => a - b);
  const columns = new Map(Array.from(offsets, (o, k) => [o, k]));
  let at = 0;
  for (const { packed } of parts) {
    const own = Int32Array.from(sorted.slice(at, (at += packed.cols)));
    const matrix = formats.bsr4x1.unpack(packed, own);
    own.forEach((o, i) => {
      for (let r = 0; r < 8; r++)
        expect(matrix.data[r * own.length + i]).toBe(w.data[r * 1023 + columns.get(o)!]);
    });
  }
  expect(at).toBe(1023);
});

test('parts of a copied input are whole planes, and read the copy', () => {
  const { w, offsets, parts } = tilingOf(64, 1023, 0.4, 196);
  expect(parts.length).toBeGreaterThan(1);
  const seen = parts.flatMap(planesIn);
  expect(seen).toEqual([...offsets].sort((a, b) => a - b));
  const columns = new Map(Array.from(offsets, (o, k) => [o, k]));
  for (const part of parts) {
    const { planes, bytes, first, stride } = part.tile!;
    const inCopy = Int32Array.from({ length: planes }, (_, p) => p * bytes);
    const matrix = formats.csr.unpack(part.packed, inCopy);
    for (let p = 0; p < planes; p++) {
      for (let r = 0; r < 64; r++) {
        const k = columns.get(first + p * stride)!;
        expect(matrix.data[r * planes + p]).toBe(w.data[r * 1023 + k]);
      }
    }
  }
});

test('what fits into the L1 cache, has short rows or nowhere to wait is not cut', () => {
  const cut = (...args: Parameters<typeof tilingOf>) => tilingOf(...args).parts.length > 1;
  expect(cut(64, 1023, 0.4, 196)).toBe(true);
  expect(cut(64, 128, 0.4, 196)).toBe(false);
  expect(cut(64, 1023, 0.03, 196)).toBe(false);
  expect(cut(64, 1023, 0.4, 196, { scratch: false })).toBe(false);
  expect(cut(64, 1023, 0.4, 196, { build: 'scalar' })).toBe(false);
  expect(cut(64, 1023, 0.4, 9)).toBe(false);
});

test('tiles are copied where they strain the caches and are read often', () => {
  const copied = (...args: Parameters<typeof tilingOf>) => tilingOf(...args).parts[0].tile !== undefined;
  expect(copied(128, 128, 0.3, 784)).toBe(true);
  expect(copied(128, 128, 0.05, 784)).toBe(false);
  expect(copied(128, 32, 0.3, 784)).toBe(false);
  expect(copied(128, 128, 0.3, 784, { plane: 28 })).toBe(false);
  expect(copied(128, 128, 0.3, 784, { build: 'scalar' })).toBe(false);
  expect(copied(128, 128, 0.3, 784, { format: 'dense' })).toBe(false);
  expect(copied(128, 128, 0.3, 784, { format: 'bsr4x1' })).toBe(false);
  expect(copied(128, 128, 0.3, 784, { format: 'csr16' })).toBe(true);
});

test('planes that outgrow the cache one by one are a part each', () => {
  const taps = Array.from({ length: 100 }, (_, t) => 4 * 100 * t);
  const offsets = Int32Array.from([0, 65536].flatMap((plane) => taps.map((o) => plane + o)));
  const w = randomMatrix(600, 200, 0.45, 1);
  const p = { ...problem, pixels: 784 };
  const parts = tiled(w, offsets, linearCase(w, offsets, p), chooseLinear(w, offsets, p));
  expect(parts.map(({ tile }) => tile?.planes)).toEqual([1, 1]);
});

test('whatever the planes, entries in parts and copies read what the columns read', () => {
  const shape = fc.record({
    planes: fc.integer({ min: 1, max: 90 }),
    kernel: fc.constantFrom(1, 2, 3),
    pitch: fc.integer({ min: 28, max: 130 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    gap: fc.integer({ min: 0, max: 1500 }),
    rows: fc.constantFrom(1, 33, 120),
    density: fc.constantFrom(0.05, 0.4, 1),
    pixels: fc.integer({ min: 20, max: 900 }),
    shuffled: fc.boolean(),
  });
  let copies = 0;
  fc.assert(
    fc.property(shape, ({ planes, kernel, pitch, dilation, gap, rows, density, pixels, shuffled }) => {
      const taps = Array.from(
        { length: kernel ** 2 },
        (_, t) => 4 * dilation * (Math.floor(t / kernel) * pitch + (t % kernel)),
      );
      const stride = taps.at(-1)! + 4 * (1 + gap);
      const offsets = Int32Array.from(
        Array.from({ length: planes }, (_, c) => taps.map((o) => c * stride + o)).flat(),
      );
      if (shuffled) offsets.reverse();
      const w = randomMatrix(rows, offsets.length, density, rows + planes);
      const c = linearCase(w, offsets, { ...problem, pixels });
      const parts = tiled(w, offsets, c, { kernel: csrKernel, blocks: formats.csr.count(w) });
      if (parts[0].tile) copies++;
      const found = new Map<number, number>();
      for (const { packed, tile } of parts) {
        const { counts, entries } = packed.arrays as { counts: Uint16Array; entries: Uint32Array };
        const weights = new Float32Array(entries.buffer, entries.byteOffset, entries.length);
        let at = 0;
        for (let r = 0; r < rows; r++) {
          for (const end = at + 2 * counts[r]; at < end; at += 2) {
            const [plane, inPlane] = tile ? divide(entries[at], tile.bytes) : [0, entries[at]];
            if (tile) {
              expect(plane).toBeLessThan(tile.planes);
              expect(inPlane).toBeLessThanOrEqual(tile.reach);
              expect(tile.reach + 4 * tile.pixels).toBeLessThanOrEqual(tile.bytes);
            }
            const offset = tile ? tile.first + plane * tile.stride + inPlane : inPlane;
            found.set(offset * rows + r, weights[at + 1]);
          }
        }
      }
      const wanted = new Map<number, number>();
      offsets.forEach((o, k) => {
        for (let r = 0; r < rows; r++) {
          const value = w.data[r * offsets.length + k];
          if (value !== 0) wanted.set(o * rows + r, value);
        }
      });
      expect(found.size).toBe(wanted.size);
      for (const [key, value] of wanted) if (found.get(key) !== value) expect.fail(`entry ${key}`);
    }),
    { numRuns: 80, seed: 7 },
  );
  expect(copies).toBeGreaterThan(5);
});

const csrKernel = linearKernels.find(({ name }) => name === 'f32_linear_csr_1x48')!;
const divide = (n: number, by: number) => [Math.floor(n / by), n % by] as const;

test('offsets that are no planes at even distances are read where they lie', () => {
  const w = randomMatrix(128, 128, 0.3, 1);
  const offsets = Int32Array.from({ length: 128 }, (_, k) => 4096 * k + (k === 77 ? 64 : 0));
  const p = { ...problem, pixels: 784 };
  expect(tiled(w, offsets, linearCase(w, offsets, p), chooseLinear(w, offsets, p))[0].tile).toBeUndefined();
});

test('lines are done one by one where that takes fewer tiles', () => {
  const lines = (rows: number, cols: number, width: number, height: number, more = {}) => {
    const pitch = width + 1;
    const pixels = (height - 1) * pitch + width;
    const { parts } = tilingOf(rows, cols, 0.4, pixels, { width, pitch, format: 'dense', ...more });
    expect(new Set(parts.map((part) => JSON.stringify(part.lines))).size).toBe(1);
    return parts[0].lines;
  };
  expect(lines(64, 64, 8, 8)).toEqual({ count: 8, pixels: 8, bytes: 36 });
  expect(lines(512, 512, 8, 8)).toEqual({ count: 8, pixels: 8, bytes: 36 });
  // 35 pixels of three lines are five tiles, as three times two are six.
  expect(lines(64, 64, 11, 3)).toBeUndefined();
  expect(lines(64, 64, 8, 1)).toBeUndefined();
  expect(lines(64, 64, 8, 8, { build: 'scalar', format: 'csr' })).toEqual({ count: 8, pixels: 8, bytes: 36 });
  expect(lines(64, 64, 7, 2, { build: 'scalar' })).toBeUndefined();
  expect(lines(64, 64, 8, 8, { format: 'bsr4x1' })).toEqual({ count: 8, pixels: 8, bytes: 36 });
  expect(lines(64, 64, 16, 16, { format: 'bsr4x1' })).toEqual({ count: 16, pixels: 16, bytes: 68 });
  expect(lines(64, 64, 8, 80, { format: 'bsr4x1' })).toBeUndefined();
  expect(lines(64, 64, 8, 8, { format: 'bsr2x1' })).toBeUndefined();
  expect(lines(64, 64, 16, 40, { format: 'bsr2x1' })).toEqual({ count: 40, pixels: 16, bytes: 68 });
  // Where nothing is copied, rows of sparse weights rather pass over several tiles.
  expect(lines(8, 64, 28, 28, { format: 'csr' })).toBeUndefined();
  expect(lines(64, 128, 28, 28, { format: 'csr' })).toEqual({ count: 28, pixels: 28, bytes: 116 });
  expect(lines(8, 64, 56, 56, { format: 'csr16' })).toBeUndefined();
});

test('rows walk over few tiles of what stays near, and stream over what lies far and is seldom read', () => {
  const swath = (...args: Parameters<typeof tilingOf>) => {
    const [part] = tilingOf(...args).parts;
    return part.tile ? part.tile.pixels : part.swath;
  };
  const csr = (more = {}) => ({ format: 'csr', ...more });
  // 48 kB of input, 224 pixels at most, whole tiles.
  expect(swath(32, 8, 0.9, 784, csr())).toBe(4 * 48);
  expect(swath(64, 80, 0.2, 784, csr())).toBe(3 * 48);
  expect(swath(64, 64, 0.2, 784, { format: 'bsr4x1' })).toBe(192);
  expect(swath(64, 64, 0.1, 196, { format: 'bsr4x1' })).toBe(192);
  expect(swath(64, 200, 0.4, 784, { format: 'bsr4x1' })).toBe(56);
  // 1.6 MB in, a plane read 6 times: a page of each plane, or 640 kB.
  expect(swath(128, 64, 0.05, 6272, csr())).toBe(21 * 48);
  expect(swath(32, 320, 0.05, 6272, csr())).toBe(10 * 48);
  expect(swath(64, 64, 0.1, 6272, { format: 'bsr4x1' })).toBe(1024);
  expect(swath(128, 4000, 0.01, 784, csr({ plane: 28 }))).toBe(48);
  // The same, read often.
  expect(swath(640, 64, 0.05, 6272, csr())).toBe(4 * 48);
  // 600 kB, read 8 and 10 times.
  expect(swath(128, 64, 0.06, 784, csr())).toBe(21 * 48);
  expect(swath(128, 64, 0.08, 784, csr())).toBe(4 * 48);
  // Copies are one tile.
  expect(swath(256, 128, 0.3, 6272, csr())).toBe(28);
  // Panels of dense weights never stream, and pass over nine tiles or more, or over one.
  expect(swath(8, 8, 1, 784, { format: 'dense' })).toBe(224);
  expect(swath(8, 64, 1, 6272, { format: 'dense' })).toBe(192);
  expect(swath(64, 192, 1, 784, { format: 'dense' })).toBe(8);
  expect(swath(64, 1024, 1, 784, { format: 'dense' })).toBe(8);
  // 256 planes leave room for six tiles, a third of them for 18.
  const taps = Int32Array.from({ length: 9 * 256 }, (_, k) => 4 * (100 * Math.floor(k / 9) + (k % 9)));
  const w = randomMatrix(16, taps.length, 1, 1);
  const p = { ...problem, pixels: 64 };
  const parts = tiled(w, taps, linearCase(w, taps, p), chooseLinear(w, taps, p));
  expect(parts.map((part) => part.swath)).toEqual([144, 144, 144]);
});

describe.each([
  ['dense', 8],
  ['dense', 24],
  ['bsr4x1', 8],
  ['bsr2x1', 16],
  ['csr', 56],
  ['csr16', 28],
] as [FormatName, number][])('%s over lines of %i pixels', (format, width) => {
  test.each(['relu', 'none'])('with %s is the whole', async (activation) => {
    const s = new Sketch();
    const [channels, height] = [96, 9];
    const x = s.input([1, channels, height, width]);
    const first = s.conv(x, channels, 1, { w: s.constant([channels, channels, 1, 1], near(channels)) });
    const { data } = randomMatrix(70, channels * 9, 0.4, 2);
    let y = s.conv(first, 70, 3, { pad: 1, w: s.constant([70, channels, 3, 3], [...data]) });
    if (activation !== 'none') y = s.op(activation, [y]);
    const graph = s.done(s.conv(y, 2, 3, { pad: 1 }));
    const staged = stage(fuse(lower(graph)));
    const [, layer] = select(staged, { build: 'simd', objective: 'speed', sparse: true, format }).values();
    for (const { lines } of layer.parts[0]) expect(lines).toMatchObject({ count: height, pixels: width });
    await expectWhole(graph, format, [1, channels, height, width]);
  });
});

describe.each(['dense', 'csr', 'csr16', 'bsr4x1', 'bsr2x1'] as FormatName[])('%s', (format) => {
  test.each([
    ['relu', false],
    ['relu', true],
    ['tanh', false],
    ['none', true],
  ])('a convolution in parts, with %s (gaps: %s), is the whole', async (activation, gaps) => {
    const s = new Sketch();
    const x = s.input([1, 200, 5, 30]);
    const { data } = randomMatrix(9, 200 * 9, 0.3, 2);
    let y = s.conv(x, 9, 3, { pad: 1, w: s.constant([9, 200, 3, 3], [...data]) });
    if (activation !== 'none') y = s.op(activation, [y]);
    y = s.op('mul', [y, s.constant([1, 9, 1, 1])]);
    // Planes with margins, so that pixels between rows belong to nobody.
    const graph = s.done(gaps ? s.conv(y, 2, 3, { pad: 1 }) : y);
    const next = generator(5);
    const values = Float32Array.from({ length: 200 * 150 }, () => next() - 0.5);
    const inputs = { x: tensor('float32', [1, 200, 5, 30], values) };
    const staged = stage(fuse(lower(graph)));
    const [layer] = select(staged, { build: 'simd', objective: 'speed', sparse: true, format }).values();
    expect(layer.parts[0].length).toBeGreaterThan(1);
    const { wasm, metadata } = await emit(graph, { format });
    expect(metadata.layers[0].format).toBe(format);
    const got = execute(wasm, metadata, inputs).y.data;
    const want = evaluateGraph(graph, inputs).y.data;
    for (let i = 0; i < want.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThan(gaps ? 1e-3 : 2e-4);
  });
});

describe.each(['csr', 'csr16'] as FormatName[])('%s over a copy', (format) => {
  test.each([
    ['1×1 over an image', 96, 1, 40],
    ['3×3, odd rows', 56, 3, 37],
    ['3×3 in parts', 160, 3, 9],
  ])('%s is the whole', async (_, channels, k, width) => {
    const s = new Sketch();
    const x = s.input([1, channels, 20, width]);
    // The first layer gives planes the margins that the second one reads.
    const first = s.conv(x, channels, 1, { w: s.constant([channels, channels, 1, 1], near(channels)) });
    const { data } = randomMatrix(70, channels * k * k, 0.4, 2);
    const w = s.constant([70, channels, k, k], [...data]);
    const y = s.op('relu', [s.conv(first, 70, k, { pad: (k - 1) / 2, w })]);
    // Its output has margins too, so that a call is for the whole plane.
    const graph = s.done(s.conv(y, 2, 3, { pad: 1 }));
    const staged = stage(fuse(lower(graph)));
    const [, layer] = select(staged, { build: 'simd', objective: 'speed', sparse: true, format }).values();
    expect(layer.parts[0].every(({ tile }) => tile !== undefined)).toBe(true);
    await expectWhole(graph, format, [1, channels, 20, width]);
  });
});

test.each(['dense', 'csr', 'bsr4x1'] as FormatName[])('%s over planes that are set apart', async (format) => {
  const s = new Sketch();
  const x = s.input([1, 8, 64, 64]);
  const w = (rows: number, cols: number) =>
    s.constant([rows, cols, 1, 1], [...randomMatrix(rows, cols, 0.3, rows).data]);
  // 2 MB between the layers, read seldom: rows stream.
  const first = s.op('relu', [s.conv(x, 120, 1, { w: w(120, 8) })]);
  const graph = s.done(s.conv(first, 8, 1, { w: w(8, 120) }));
  const staged = stage(fuse(lower(graph)));
  const [, last] = select(staged, { build: 'simd', objective: 'speed', sparse: true, format }).values();
  expect(last.geometry.offsets[1]).toBe(4 * (64 ** 2 + 16));
  expect(last.parts[0][0].swath).toBe(format === 'dense' ? 96 : format === 'csr' ? 1008 : 1024);
  await expectWhole(graph, format, [1, 8, 64, 64]);
});

async function expectWhole(graph: Graph, format: FormatName, shape: readonly number[]): Promise<void> {
  const next = generator(5);
  const values = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => next() - 0.5);
  const inputs = { x: tensor('float32', shape, values) };
  const want = evaluateGraph(graph, inputs).y.data;
  const largest = Math.max(...Array.from(want, Math.abs));
  for (const build of ['simd', 'scalar'] as const) {
    const { wasm, metadata } = await emit(graph, { format, build });
    const got = execute(wasm, metadata, inputs).y.data;
    for (let i = 0; i < want.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThan(1e-5 * largest);
  }
}

/** A matrix that changes little, row-major. */
function near(n: number): number[] {
  return Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : i % 7 === 0 ? 0.01 : 0));
}
