/** The declarations compile, and say what they should. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import type { Metadata } from '../../compiler/link/metadata.ts';
import { declarations } from '../../targets/declarations.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-types-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hostile = '*/ "};\n`\u2028</script>';
const port = (name: string, shape: number[], dtype: 'float32' | 'bool' = 'float32') => ({
  name,
  shape,
  dtype,
  offset: 64,
});
const metadata = (over: Partial<Metadata>): Metadata => ({
  name: hostile,
  abi: 1,
  compiler: 'espalier 0',
  build: 'simd',
  options: {},
  source: '',
  inputs: [port('x', [1, 28, 28, 1])],
  outputs: [port('y', [1, 10])],
  stateful: false,
  weightBytes: 0,
  arenaBytes: 0,
  memoryBytes: 65536,
  features: [],
  layers: [],
  ...over,
});

/** Messages of the type checker over a program that uses the declarations. */
function check(m: Metadata, use: string): string[] {
  const file = join(folder, 'use.ts');
  writeFileSync(join(folder, 'model.d.ts'), declarations(m));
  writeFileSync(file, `import { load } from './model.js';\nconst m = await load();\n${use}\nexport {};\n`);
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}

test('one input, one output', () => {
  const use = `const y: Float32Array = m.run(new Float32Array(784));
    const all: Float32Array = m.run({ x: new Float32Array(784) }).y;
    const shape: readonly [1, 28, 28, 1] = m.metadata.inputs[0].shape;
    const name: 'y' = m.metadata.outputs[0].name;`;
  expect(check(metadata({}), use)).toEqual([]);
});

test('several, with hostile names', () => {
  const m = metadata({ inputs: [port(hostile, [1, 2]), port('b', [1], 'bool')], outputs: [port('y', [1])] });
  const use = `m.run({ [${JSON.stringify(hostile)}]: new Float32Array(2), b: new Uint8Array(1) }).y.fill(0);`;
  expect(check(m, use)).toEqual([]);
  expect(declarations(m)).not.toMatch(/[\u2028<]\/?script/);
});

test('wrong use is an error of types', () => {
  expect(check(metadata({}), 'm.run({ z: new Float32Array(1) });')).not.toEqual([]);
  expect(check(metadata({}), 'm.run(new Int32Array(784));')).not.toEqual([]);
});
