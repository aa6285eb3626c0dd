/** What pruning did, counted on the constants of the resulting graph. */
import type { Graph } from '../ir/graph.ts';
import type { Agreement } from './answers.ts';
import type { PrunableLayer } from './layers.ts';
import type { Budget } from './options.ts';

export interface LayerReport {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly weights: number;
  readonly zeros: number;
  readonly macs: number;
  readonly method: string;
  /** Error of the layer's outputs over their energy, where it was fitted to samples. */
  readonly loss?: number;
  /** Why the layer was left alone, where it was. */
  readonly kept?: string;
}

/** How a budget was met. */
export interface BudgetReport {
  readonly asked: Budget;
  /** Of what the budget limits, before the last module was built. */
  readonly predicted: Budget;
  readonly measured: Budget;
  /** What the dense build took meanwhile; `measured.latencyMs` is this, over how many times faster the module was. */
  readonly denseMs?: number;
  /** Modules built on the way. */
  readonly builds: number;
}

export interface PruneReport {
  readonly method: string;
  readonly allocation: string;
  readonly granularity: string;
  /** Where a budget was asked for; `layers` say which level each has. */
  readonly budget?: BudgetReport;
  readonly layers: readonly LayerReport[];
  /** Share of zeros among the weights of pruned layers, of all prunable layers, and among all parameters. */
  readonly sparsity: { readonly pruned: number; readonly prunable: number; readonly parameters: number };
  /** As `agreement`, before fine-tuning, where that came after fitted masks. */
  readonly untrained?: Agreement;
  /** With the dense graph; only with samples. */
  readonly agreement?: Agreement;
  /** The same on the samples that decide; only where a budget limits the drop. */
  readonly decided?: Agreement;
  readonly notes: readonly string[];
}

export const countZeros = (data: ArrayLike<number>): number => {
  let n = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === 0) n++;
  return n;
};

const share = (zeros: number, of: number) => (of === 0 ? 0 : zeros / of);
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

/** Zeros of every layer of `after`; `layers` are those of the graph before, in the same order. */
export function layerReports(
  after: readonly PrunableLayer[],
  note: (index: number) => Pick<LayerReport, 'method' | 'loss' | 'kept'>,
): LayerReport[] {
  return after.map((l, i) => ({
    name: l.name,
    rows: l.rows,
    cols: l.cols,
    weights: l.weights.length,
    zeros: countZeros(l.weights),
    macs: l.macs,
    ...note(i),
  }));
}

export function sparsityOf(graph: Graph, layers: readonly LayerReport[]): PruneReport['sparsity'] {
  const pruned = layers.filter((l) => l.kept === undefined);
  const constants = [...graph.values.values()].filter((v) => v.data && v.dtype === 'float32');
  return {
    pruned: share(sum(pruned.map((l) => l.zeros)), sum(pruned.map((l) => l.weights))),
    prunable: share(sum(layers.map((l) => l.zeros)), sum(layers.map((l) => l.weights))),
    parameters: share(
      sum(constants.map((v) => countZeros(v.data!))),
      sum(constants.map((v) => v.data!.length)),
    ),
  };
}
