/** `<name>.wasm` with a CommonJS module beside it that loads it: Node programs that `require`, such as many serverless functions. */
import { assert } from '../../compiler/errors.ts';
import { banner, declarations } from '../declarations.ts';
import { loader } from '../loader.ts';
import type { Target } from '../target.ts';

export const cjs: Target = ({ name, wasm, metadata }) =>
  new Map<string, Uint8Array | string>([
    [`${name}.wasm`, wasm],
    [`${name}.cjs`, commonJs(loader(`\`\${__dirname}/${name}.wasm\``, banner(metadata)))],
    [`${name}.d.cts`, declarations(metadata)],
  ]);

/** In the form in which Node finds the names for `import` too. */
function commonJs(text: string): string {
  const names: string[] = [];
  const body = text.replace(/^export ((?:const|class) (\w+))/gm, (_, declared, name) => {
    names.push(name);
    return declared;
  });
  assert(names.length > 0 && !/^export /m.test(body), 'the loader exports functions and classes');
  return `${body}\nmodule.exports = { ${names.join(', ')} };\n`;
}
