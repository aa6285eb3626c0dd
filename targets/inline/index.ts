/** One ES module that holds the WebAssembly as base64: for hosts that can't serve or open a second file. */
import { banner, declarations } from '../declarations.ts';
import { loader } from '../loader.ts';
import type { Target } from '../target.ts';

export const inline: Target = ({ name, wasm, metadata }) => {
  const base64 = Buffer.from(wasm.buffer, wasm.byteOffset, wasm.byteLength).toString('base64');
  const source = `Uint8Array.from(atob(\n  '${base64}'), (c) => c.charCodeAt(0))`;
  return new Map([
    [`${name}.js`, loader(source, banner(metadata))],
    [`${name}.d.ts`, declarations(metadata)],
  ]);
};
