import * as format from './format.ts';
import type { BenchReport, ColdStart, SizeSet, Variant } from './types.ts';

/** A column of the comparison, for all renderers. Columns that hold nothing are left out. */
export interface Column<Row> {
  readonly head: string;
  /** Narrow outputs drop high numbers first; 0 always stays. */
  readonly priority: number;
  readonly cell: (row: Row) => string | undefined;
  /** A plot of the page shows it. */
  readonly plotted?: boolean;
}

/** A line of the comparison: a variant, or a baseline that is no program. */
export interface ComparisonRow extends Partial<Omit<Variant, 'kind'>> {
  readonly title: string;
  readonly kind: Variant['kind'] | 'baseline';
}

export function comparisonRows(report: BenchReport): ComparisonRow[] {
  const rows: ComparisonRow[] = [...report.variants];
  const baseline = (title: string, facts: { size?: SizeSet; coldStart?: ColdStart }) =>
    rows.push({ title, kind: 'baseline', ...facts });
  if (report.zeroedDense) baseline('dense file, pruned weights zeroed', { size: report.zeroedDense });
  if (report.emptyProcess) baseline('empty Node process', { coldStart: report.emptyProcess });
  return rows;
}

const comparisonColumns: readonly Column<ComparisonRow>[] = [
  { head: '', priority: 0, cell: (v) => v.title },
  { head: 'median', priority: 0, cell: (v) => v.latency && format.duration(v.latency.median) },
  { head: 'p95', priority: 4, cell: (v) => v.latency && format.duration(v.latency.p95) },
  { head: 'speedup', priority: 0, cell: (v) => v.latency?.speedup && format.ratio(v.latency.speedup.value) },
  { head: '95 % interval', priority: 3, cell: (v) => v.latency?.speedup && interval(v) },
  { head: 'cold start', priority: 2, cell: (v) => v.coldStart && coldStartCell(v) },
  { head: 'raw', priority: 2, plotted: true, cell: (v) => v.size && format.bytes(v.size.raw) },
  { head: 'gzip', priority: 5, plotted: true, cell: (v) => v.size && format.bytes(v.size.gzip) },
  { head: 'brotli', priority: 0, cell: (v) => v.size && format.bytes(v.size.brotli) },
  { head: 'memory', priority: 4, cell: (v) => optional(v.peakMemory, format.bytes) },
  { head: 'resident', priority: 3, plotted: true, cell: (v) => v.coldStart && format.bytes(v.coldStart.rss) },
  { head: 'top-1', priority: 1, cell: (v) => v.accuracy && format.percent(v.accuracy.top1, 2) },
  { head: 'agrees', priority: 4, cell: (v) => v.agreement && format.percent(v.agreement.top1Agreement, 2) },
  { head: 'max error', priority: 5, cell: (v) => v.agreement && format.deviation(v.agreement.maxAbs) },
  { head: 'rel. L2', priority: 6, cell: (v) => v.agreement && format.deviation(v.agreement.relL2) },
];

/** The columns that hold something. */
export function columnsOf(rows: readonly ComparisonRow[]): readonly Column<ComparisonRow>[] {
  return comparisonColumns.filter((column) => rows.some((row) => column.cell(row) !== undefined));
}

/** Against itself the reference has none. */
function interval({ latency, kind }: ComparisonRow): string | undefined {
  const { low, high } = latency!.speedup!;
  return kind === 'reference' && low === high
    ? undefined
    : `${format.significant(low)}–${format.ratio(high)}`;
}

/** An empty process has no first result: its whole life is what the others pay on top. */
const coldStartCell = ({ kind, coldStart }: ComparisonRow) =>
  kind === 'baseline' ? `(${format.duration(coldStart!.wall)})` : format.duration(coldStart!.median);

const optional = <T>(value: T | undefined, write: (value: T) => string) =>
  value === undefined ? undefined : write(value);
