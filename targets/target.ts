/** What a target is: a function from a module to the files that ship it. */
import type { Metadata } from '../compiler/link/metadata.ts';

export interface Package {
  /** The base of file names: see `safeName`. */
  readonly name: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly metadata: Metadata;
}

/** Contents by file name, relative to the output folder. */
export type Files = ReadonlyMap<string, Uint8Array | string>;

export type Target = (module: Package) => Files;

/** A file name that every system takes, from whatever a model calls itself. */
export function safeName(name: string): string {
  const safe = name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, 64);
  return safe === '' || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(safe) ? `model_${safe}` : safe;
}
