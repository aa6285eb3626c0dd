import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coldStart } from '../../compiler/bench/coldstart.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-cold-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function moduleOf(name: string, source: string): Promise<string> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, source);
  return path;
}

test('runs variants in fresh processes, alternating, and reads what they print', async () => {
  const log = join(folder, 'order');
  const source = `
    import { appendFileSync } from 'node:fs';
    const [log, name, ms, pages] = process.argv.slice(2);
    appendFileSync(log, name);
    globalThis.held = Buffer.alloc(Number(pages), 1);
    console.log('some talk before');
    console.log(JSON.stringify({ ms: Number(ms), rss: process.resourceUsage().maxRSS * 1024 }));`;
  const module = await moduleOf('variant', source);
  const shares: number[] = [];
  const { variants, empty } = await coldStart(
    [
      { name: 'a', module, args: [log, 'a', '7', '0'] },
      { name: 'b', module, args: [log, 'b', '9', '64000000'] },
    ],
    { rounds: 2, onRound: (share) => shares.push(share) },
  );
  expect(await readFile(log, 'utf8')).toBe('ab' + 'ab' + 'ba');
  expect(variants.map((v) => [v.name, v.median, v.samples.length])).toEqual([
    ['a', 7, 2],
    ['b', 9, 2],
  ]);
  expect(variants[1].rss - variants[0].rss).toBeGreaterThan(48e6);
  expect(empty.median).toBe(0);
  expect(empty.wall).toBeGreaterThan(5);
  expect(shares.at(-1)).toBe(1);
});

test('starts processes through a command', async () => {
  const source = `console.log(JSON.stringify({ ms: Number(process.env.SLOWNESS), rss: 1 }));`;
  const module = await moduleOf('through', source);
  const { variants } = await coldStart([{ name: 'a', module }], {
    rounds: 1,
    through: ['env', 'SLOWNESS=23'],
  });
  expect(variants[0].median).toBe(23);
});

test('a child that fails, is silent or hangs is an error that says so', async () => {
  const failing = await moduleOf('failing', `throw new Error('no weights here')`);
  const silent = await moduleOf('silent', `console.log('done')`);
  const hanging = await moduleOf('hanging', 'setInterval(() => {}, 1000)');
  const run = (name: string, module: string, timeoutMs?: number) =>
    coldStart([{ name, module }], { rounds: 1, timeoutMs });
  await expect(run('failing', failing)).rejects.toMatchObject({
    code: 'E_TOOLCHAIN',
    message: 'cold start of failing ended with status 1',
    hint: expect.stringContaining('no weights here'),
  });
  await expect(run('silent', silent)).rejects.toThrow('printed no {"ms", "rss"} line');
  await expect(run('hanging', hanging, 800)).rejects.toThrow('was ended by SIGTERM');
});
