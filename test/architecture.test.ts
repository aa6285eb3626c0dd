/** Holds docs/ARCHITECTURE.md to the code: who may import whom, where knowledge lives, and how large files grow. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { linearKernels, moveKernels, windowKernels } from '../compiler/kernels.ts';
import { ops } from '../compiler/ops/index.ts';
import { formats } from '../compiler/sparse/index.ts';

const root = new URL('..', import.meta.url).pathname;

function files(folder: string, ending = '.ts'): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith(ending))
    .map((e) => relative(root, join(e.parentPath, e.name)))
    .sort();
}

const sources = [...files('compiler'), ...files('targets')];
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Layers, lowest first. A file belongs to the first prefix that fits and imports from its own layer and those before it. */
const layers: readonly (readonly string[])[] = [
  ['compiler/errors.ts', 'compiler/package-root.ts', 'compiler/progress.ts', 'compiler/debug.ts'],
  ['compiler/ir/'],
  ['compiler/plan/expr.ts', 'compiler/plan/view.ts', 'compiler/plan/forms.ts'],
  ['compiler/ops/'],
  ['compiler/semantics/'],
  ['compiler/import/', 'compiler/passes/', 'compiler/prune/'],
  ['compiler/sparse/', 'compiler/kernels.ts', 'compiler/kernel-costs.ts'],
  ['compiler/plan/'],
  ['compiler/codegen/'],
  ['compiler/link/'],
  ['targets/'],
  [
    'compiler/check.ts',
    'compiler/options.ts',
    'compiler/pipeline.ts',
    'compiler/model.ts',
    'compiler/samples.ts',
    'compiler/record.ts',
  ],
  ['examples/'],
  ['compiler/'],
];
const layerOf = (file: string) =>
  layers.findIndex((l) => l.some((p) => file === p || (p.endsWith('/') && file.startsWith(p))));

function importsOf(file: string): string[] {
  const found = [...read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((m) => m[1]);
  return found.map((f) => normalize(join(dirname(file), f)));
}

describe('import direction', () => {
  test.each(sources)('%s', (file) => {
    const own = layerOf(file);
    expect(own, 'is on a layer').toBeGreaterThanOrEqual(0);
    for (const to of importsOf(file)) {
      const other = layerOf(to);
      expect(other, `${file} imports ${to}`).toBeGreaterThanOrEqual(0);
      expect(other, `${file} imports ${to}, which lies above it`).toBeLessThanOrEqual(own);
    }
  });
});

test('no operator is named behind the lowering', () => {
  const kinds = [...ops.keys()];
  for (const file of [
    ...files('compiler/plan'),
    ...files('compiler/codegen'),
    ...files('compiler/link'),
    ...files('targets'),
  ]) {
    const named = kinds.filter((k) => new RegExp(`(kind|op)\\s*===?\\s*'${k}'`).test(read(file)));
    expect(named, file).toEqual([]);
  }
});

test('no operator knows a sparse format', () => {
  for (const kind of ops.keys()) expect(kind).not.toMatch(/sparse|csr|bsr/i);
});

test('every operator has samples; what is no member of a family has a test of its own or is named in one', () => {
  const tests = files('test/ops').map((f) => [f, read(f)] as const);
  for (const op of ops.values()) {
    expect(op.samples.length, op.kind).toBeGreaterThan(0);
    if (!/\bdefineOp[<(]/.test(read(`compiler/ops/${op.kind}.ts`))) continue;
    const tested = tests.some(
      ([f, text]) => f === `test/ops/${op.kind}.test.ts` || text.includes(`'${op.kind}'`),
    );
    expect(tested, `${op.kind} is in no test of test/ops`).toBe(true);
  }
});

test('every exported kernel has a row, every row an exported kernel', () => {
  const exported = new Set<string>();
  for (const file of files('runtime/kernels')) {
    for (const m of read(file).matchAll(/export function (f32_\w+)/g)) exported.add(m[1]);
  }
  const rows = [...linearKernels, ...windowKernels, ...moveKernels].map((k) => k.name);
  expect(rows.toSorted()).toEqual([...exported].toSorted());
  for (const name of rows)
    expect(name).toMatch(/^f32_(linear|depthwise|maxpool|avgpool|move)_[a-z0-9]+_\d+x\d+$/);
});

test('every format is in a file of its own name or family', () => {
  const names = new Set(files('compiler/sparse').map((f) => f.replace(/^.*\/|\.ts$/g, '')));
  for (const f of Object.keys(formats))
    expect(
      [...names].some((n) => f.startsWith(n)),
      f,
    ).toBe(true);
});

const limits: readonly [prefix: string, lines: number][] = [
  ['compiler/ops/', 400],
  ['compiler/passes/', 250],
  ['compiler/sparse/', 200],
  ['compiler/pipeline.ts', 150],
  ['', 450],
];

test.each(sources)('%s is not too long', (file) => {
  const [, limit] = limits.find(([p]) => file.startsWith(p))!;
  expect(read(file).split('\n').length).toBeLessThanOrEqual(limit);
});

test.each(sources)('%s throws only catalogued errors', (file) => {
  expect(read(file)).not.toMatch(/throw new (Error|TypeError|RangeError)\(/);
});

test('nothing that decides bytes depends on time, chance or environment', () => {
  for (const file of sources.filter((f) => /compiler\/(ir|ops|passes|plan|sparse|codegen|link)\//.test(f))) {
    expect(read(file), file).not.toMatch(/Date\.now|new Date|Math\.random|process\.env|performance\.now/);
  }
});
