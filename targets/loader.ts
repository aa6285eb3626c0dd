/** The loader that ships with a module. It learns inputs and outputs from the module's own section, so it names none of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../compiler/errors.ts';
import { packageRoot } from '../compiler/package-root.ts';

const home = "new URL('./model.wasm', import.meta.url)";

/** `targets/loader.js` with `source`, an expression, as the default of `load()`. */
export function loader(source: string, header: string): string {
  const text = readFileSync(join(packageRoot(), 'targets/loader.js'), 'utf8');
  const [before, after, ...more] = text.split(home);
  assert(after !== undefined && more.length === 0, 'the loader names its module once');
  return `${header}${eager(before)}${source}${eager(after)}`;
}

/** Functions in parentheses, which V8 compiles with the file; others it reads twice, the second time when they are called. */
const eager = (text: string) =>
  text.replace(/^(export )?((?:async )?function (\w+)\([\s\S]*?^\})$/gm, '$1const $3 = ($2);');
