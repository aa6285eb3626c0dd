/** Budgets on the command line: what is written is within, and what can't be is not written. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from '../../compiler/cli/program.ts';
import { readMetadata } from '../../compiler/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { mlp } from '../import/models.ts';

vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'espalier-cli-budget-'));
const at = (...path: string[]) => join(folder, ...path);

/** 20 → 40 → 4, 960 weights. */
beforeAll(async () => {
  for (const [name, bytes] of Object.entries(await mlp(20, 40, 4))) writeFileSync(at(name), bytes);
  writeFileSync(at('x.f32'), Float32Array.from({ length: 400 * 20 }, random(5).normal));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function compiled(out: string, ...flags: string[]) {
  const code = await run(['compile', at('model.json'), '-o', at(out), '--name', 'net', '--quiet', ...flags]);
  if (!existsSync(at(out))) return { code };
  const wasm = readFileSync(at(out, 'net.wasm'));
  const left = readMetadata(wasm).layers.reduce((n, l) => n + l.nnz, 0);
  return { code, bytes: wasm.length, left };
}

test('--max-bytes', async () => {
  const dense = await compiled('dense');
  const limit = dense.bytes! - 1200;
  const { code, bytes, left } = await compiled('bytes', '--max-bytes', `${limit / 1000}kB`);
  expect(code).toBe(0);
  expect(bytes).toBeLessThanOrEqual(limit);
  expect(left).toBeLessThan(dense.left!);
});

test.each([
  ['calibration', ['--calibrate'], false],
  ['fine-tuning', ['--epochs', '1', '--batch', '50', '--data'], { epochs: 1 }],
])('--max-bytes with %s', async (name, flags, finetune) => {
  const { bytes: whole } = await compiled('whole');
  const limit = whole! - 1200;
  const { code, bytes, left } = await compiled(
    name,
    '--max-bytes',
    `${limit / 1000}kB`,
    ...flags,
    at('x.f32'),
  );
  expect(code).toBe(0);
  expect(bytes).toBeLessThanOrEqual(limit);
  const { options } = readMetadata(readFileSync(at(name, 'net.wasm')));
  expect(options.pruning).toMatchObject({ method: 'alps', data: expect.any(String) });
  if (finetune) expect(options.pruning).toMatchObject({ finetune });
  expect(left).toBeLessThan(960);
});

test('--max-macs', async () => {
  const { code, left } = await compiled('macs', '--max-macs', '0.4k');
  expect(code).toBe(0);
  expect(left).toBeLessThanOrEqual(400);
  expect(left).toBeGreaterThan(300);
});

test('--max-latency', async () => {
  expect(await compiled('latency', '--max-latency', '10s')).toMatchObject({ code: 0, left: 960 });
});

// Of so small a network nothing that costs less than 20 points makes it faster.
test('--max-drop', async () => {
  const flags = ['--calibrate', at('x.f32'), '--max-drop'];
  const [strict, loose] = [await compiled('strict', ...flags, '1'), await compiled('loose', ...flags, '40')];
  expect([strict.code, loose.code]).toEqual([0, 0]);
  expect(loose.left).toBeLessThan(strict.left!);
});

test.each([
  ['--max-bytes', '1kB'],
  ['--max-latency', '1ns'],
])('%s %s, which nothing meets, writes nothing', async (...flags) => {
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const { code, bytes } = await compiled('never', ...flags);
  const said = err.mock.calls.join('');
  err.mockRestore();
  expect({ code, bytes }).toEqual({ code: 1, bytes: undefined });
  expect(said).toContain('E_BUDGET');
});
