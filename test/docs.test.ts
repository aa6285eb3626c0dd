/** Documents that are made from the code say what the code says, and programs in them are right. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { withTemporary } from '../compiler/output.ts';
import { configSchema } from '../scripts/config-schema.ts';
import { operatorsPage } from '../scripts/operators.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test.each([
  ['OPERATORS.md', operatorsPage],
  ['config.schema.json', configSchema],
])('docs/%s is what `npm run docs` writes', (name, written) => {
  expect(read(`../docs/${name}`)).toBe(written());
});

test('programs in the README pass the type checker', { timeout: 60_000 }, async () => {
  const programs = [...read('../README.md').matchAll(/^```js\n(.*?)^```/gms)].map((m) => m[1]);
  const ours = programs.filter((p) => p.includes("from 'espalier'"));
  expect(ours.length).toBeGreaterThan(0);
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const reasons = await withTemporary(async (folder) => {
    const files = ours.map((text, i) => {
      const file = join(folder, `program${i}.mts`);
      writeFileSync(file, text);
      return file;
    });
    const paths = { espalier: [join(root, 'compiler/index.ts')] };
    const typeRoots = [join(root, 'node_modules/@types')];
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false, paths, typeRoots });
    const found = files.flatMap((f) => ts.getPreEmitDiagnostics(program, program.getSourceFile(f)));
    return found.map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  });
  expect(reasons).toEqual([]);
});
