/** `<name>.wasm` with an ES module beside it that loads it: Node, browsers, bundlers. */
import { banner, declarations } from '../declarations.ts';
import { loader } from '../loader.ts';
import type { Target } from '../target.ts';

export const esm: Target = ({ name, wasm, metadata }) =>
  new Map<string, Uint8Array | string>([
    [`${name}.wasm`, wasm],
    [`${name}.js`, loader(`new URL('./${name}.wasm', import.meta.url)`, banner(metadata))],
    [`${name}.d.ts`, declarations(metadata)],
  ]);
