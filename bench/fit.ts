/**
 * `node dist/bench/fit.js FILE…`: fits the constants of the cost model (compiler/kernel-costs.ts) to kernels timed on this machine,
 * and prints them. A file is what `node --no-liftoff dist/bench/kernels.js --all --json=FILE` writes; with `--block=4x1`, of blocks. Constants
 * minimise the mean |log(predicted / measured)|, which a few disturbed measurements don't move, by coordinate descent.
 */
import { readFileSync } from 'node:fs';
import { type Constants, costConstants } from '../compiler/kernel-costs.ts';
import { linearKernels } from '../compiler/kernels.ts';
import { type KernelRow, steadied } from './kernels.ts';

const steps = [1.2, 1.05, 1.01];
const turns = 40;
/** Nanoseconds: what is less is none. */
const least = 0.05;

const rows = process.argv.slice(2).flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as KernelRow[]);
const measured = steadied(rows).flatMap((row) => {
  const kernel = linearKernels.find((k) => k.name === row.kernel);
  return kernel && row.case && row.blocks !== undefined ? [{ ...row, of: kernel }] : [];
});

type Row = (typeof measured)[number];
const miss = (r: Row) => Math.abs(Math.log(r.of.cost(r.case!, r.blocks!) / r.oursNs));
const mean = (rows: readonly Row[]) => rows.reduce((n, r) => n + miss(r), 0) / rows.length;

/** Every constant with a fair chance to be seen in the measurements. */
const constants: Record<string, number>[] = (
  [
    'csr12v',
    'csr7v',
    'csr4v',
    'csr1v',
    'csr4x2v',
    'csr16',
    'csr1',
    'sell4',
    'dense',
    'tile4x8',
    'tile4x4',
    'tile2x16',
    'tile4x1',
    'tile8x1',
    'columns',
    'tile2x1',
    'tile1x4',
  ] satisfies (keyof Constants)[]
).map((name) => costConstants[name]);

const before = mean(measured);
for (let turn = 0; turn < turns; turn++) {
  for (const group of constants) {
    for (const key of Object.keys(group)) {
      for (const step of steps) {
        for (const factor of [step, 1 / step]) {
          const [old, was] = [group[key], mean(measured)];
          group[key] = old * factor;
          if (group[key] < least || mean(measured) >= was) group[key] = old;
        }
      }
    }
  }
}
console.log(
  JSON.stringify(costConstants, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(3)) : v), 1),
);
console.log(
  `mean |log(predicted / measured)| of ${measured.length} rows: ${before.toFixed(3)} before, ${mean(measured).toFixed(3)} now`,
);
for (const kernel of linearKernels) {
  const rows = measured.filter((r) => r.of === kernel);
  if (rows.length > 0) console.log(`${kernel.name}: ${mean(rows).toFixed(3)} in ${rows.length} rows`);
}
