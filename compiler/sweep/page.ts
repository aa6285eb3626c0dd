/** A sweep as one HTML page: trade-offs, all points, sensitivities, and what to take. */
import * as format from '../bench/format.ts';
import { type Content, type Markup, markup } from '../bench/markup.ts';
import { multiplesPlot } from '../bench/plot/bars.ts';
import { htmlPage } from '../bench/report/page.ts';
import { card, dataTable, facts, list, notes, section, type TableColumn } from '../bench/report/parts.ts';
import { tradeOffs } from '../bench/report/tradeoffs.ts';
import { isFound, pointName, scoreOf, timeOf } from './recommend.ts';
import type { PointResult, SweepResult } from './types.ts';

/** `command` makes the recommended module. */
export const sweepPage = (result: SweepResult, command: string | undefined): string =>
  htmlPage(`${result.name} · espalier sweep`, [
    header(result, command),
    trade(result),
    table(result),
    sensitivity(result),
    method(result),
    notes(result.notes),
  ]);

function header({ name, identity, points, recommendation }: SweepResult, command?: string): Markup {
  return markup`<header>
<p>espalier sweep</p>
<h1>${name}</h1>
<p>${format.count(points.length)} points · <code title="${identity.model}">${identity.model.slice(0, 12)}</code></p>
</header>
${section(
  'Recommendation',
  recommendation.text,
  command !== undefined &&
    card(markup`<code>${command}</code>
`),
)}`;
}

function trade({ points, metric, dense, recommendation }: SweepResult): Content {
  const several = new Set(points.map((p) => p.allocation)).size > 1;
  return tradeOffs({
    metric,
    dense: dense.accuracy,
    points: points.filter(isFound).map((p) => ({
      method: several ? pointName(p) : `${p.method} · ${p.granularity}`,
      sparsity: p.zeros ?? p.sparsity,
      accuracy: scoreOf(p),
      bytes: p.brotli,
      latency: timeOf(p),
      chosen: p.id === recommendation.point,
    })),
  });
}

function table({ points, metric, recommendation }: SweepResult): Content {
  const write = <T>(value: T | undefined, as: (value: T) => string) =>
    value === undefined ? undefined : as(value);
  const all: TableColumn<SweepResult['points'][number]>[] = [
    { head: 'point', cell: (p) => pointName(p) },
    { head: 'asked', cell: (p) => format.percent(p.sparsity) },
    { head: 'zeros', cell: (p) => write(p.zeros, format.percent) },
    { head: metric, cell: (p) => write(p.accuracy ?? p.agreement, (v) => format.percent(v, 2)) },
    { head: 'module', cell: (p) => write(p.bytes, format.bytes) },
    { head: 'brotli', cell: (p) => write(p.brotli, format.bytes) },
    { head: 'predicted', cell: (p) => write(p.predictedNs, (ns) => format.duration(ns / 1e6)) },
    { head: 'measured', cell: (p) => write(p.latency?.median, format.duration) },
    { head: 'to dense', cell: (p) => write(p.latency?.speedup.value, format.ratio) },
    { head: '', look: 'text', cell: (p) => p.error ?? (p.pareto ? 'frontier' : undefined) },
  ];
  const columns = all.filter((c) => points.some((p) => c.cell(p) !== undefined));
  const look = (p: PointResult) => (p.id === recommendation.point ? 'sparse' : '');
  return section(
    'Points',
    'All that was tried. Points of the frontier are beaten by no other in quality, bytes and time at once.',
    dataTable(columns, points, look),
  );
}

/** A column each: few enough to be read. */
const shownLevels = 6;

function sensitivity({ sensitivity: all }: SweepResult): Content {
  const layers = all.filter((l) => l.levels.length > 0);
  if (layers.length === 0) return undefined;
  const count = new Map<number, number>();
  for (const { sparsity } of layers.flatMap((l) => l.levels))
    count.set(sparsity, (count.get(sparsity) ?? 0) + 1);
  const shared = [...count].filter(([, n]) => 2 * n >= layers.length).map(([s]) => s);
  const levels = shared.sort((a, b) => a - b).slice(-shownLevels);
  const cell = (layer: (typeof layers)[number], level: number) =>
    layer.levels.find((l) => l.sparsity === level);
  const limit = Math.max(1e-12, ...layers.flatMap((l) => levels.map((s) => cell(l, s)?.divergence ?? 0)));
  const columns = levels.map((level) => ({
    title: format.percent(level, 0),
    tone: 'sparse',
    limit,
    cells: layers.map((l) => {
      const divergence = cell(l, level)?.divergence;
      return divergence === undefined ? undefined : { value: divergence, text: format.deviation(divergence) };
    }),
  }));
  const description = layers
    .map(
      (l) =>
        `${l.name}: ${l.levels.map((v) => `${format.percent(v.sparsity, 0)} ${format.deviation(v.divergence)}`).join(', ')}`,
    )
    .join('; ');
  return section(
    'Sensitivity',
    'How far the answers move from those of the dense network when one layer alone loses this share of its weights: the mean divergence on held-out samples, all on one scale.',
    card(
      multiplesPlot(
        { id: 'sensitivity', title: 'Sensitivity of the layers', description },
        layers.map((l) => ({ label: l.name, detail: '' })),
        columns,
      ),
    ),
  );
}

function method({ machine, identity }: SweepResult): Markup {
  return section(
    'How it was measured',
    'Sizes are of all files that ship, in brotli. Modules were timed in turn with the dense build, in one process, after all pruning was done.',
    facts([
      ['Command', markup`<code>${machine.command}</code>`],
      ['Date', machine.date],
      ['Processor', `${machine.cpu}, ${machine.cores} cores, ${format.bytes(machine.memory)}`],
      ['System', machine.os],
      ['Engine', machine.engine],
      ['Packages', list(machine.versions)],
      ['Source model', markup`<code>sha256 ${identity.model}</code>`],
    ]),
  );
}
