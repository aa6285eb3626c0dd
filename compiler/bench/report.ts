import { columnsOf, comparisonRows } from './columns.ts';
import * as format from './format.ts';
import { type Content, type Markup, markup } from './markup.ts';
import { type BarRow, barPlot } from './plot/bars.ts';
import { figures } from './report/figures.ts';
import { layers } from './report/layers.ts';
import { htmlPage } from './report/page.ts';
import { card, dataTable, facts, list, notes, section } from './report/parts.ts';
import { tradeOffs } from './report/tradeoffs.ts';
import { medianInterval } from './stats.ts';
import type { BenchReport } from './types.ts';

/** One HTML page that needs nothing else: no script, no network, both themes. */
export const htmlReport = (report: BenchReport): string =>
  htmlPage(`${report.model.name} · espalier benchmark`, [
    header(report),
    comparison(report),
    latency(report),
    size(report),
    coldStarts(report),
    layers(report),
    report.sweep && tradeOffs(report.sweep),
    method(report),
    notes(report.notes),
  ]);

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

function method({ machine, options, model }: BenchReport): Markup {
  const peak = machine.peak;
  const rows: [string, Content][] = [
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
    facts(rows),
  );
}
