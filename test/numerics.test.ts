/** Holds docs/NUMERICS.md to the modules: NaN, infinities, signed zeros and subnormals through weights of every format. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../compiler/ir/graph.ts';
import { tensor } from '../compiler/ir/tensor.ts';
import { emit } from '../compiler/pipeline.ts';
import { semantics } from '../compiler/semantics/evaluate.ts';
import { type FormatName, formats } from '../compiler/sparse/index.ts';
import { execute } from './execute.ts';
import { builds } from './kernels/harness.ts';

/** Two blocks of 4 × 4: outputs 0 … 3 read inputs 0 … 3, outputs 4 … 7 read inputs 8 … 11, nothing reads inputs 4 … 7. */
const weights = tensor(
  'float32',
  [8, 12],
  Array.from({ length: 96 }, (_, i) => {
    const [row, col] = [Math.floor(i / 12), i % 12];
    return (row < 4 ? col < 4 : col >= 8) ? 1 + row / 8 : 0;
  }),
);
const ones = () => new Array<number>(12).fill(1);
const sumOf = (row: number) => 4 * (1 + row / 8);
const names = Object.keys(formats) as FormatName[];
/** Formats whose kernels take one pixel; for several the chooser takes another. */
const onePixel: readonly FormatName[] = ['columns', 'sell4', 'bsr1x4'];
/** `columns` stores zeros, as `dense` does. */
const sparseNames = names.filter((n) => n !== 'dense' && n !== 'columns');

const modules = new Map<string, ReturnType<typeof emit>>();

function moduleOf(build: (typeof builds)[number], format: FormatName, pixels: number) {
  const key = `${build} ${format} ${pixels}`;
  const known = modules.get(key);
  if (known) return known;
  const b = new GraphBuilder(semantics, 'numerics');
  const input = b.input('x', 'float32', [pixels, 12]);
  const [y] = b.node('dense', [input, b.constant(weights, 'w')], {}, { name: 'layer' });
  b.output('y', y);
  const made = emit(b.finish(), { build, format });
  modules.set(key, made);
  return made;
}

/** One layer without bias on `pixels` copies of `x`; answers with the first pixel. */
async function layer(build: (typeof builds)[number], format: FormatName, pixels: number, x: number[]) {
  const { wasm, metadata } = await moduleOf(build, format, pixels);
  const all = Array.from({ length: pixels }, () => x).flat();
  const { y: out } = execute(wasm, metadata, { x: tensor('float32', [pixels, 12], all) });
  const { format: used } = metadata.layers[0];
  expect(used === format).toBe(pixels === 1 || !onePixel.includes(format));
  return { used, y: [...out.data].slice(0, 8) };
}

describe.each(builds)('%s', (build) => {
  describe.each([1, 5])('%i pixels', (pixels) => {
    test.each(sparseNames)('%s: what no weight reads reaches no output', async (format) => {
      for (const bad of [NaN, Infinity, -Infinity]) {
        const { used, y } = await layer(build, format, pixels, ones().with(5, bad));
        if (used === 'dense') return;
        expect(y).toEqual(y.map((_, row) => sumOf(row)));
      }
    });

    test.each(names)('%s: what a weight reads does', async (format) => {
      for (const bad of [NaN, Infinity, -Infinity]) {
        const { used, y } = await layer(build, format, pixels, ones().with(2, bad));
        expect(y.slice(0, 4)).toEqual([bad, bad, bad, bad]);
        if ((sparseNames as string[]).includes(used)) expect(y.slice(4)).toEqual([6, 6.5, 7, 7.5]);
      }
    });

    test('dense: zero times infinity is NaN', async () => {
      const { y } = await layer(build, 'dense', pixels, ones().with(5, Infinity));
      expect(y).toEqual(y.map(() => NaN));
    });

    test.each(names)('%s: subnormals are not flushed', async (format) => {
      const tiny = 2 ** -149;
      const { y } = await layer(build, format, pixels, new Array(12).fill(8 * tiny));
      expect(y).toEqual(y.map((_, row) => 8 * tiny * sumOf(row)));
    });
  });
});

test('a negative zero survives what keeps signs', async () => {
  const b = new GraphBuilder(semantics, 'zeros');
  const x = b.input('x', 'float32', [4]);
  const outputs = ['identity', 'neg', 'abs', 'relu', 'tanh'];
  for (const kind of outputs) b.output(kind, b.node(kind, [x], {}, { name: kind })[0]);
  for (const build of builds) {
    const { wasm, metadata } = await emit(b.finish(), { build });
    const y = execute(wasm, metadata, { x: tensor('float32', [4], [-0, 0, -0, 0]) });
    const first = Object.fromEntries(outputs.map((o) => [o, y[o].data[0]]));
    expect(first).toMatchObject({ identity: -0, neg: 0, abs: 0, tanh: -0 });
    expect(Math.abs(first.relu)).toBe(0);
  }
});
