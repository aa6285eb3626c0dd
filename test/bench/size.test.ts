import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { measureSize, shipped } from '../../compiler/bench/size.ts';

test('adds up files that are compressed one by one, from disk and from memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-size-'));
  const zeros = new Uint8Array(10_000);
  const text = Buffer.from('edge '.repeat(400));
  await writeFile(join(folder, 'zeros.bin'), zeros);
  const size = await measureSize([join(folder, 'zeros.bin'), { name: 'text', bytes: text }]);
  await rm(folder, { recursive: true });

  expect(size.files.map((f) => [f.name, f.raw])).toEqual([
    ['zeros.bin', 10_000],
    ['text', 2000],
  ]);
  expect(size.raw).toBe(12_000);
  expect(size.gzip).toBe(gzipSync(zeros, { level: 9 }).length + gzipSync(text, { level: 9 }).length);
  expect(size.brotli).toBeLessThanOrEqual(brotliCompressSync(zeros).length + brotliCompressSync(text).length);
  expect(size.brotli).toBe(size.files[0].brotli + size.files[1].brotli);
});

test('no file is no byte', async () => {
  expect(await measureSize([])).toEqual({ files: [], raw: 0, gzip: 0, brotli: 0 });
});

test('declarations are not shipped', () => {
  const files = new Map(['m.wasm', 'm.js', 'm.d.ts', 'm.cjs', 'm.d.cts'].map((name) => [name, name]));
  expect(shipped(files).map((f) => f.name)).toEqual(['m.wasm', 'm.js', 'm.cjs']);
});
