/** asc as it is published and asc from its cache make the same module; whatever is wrong with the cache, asc loads. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

// Unpacked files find what asc depends on from inside its package only.
const parent = join(dirname(dirname(fileURLToPath(import.meta.resolve('assemblyscript/asc')))), '.cache');
mkdirSync(parent, { recursive: true });
const folder = mkdtempSync(join(parent, 'test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cache = join(folder, 'asc');
const loader = new URL('../../compiler/link/asc-load.js', import.meta.url).href;

/** A module made in a fresh process, as hex. */
function compiled(): string {
  const program = `
    import { loadAsc } from ${JSON.stringify(loader)};
    const asc = await loadAsc(${JSON.stringify(cache)});
    const { error } = await asc.main(['m.ts', '--outFile', 'm.wasm', '-O3', '--runtime', 'stub'], {
      readFile: (name) => (name === 'm.ts' ? 'export function f(x: f32): f32 { return Mathf.exp(x * 2); }' : null),
      writeFile: (name, data) => process.stdout.write(Buffer.from(data).toString('hex')),
      listFiles: () => [],
    });
    if (error) throw error;`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

test('the first run unpacks, the next one reads that, a broken cache is made anew', {
  timeout: 300_000,
}, () => {
  const first = compiled();
  expect(first).toMatch(/^0061736d/);
  expect(readdirSync(folder)).toEqual(['asc']);
  expect(readdirSync(cache).sort()).toEqual(['asc.js', 'assemblyscript.js', 'binaryen.js', 'binaryen.wasm']);
  expect(statSync(join(cache, 'binaryen.js')).size).toBeLessThan(1 << 20);
  // Only what is read from the cache can notice this.
  const marker = join(folder, 'read');
  writeFileSync(
    join(cache, 'assemblyscript.js'),
    `import { writeFileSync as w } from 'node:fs'; w(${JSON.stringify(marker)}, '');\n`,
    { flag: 'a' },
  );
  expect(compiled()).toBe(first);
  expect(existsSync(marker)).toBe(true);
  writeFileSync(join(cache, 'binaryen.wasm'), new Uint8Array(100));
  expect(compiled()).toBe(first);
  expect(statSync(join(cache, 'binaryen.wasm')).size).toBeGreaterThan(1 << 20);
});
