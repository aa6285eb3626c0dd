/**
 * Are budgets met? Random budgets of bytes and of time for networks pruned by magnitude, between what 97 % zeros and what the
 * whole network take; the result is compiled and measured anew, as a user would.
 */
import { join } from 'node:path';
import { compare, type Task } from '../compiler/bench/runner.ts';
import { task } from '../compiler/budget/measure.ts';
import { type Budget, compile, load, type Model, prune } from '../compiler/index.ts';
import { portsOf } from '../compiler/ir/graph.ts';
import { random } from '../compiler/ir/random.ts';
import { packageRoot } from '../compiler/package-root.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import { randomSamples } from '../compiler/samples.ts';
import { build } from '../examples/zoo/index.ts';
import { filesOf } from './models.ts';
import { share, table } from './tables.ts';

export type BudgetNetwork = 'lenet-300-100' | 'lenet-5' | 'resnet-8';
export type BudgetKind = keyof Pick<Budget, 'bytes' | 'latencyMs'>;

export interface BudgetRow {
  readonly network: BudgetNetwork;
  readonly kind: BudgetKind;
  readonly asked: number;
  /** Of the result, built and measured anew; of times, how many times faster than the dense build it is now. */
  readonly measured: number;
  /** Share of zeros in pruned layers. */
  readonly sparsity: number;
  /** Modules built on the way. */
  readonly builds: number;
  readonly seconds: number;
}

export interface BudgetBenchOptions {
  readonly networks: readonly BudgetNetwork[];
  /** Random budgets of each kind. */
  readonly count: number;
  readonly onRow?: (row: BudgetRow) => void;
}

/** A measured cost may be so much over the budget: latencies scatter. */
export const slack = 0.05;
/** Least share of zeros that budgets are drawn up to. */
const sparsest = 0.97;

export async function benchBudgets({ networks, count, onRow }: BudgetBenchOptions): Promise<BudgetRow[]> {
  const rows: BudgetRow[] = [];
  for (const network of networks) {
    const model = await open(network);
    const dense = await task('dense', await compile(model, { sparse: false }), sample(model));
    const sparse = await prune(model, { sparsity: sparsest, allocation: 'uniform' });
    for (const kind of ['bytes', 'latencyMs'] as const) {
      const [least, most] = [await costOf(dense, sparse, kind), await costOf(dense, model, kind)];
      const chance = random(7);
      for (let i = 0; i < count; i++) {
        const asked = least * (most / least) ** chance.next();
        const start = performance.now();
        const pruned = await prune(model, { budget: { [kind]: asked } });
        const seconds = (performance.now() - start) / 1000;
        const { sparsity, budget } = pruned.pruning!.report!;
        const measured = await costOf(dense, pruned, kind, budget!.denseMs);
        const row = {
          ...{ network, kind, asked, measured, seconds },
          ...{ sparsity: sparsity.pruned, builds: budget!.builds },
        };
        rows.push(row);
        onRow?.(row);
      }
    }
  }
  return rows;
}

async function open(network: BudgetNetwork): Promise<Model> {
  if (network !== 'resnet-8') return load(join(packageRoot(), 'examples/lenet/models', network));
  const tf = await loadBackend('wasm');
  return load(await filesOf(tf, build(tf, network)));
}

const sample = ({ graph }: Model) => randomSamples(portsOf(graph, graph.inputs), 1, 3)[0];

/**
 * Bytes of the module; or milliseconds of one inference, in turn with the dense build: at the speed that the host has now, or at
 * that at which the dense build took `denseMs`, for clocks change meanwhile.
 */
async function costOf(dense: Task, model: Model, kind: BudgetKind, denseMs?: number): Promise<number> {
  const own = await compile(model);
  if (kind === 'bytes') return own.wasm.length;
  const [, result] = await compare([dense, await task('own', own, sample(model))], {
    minRounds: 40,
    minTimeMs: 300,
  });
  return denseMs === undefined ? result.median : denseMs / result.speedup.value;
}

const unit: Record<BudgetKind, (v: number) => string> = {
  bytes: (v) => `${(v / 1000).toFixed(1)} kB`,
  latencyMs: (v) => `${(1000 * v).toPrecision(3)} µs`,
};

export const rowText = (r: BudgetRow): string =>
  `${r.network} ${unit[r.kind](r.asked)}: ${unit[r.kind](r.measured)}, ${share(r.measured / r.asked)} of it`;

export const isMet = (r: BudgetRow): boolean => r.measured <= r.asked * (1 + slack);

export function budgetTable(rows: readonly BudgetRow[]): string {
  const groups = new Map<string, BudgetRow[]>();
  for (const r of rows) {
    const key = `${r.network} ${r.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  const reach = (values: readonly number[], text: (v: number) => string) =>
    `${text(Math.min(...values))} … ${text(Math.max(...values))}`;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const body = [...groups.values()].map((list) => [
    list[0].network,
    list[0].kind === 'bytes' ? 'bytes of the module' : 'one inference',
    reach(
      list.map((r) => r.asked),
      unit[list[0].kind],
    ),
    `${list.filter(isMet).length} of ${list.length}`,
    reach(
      list.map((r) => r.measured / r.asked),
      share,
    ),
    mean(list.map((r) => r.builds)).toFixed(1),
    mean(list.map((r) => r.seconds)).toFixed(1),
  ]);
  return [
    `Random budgets, pruned by magnitude without data; each result compiled and measured anew. Met: at most ${share(slack)} over. Times are at the clock of the search: what the dense build took then, over how many times faster the result is when measured anew.`,
    table(['network', 'budget of', 'from … to', 'met', 'used', 'modules built', 's'], body),
  ].join('\n\n');
}
