/**
 * Random networks, twenty side by side in one module: every statement of their meaning agrees with every other. More of them:
 * `NETWORKS=2000 npx vitest run test/random/networks.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import { printGraph } from '../../compiler/ir/print.ts';
import type { SelectOptions } from '../../compiler/plan/select.ts';
import { disagreements, moduleDisagreements } from './agree.ts';
import { type Network, networks } from './grow.ts';
import { shrink } from './shrink.ts';

type Options = Pick<SelectOptions, 'build'> & Partial<SelectOptions>;

const size = 20;
const count = Number(process.env.NETWORKS ?? 100);
const batches = Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size);

/** Each batch runs in two builds; together they see all formats. */
const variants: readonly Options[] = [
  { build: 'simd' },
  { build: 'simd', sparse: false },
  { build: 'simd', format: 'csr' },
  { build: 'simd', format: 'bsr4x1' },
  { build: 'simd', format: 'bsr2x1' },
  { build: 'simd', objective: 'size' },
  { build: 'simd', format: 'columns' },
  { build: 'simd', format: 'sell4' },
];

/** The first faulty network of a batch, shrunk, as text. */
async function report(seeds: readonly number[], faults: (n: Network) => Promise<string[]>): Promise<string> {
  const found = (n: Network) => faults(n).catch((error: Error) => [error.message]);
  for (const seed of seeds) {
    const n = networks([seed]);
    const kind = (await found(n))[0];
    if (kind === undefined) continue;
    const small = await shrink(n, async (m) => (await found(m)).length > 0);
    return `seed ${seed}: ${kind}\n${printGraph(small.graph)}`;
  }
  return 'no network of the batch fails alone';
}

describe.each(batches)('networks from %i', (from) => {
  const seeds = Array.from({ length: size }, (_, i) => from + i);
  const all = networks(seeds);
  const check = async (faults: (n: Network) => Promise<string[]>) => {
    const found = await faults(all).catch((error: Error) => [error.message]);
    if (found.length > 0) expect.fail(`${found.slice(0, 5).join('\n')}\n${await report(seeds, faults)}`);
  };

  test('plans and memory map', () => check(async (n) => disagreements(n)), 120_000);

  const mixed = variants[(from / size) % variants.length];
  test.each([{ build: 'scalar' } as Options, mixed])(
    'module %j',
    (o) => check((n) => moduleDisagreements(n, o)),
    300_000,
  );
});
