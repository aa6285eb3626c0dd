import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import type { Files } from '../../targets/index.ts';
import type { FileSize, SizeSet } from './types.ts';

/** A file by its path, or bytes under a name. */
export type SizedFile = string | { readonly name: string; readonly bytes: Uint8Array };

/** Of what the compiler makes, what has to be shipped: all but the declarations. */
export const shipped = (files: Files) =>
  [...files]
    .filter(([name]) => !/\.d\.c?ts$/.test(name))
    .map(([name, content]) => ({ name, bytes: Buffer.from(content as Uint8Array) }));

/**
 * What shipping these files costs, as they are and compressed: every file on its own, as a server sends it; gzip at level 9,
 * brotli at quality 11 with a window of 16 MB.
 */
export async function measureSize(files: readonly SizedFile[]): Promise<SizeSet> {
  // All at once: compression runs on other threads.
  const sizes = await Promise.all(
    files.map(async (file): Promise<FileSize> => {
      const { name, bytes } =
        typeof file === 'string' ? { name: basename(file), bytes: await readFile(file) } : file;
      const [gzipped, brotlied] = await Promise.all([gzipAsync(bytes, { level: 9 }), brotli(bytes)]);
      return { name, raw: bytes.length, gzip: gzipped.length, brotli: brotlied.length };
    }),
  );
  const total = (of: 'raw' | 'gzip' | 'brotli') => sizes.reduce((sum, size) => sum + size[of], 0);
  return { files: sizes, raw: total('raw'), gzip: total('gzip'), brotli: total('brotli') };
}

const gzipAsync = promisify(gzip);
const brotliAsync = promisify(brotliCompress);

const brotli = (bytes: Uint8Array) =>
  brotliAsync(bytes, {
    params: {
      [zlib.BROTLI_PARAM_QUALITY]: 11,
      [zlib.BROTLI_PARAM_LGWIN]: 24,
      [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
