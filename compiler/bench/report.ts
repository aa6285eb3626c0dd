import { columnsOf, comparisonRows } from './columns.ts';
import * as format from './format.ts';
import { type Content, type Markup, markup } from './markup.ts';
import { type BarRow, barPlot, multiplesPlot } from './plot/bars.ts';
import { linePlot, paretoPlot, type Series, type ValueAxis } from './plot/xy.ts';
import { medianInterval } from './stats.ts';
import { style } from './style.ts';
import type { BenchReport, LayerFacts, Sweep, SweepPoint, Variant } from './types.ts';

/** One HTML page that needs nothing else: no script, no network, both themes. */
export function htmlReport(report: BenchReport): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${report.model.name} · espalier benchmark</title>
<style>${styleSheet}</style>
</head>
<body>
<main>
${[
  header(report),
  comparison(report),
  latency(report),
  size(report),
  coldStarts(report),
  layers(report),
  report.sweep && tradeOffs(report.sweep),
  method(report),
  notes(report),
]}</main>
</body>
</html>
`.text;
}

const styleSheet = trusted(style);

/** Our own text, not to be escaped. */
function trusted(text: string): Markup {
  return markup(Object.assign([text], { raw: [text] }) as unknown as TemplateStringsArray);
}

function section(title: string, lead: string, content: Content): Markup {
  return markup`<section>
<h2>${title}</h2>
<p>${lead}</p>
${content}</section>
`;
}

const card = (content: Content) => markup`<div class="card">
${content}</div>
`;

function header(report: BenchReport): Markup {
  const { name, hash, inputs, outputs, params } = report.model;
  const tensors = (of: typeof inputs) =>
    of.map((t) => `${t.name} ${format.shape(t.shape)} ${t.dtype}`).join(', ');
  return markup`<header>
<p>espalier benchmark</p>
<h1>${name}</h1>
<p>${tensors(inputs)} → ${tensors(outputs)} · ${format.count(params)} parameters · <code title="${hash}">${hash.slice(0, 12)}</code></p>
${figures(report)}</header>
`;
}

interface Figure {
  readonly name: string;
  readonly figure: string;
  readonly context: string;
  readonly good?: boolean;
}

/** The four or five numbers that matter: the sparse build against the reference. */
function figures(report: BenchReport): Content {
  const sparse = report.variants.find((v) => v.kind === 'sparse');
  const reference = report.variants.find((v) => v.kind === 'reference');
  if (!sparse) return undefined;
  const speedup = sparse.latency?.speedup;
  const list: (Figure | undefined)[] = [
    speedup && {
      name: 'Faster',
      figure: format.ratio(speedup.value),
      context: `${format.significant(speedup.low)}–${format.ratio(speedup.high)} against ${reference?.title ?? 'the reference'}`,
      good: speedup.low > 1,
    },
    sparse.size && {
      name: 'To download',
      figure: format.bytes(sparse.size.brotli),
      context: reference?.size ? `brotli; ${format.bytes(reference.size.brotli)} before` : 'brotli',
    },
    report.layers.length > 0
      ? {
          name: 'Zeros',
          figure: format.percent(sparsityOf(report.layers)),
          context: 'of the weights in the module',
        }
      : undefined,
    sparse.accuracy && {
      name: 'Top-1',
      figure: format.percent(sparse.accuracy.top1, 2),
      context: `${change(sparse, reference)} on ${format.count(sparse.accuracy.n)} samples`,
    },
    sparse.coldStart && {
      name: 'Cold start',
      figure: format.duration(sparse.coldStart.median),
      context: reference?.coldStart
        ? `to the first result; ${format.duration(reference.coldStart.median)} before`
        : 'to the first result',
    },
  ];
  return markup`<dl class="figures">
${list.map(
  (f) =>
    f &&
    markup`<div><dt>${f.name}</dt><dd class="figure${f.good && ' good'}">${f.figure}</dd><dd class="context">${f.context}</dd></div>
`,
)}</dl>
`;
}

const sparsityOf = (layers: readonly LayerFacts[]) =>
  1 - layers.reduce((sum, l) => sum + l.nnz, 0) / layers.reduce((sum, l) => sum + l.rows * l.cols, 0);

function change(variant: Variant, reference: Variant | undefined): string {
  if (!reference?.accuracy) return 'measured';
  const points = (variant.accuracy!.top1 - reference.accuracy.top1) * 100;
  const text = Math.abs(points).toFixed(2);
  return points === 0 ? 'unchanged' : `${points > 0 ? '+' : '−'}${text} points`;
}

function comparison(report: BenchReport): Markup {
  const rows = comparisonRows(report);
  return section(
    'Comparison',
    'Medians of runs that alternate in one process. Speedup is the time of the reference over the time of the row; agreement and errors are against the original model.',
    dataTable(
      columnsOf(rows).filter((c) => !c.plotted),
      rows,
      (row) => row.kind,
    ),
  );
}

interface TableColumn<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | undefined;
  /** Class of its cells: `text` is set left. */
  readonly look?: string;
}

function dataTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  look?: (row: Row) => string,
): Markup {
  return markup`<div class="card table">
<table>
<thead><tr>${columns.map((c) => markup`<th scope="col"${classed(c.look)}>${c.head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (
    row,
  ) => markup`<tr${classed(look?.(row))}>${columns.map((c) => markup`<td${classed(c.look)}>${c.cell(row)}</td>`)}</tr>
`,
)}</tbody>
</table>
</div>
`;
}

const classed = (name: string | undefined) => name !== undefined && markup` class="${name}"`;

function latency({ variants }: BenchReport): Content {
  const rows = variants
    .filter((v) => v.latency)
    .map(({ title, kind, latency }): BarRow => {
      const { median, samples, speedup } = latency!;
      const times = speedup ? `  ·  ${format.ratio(speedup.value)}` : '';
      const interval = samples.length > 1 ? medianInterval(samples, 1) : undefined;
      return {
        label: title,
        tone: kind,
        bars: [{ value: median, interval, text: format.duration(median) + times }],
      };
    });
  if (rows.length === 0) return undefined;
  return section(
    'Latency',
    'One inference, one thread: the median, with its 95 % interval.',
    card(barPlot({ id: 'latency', title: 'Latency', description: describe(rows) }, rows)),
  );
}

function size(report: BenchReport): Content {
  const rows = comparisonRows(report)
    .filter((row) => row.size)
    .map(({ title, kind, size }): BarRow => {
      const { raw, gzip, brotli } = size!;
      const bars = Object.entries({ raw, gzip, brotli });
      return {
        label: title,
        tone: kind,
        bars: bars.map(([name, value]) => ({ value, text: `${format.bytes(value)} ${name}` })),
      };
    });
  if (rows.length === 0) return undefined;
  return section(
    'Size',
    'Everything that must be shipped to run the model: as it is, with gzip 9 and with brotli 11. The zeroed dense file is what compression alone would save.',
    card(barPlot({ id: 'size', title: 'Size', description: describe(rows) }, rows)),
  );
}

function coldStarts({ variants, emptyProcess }: BenchReport): Content {
  const rows = variants
    .filter((v) => v.coldStart)
    .map(({ title, kind, coldStart }): BarRow => {
      const { median, interval, rss } = coldStart!;
      const text = `${format.duration(median)}  ·  ${format.bytes(rss)} resident`;
      return { label: title, tone: kind, bars: [{ value: median, interval, text }] };
    });
  if (rows.length === 0) return undefined;
  const empty = emptyProcess
    ? ` A process that does nothing lives ${format.duration(emptyProcess.wall)} and holds ${format.bytes(emptyProcess.rss)}.`
    : '';
  return section(
    'Cold start',
    `From the bytes to the first result, in a fresh process each time.${empty}`,
    card(barPlot({ id: 'cold-start', title: 'Cold start', description: describe(rows) }, rows)),
  );
}

/** A plot in words: `dense: 1.2 ms; sparse: 0.3 ms`. */
const describe = (rows: readonly BarRow[]) =>
  rows.map((r) => `${r.label}: ${r.bars.map((b) => b.text).join(', ')}`).join('; ');

function layers({ layers, machine }: BenchReport): Content {
  if (layers.length === 0) return undefined;
  const timed = layers.some((l) => l.measuredNs !== undefined || l.predictedNs !== undefined);
  const columns = [
    {
      title: 'zeros',
      tone: 'dense shade1',
      limit: 1,
      cells: layers.map((l) => ({ value: l.sparsity, text: format.percent(l.sparsity) })),
    },
    {
      title: 'bytes, of dense',
      tone: 'sparse',
      cells: layers.map((l) => ({ value: l.bytes, ghost: l.denseBytes, text: format.bytes(l.bytes) })),
    },
    {
      title: 'time, and predicted',
      tone: 'sparse',
      cells: layers.map(timeCell),
    },
  ];
  const rows = layers.map((l) => ({ label: l.name, detail: `${l.op} · ${l.format}` }));
  const description = layers
    .map((l) => `${l.name}: ${format.percent(l.sparsity)} zeros, ${format.bytes(l.bytes)}`)
    .join('; ');
  return section(
    'Layers',
    'Where the zeros are and what they bring. The pale bar is the dense layer; the tick is the time that the cost model predicted.',
    [
      card(
        multiplesPlot(
          { id: 'layers', title: 'Layers', description },
          rows,
          timed ? columns : columns.slice(0, 2),
        ),
      ),
      dataTable(layerColumns(layers, machine.peak?.gmacs), layers),
    ],
  );
}

function timeCell({ measuredNs, predictedNs }: LayerFacts) {
  const ns = measuredNs ?? predictedNs;
  if (ns === undefined) return undefined;
  const tick = measuredNs === undefined ? undefined : predictedNs;
  return { value: ns, tick, text: format.duration(ns / 1e6) };
}

function layerColumns(layers: readonly LayerFacts[], peak: number | undefined): TableColumn<LayerFacts>[] {
  const rate = (l: LayerFacts) => (l.measuredNs ? l.macs / l.measuredNs : undefined);
  const write = <T>(value: T | undefined, as: (value: T) => string) =>
    value === undefined ? undefined : as(value);
  const columns: TableColumn<LayerFacts>[] = [
    { head: 'layer', cell: (l) => format.shortened(l.name, 32) },
    { head: 'operator', look: 'text', cell: (l) => l.op },
    { head: 'form', look: 'text', cell: (l) => l.form },
    { head: 'output', cell: (l) => format.shape(l.shape) },
    { head: 'weights', cell: (l) => `${l.rows}×${l.cols}` },
    { head: 'non-zero', cell: (l) => format.count(l.nnz) },
    { head: 'zeros', cell: (l) => format.percent(l.sparsity) },
    { head: 'format', look: 'text', cell: (l) => l.format },
    { head: 'kernel', look: 'text', cell: (l) => l.kernel },
    { head: 'bytes', cell: (l) => format.bytes(l.bytes) },
    { head: 'dense', cell: (l) => format.bytes(l.denseBytes) },
    { head: 'MACs', cell: (l) => format.quantity(l.macs) },
    { head: 'predicted', cell: (l) => write(l.predictedNs, (ns) => format.duration(ns / 1e6)) },
    { head: 'measured', cell: (l) => write(l.measuredNs, (ns) => format.duration(ns / 1e6)) },
    { head: 'GMAC/s', cell: (l) => write(rate(l), format.significant) },
    { head: 'of peak', cell: (l) => write(peak && rate(l), (r) => format.percent(r / peak!, 0)) },
    { head: 'why', look: 'text reason', cell: (l) => l.reason },
  ];
  return columns.filter((c) => layers.some((l) => c.cell(l) !== undefined));
}

function tradeOffs({ metric, dense, points }: Sweep): Content {
  if (points.length === 0) return undefined;
  const rule = dense === undefined ? undefined : { at: dense, title: `dense ${format.percent(dense, 2)}` };
  const write = (v: number, step: number) => format.percent(v, step < 0.01 ? 1 : 0);
  const accuracy: ValueAxis = {
    title: metric,
    format: write,
    bounds: [0, 1],
    floor: usefulFloor(points),
    rule,
  };
  const sparsity = { title: 'zeros in the weights', format: write };
  const plots: Content[] = [
    linePlot(
      { id: 'accuracy-sparsity', title: `${metric} against sparsity`, description: describePoints(points) },
      seriesOf(points, (p) => p.sparsity),
      sparsity,
      accuracy,
    ),
  ];
  const pareto = (
    id: string,
    title: string,
    x: (p: SweepPoint) => number | undefined,
    write: (v: number) => string,
  ) => {
    const series = seriesOf(points, x);
    if (series.length === 0) return;
    const caption = { id, title: `${metric} against ${title}`, description: describePoints(points) };
    plots.push(paretoPlot(caption, series, { title, format: write }, accuracy));
  };
  pareto('accuracy-bytes', 'bytes of the module', (p) => p.bytes, format.bytes);
  pareto('accuracy-latency', 'time of one inference', (p) => p.latency, format.duration);
  return section(
    'Trade-offs',
    'What each method keeps at each sparsity. The dashed line joins the points that no other beats; a ring marks the recommended one.',
    plots.map(card),
  );
}

/** Well below the best method at its worst sparsity: a collapsing method must not flatten the others. */
function usefulFloor(points: readonly SweepPoint[]): number {
  const best = new Map<number, number>();
  for (const { sparsity, accuracy } of points) {
    best.set(sparsity, Math.max(accuracy, best.get(sparsity) ?? 0));
  }
  const lowest = Math.min(...best.values());
  return lowest - 0.75 * Math.max(Math.max(...best.values()) - lowest, 0.01);
}

/** One series a method; that of the recommended point comes first. */
function seriesOf(points: readonly SweepPoint[], x: (p: SweepPoint) => number | undefined): Series[] {
  const chosen = points.filter((p) => p.chosen);
  const methods = [...new Set([...chosen, ...points].map((p) => p.method))];
  return methods
    .map((name) => ({
      name: format.shortened(name, 24),
      points: points
        .filter((p) => p.method === name && x(p) !== undefined)
        .map((p) => ({
          x: x(p)!,
          y: p.accuracy,
          interval: p.interval,
          chosen: p.chosen,
          title: pointTitle(p),
        })),
    }))
    .filter((s) => s.points.length > 0);
}

const pointTitle = (p: SweepPoint) =>
  [
    p.method,
    `${format.percent(p.sparsity)} zeros`,
    format.percent(p.accuracy, 2),
    p.bytes !== undefined && format.bytes(p.bytes),
    p.latency !== undefined && format.duration(p.latency),
  ]
    .filter((part) => part !== false)
    .join(', ');

const describePoints = (points: readonly SweepPoint[]) => points.map(pointTitle).join('; ');

function method({ machine, options, model }: BenchReport): Markup {
  const peak = machine.peak;
  const facts: [string, Content][] = [
    ['Command', markup`<code>${machine.command}</code>`],
    ['Date', machine.date],
    [
      'Processor',
      `${machine.cpu}, ${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}, ${format.bytes(machine.memory)}`,
    ],
    ['System', machine.os],
    ['Engine', machine.engine],
    [
      'Peak of one thread',
      peak &&
        `${format.significant(peak.gmacs)} GMAC/s in f32, ${format.significant(peak.l1GBs)} GB/s from L1`,
    ],
    ['Packages', list(machine.versions)],
    ['Options', list(options)],
    ['Source model', markup`<code>sha256 ${model.hash}</code>`],
  ];
  return section(
    'How it was measured',
    'The same command on the same machine gives the same report, but for the noise that the intervals show.',
    card(markup`<dl class="facts">
${facts.map(
  ([name, value]) =>
    value !== undefined &&
    value !== '' &&
    markup`<dt>${name}</dt><dd>${value}</dd>
`,
)}</dl>
`),
  );
}

const list = (record: Readonly<Record<string, unknown>>) =>
  Object.entries(record)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

function notes({ notes }: BenchReport): Content {
  if (notes.length === 0) return undefined;
  return markup`<section>
<h2>Notes</h2>
<ul class="notes">
${notes.map(
  (note) => markup`<li>${note}</li>
`,
)}</ul>
</section>
`;
}
