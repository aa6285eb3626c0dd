import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type Column, type ComparisonRow, columnsOf, comparisonRows } from './columns.ts';
import * as format from './format.ts';
import type { BenchReport } from './types.ts';

export interface TerminalTableOptions {
  /** Characters in a line; columns of less weight give way. */
  readonly width?: number;
  /** Colours follow this stream, NO_COLOR and FORCE_COLOR. */
  readonly stream?: NodeJS.WriteStream;
}

/** The comparison as a table for the terminal. */
export function terminalTable(report: BenchReport, options: TerminalTableOptions = {}): string {
  const { stream = process.stdout } = options;
  const width = options.width ?? stream.columns ?? 120;
  const all = comparisonRows(report);
  const columns = fitting(columnsOf(all), all, width);
  const rows = all.filter(
    (row) => row.kind !== 'baseline' || columns.some((c, i) => i > 0 && c.cell(row) !== undefined),
  );
  const table = new Table({
    head: columns.map((c) => styleText('bold', c.head, { stream })),
    colAligns: columns.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: ruled,
  });
  const colours = { reference: 'dim', dense: 'reset', sparse: 'green', baseline: 'dim' } as const;
  for (const row of rows) {
    table.push(columns.map((c) => styleText(colours[row.kind], cellText(c, row), { stream })));
  }
  return table.toString();
}

const ruled = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  right: '',
  mid: '',
  'mid-mid': '',
  'left-mid': '',
  'right-mid': '',
  middle: '  ',
};

const maxTitle = 40;

const cellText = (column: Column<ComparisonRow>, row: ComparisonRow) =>
  format.shortened(format.printable(column.cell(row) ?? ''), maxTitle);

/** Drops columns, the least important and rightmost first, until a line fits. */
function fitting(
  columns: readonly Column<ComparisonRow>[],
  rows: readonly ComparisonRow[],
  width: number,
): readonly Column<ComparisonRow>[] {
  const widthOf = (c: Column<ComparisonRow>) =>
    Math.max(c.head.length, ...rows.map((row) => [...cellText(c, row)].length));
  const total = columns.reduce((sum, c) => sum + widthOf(c) + 2, -2);
  const lowest = Math.max(...columns.map((c) => c.priority));
  if (total <= width || lowest === 0) return columns;
  const drop = columns.findLastIndex((c) => c.priority === lowest);
  return fitting(columns.toSpliced(drop, 1), rows, width);
}

/** The comparison as a GitHub-flavoured Markdown table. */
export function markdownTable(report: BenchReport): string {
  const rows = comparisonRows(report);
  const columns = columnsOf(rows);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map((c) => c.head)),
    line(columns.map((_, i) => (i === 0 ? ':--' : '--:'))),
    ...rows.map((row) => line(columns.map((c) => markdown(c.cell(row) ?? '')))),
    '',
  ].join('\n');
}

/** Plain text inside a Markdown table cell. */
const markdown = (text: string) => format.printable(text).replace(/[\\`*_~[\]<>&|#]/g, '\\$&');
