/** Layers whose columns are done in parts: which, and that the parts add up. */
import { describe, expect, test } from 'vitest';
import { tensor } from '../../compiler/ir/tensor.ts';
import { chooseLinear, linearCase } from '../../compiler/kernels.ts';
import { emit } from '../../compiler/pipeline.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { columnParts } from '../../compiler/plan/parts.ts';
import { select } from '../../compiler/plan/select.ts';
import { stage } from '../../compiler/plan/stage.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import type { FormatName } from '../../compiler/sparse/index.ts';
import { execute } from '../execute.ts';
import { Sketch } from '../passes/graphs.ts';
import { generator, randomMatrix } from '../sparse/random.ts';

const problem = { yRow: 784, build: 'simd', objective: 'speed', scratch: true } as const;

function partsOf(rows: number, cols: number, density: number, pixels: number, more = {}) {
  const w = randomMatrix(rows, cols, density, 1);
  const offsets = Int32Array.from({ length: cols }, (_, k) => 4 * pixels * ((k * 7) % cols));
  const p = { ...problem, pixels, ...more };
  const choice = chooseLinear(w, offsets, p);
  return { w, offsets, parts: columnParts(w, offsets, linearCase(w, offsets, p), choice) };
}

test('parts hold every column once, those that lie together in one part', () => {
  const { w, offsets, parts } = partsOf(8, 1023, 0.4, 196);
  expect(parts.length).toBeGreaterThan(1);
  const columns = new Map(Array.from(offsets, (o, k) => [o, k]));
  const seen = parts.flatMap((p) => [...p.offsets]);
  expect(seen).toEqual([...offsets].sort((a, b) => a - b));
  for (const { matrix, offsets: own } of parts) {
    own.forEach((o, i) => {
      for (let r = 0; r < 8; r++)
        expect(matrix.data[r * own.length + i]).toBe(w.data[r * 1023 + columns.get(o)!]);
    });
  }
});

test('what fits into the L1 cache, has short rows or nowhere to wait is not cut', () => {
  expect(partsOf(8, 256, 0.4, 196).parts.length).toBe(1);
  expect(partsOf(8, 1023, 0.03, 196).parts.length).toBe(1);
  expect(partsOf(8, 1023, 0.4, 196, { scratch: false }).parts.length).toBe(1);
  expect(partsOf(8, 1023, 0.4, 196, { build: 'scalar' }).parts.length).toBe(1);
  expect(partsOf(8, 1023, 0.4, 9).parts.length).toBe(1);
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
    // Without gaps a row of the image is a call, too few pixels for the dense kernel to gain.
    expect(layer.packed[0].length > 1).toBe(gaps || format !== 'dense');
    const { wasm, metadata } = await emit(graph, { format });
    expect(metadata.layers[0].format).toBe(format);
    const got = execute(wasm, metadata, inputs).y.data;
    const want = evaluateGraph(graph, inputs).y.data;
    for (let i = 0; i < want.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThan(gaps ? 1e-3 : 2e-4);
  });
});
