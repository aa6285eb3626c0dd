import { max } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { shortened } from '../format.ts';
import { type Markup, markup } from '../markup.ts';
import { bar, type Caption, fontSize, gridLine, plotWidth, svg, textWidth, whisker } from './svg.ts';

export interface BarRow {
  readonly label: string;
  /** Class of the colour: `reference`, `dense`, `sparse`, `baseline`. */
  readonly tone: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly value: number;
  /** 95 % interval. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** Written at the end of the bar. */
  readonly text: string;
}

const labelLetters = 34;
const gap = 10;

/** Horizontal bars from zero, one group a row, each labelled at its end; no axis is needed to read them. */
export function barPlot(caption: Caption, rows: readonly BarRow[]): Markup {
  const barHeight = rows.some((r) => r.bars.length > 1) ? 13 : 20;
  const labels = rows.map((r) => shortened(r.label, labelLetters));
  const left = Math.max(...labels.map((l) => textWidth(l))) + gap;
  const right = Math.max(...rows.flatMap((r) => r.bars.map((b) => textWidth(b.text)))) + 2 * gap;
  const x = scaleLinear()
    .domain([0, max(rows, (r) => max(r.bars, reach)) || 1])
    .range([left, plotWidth - right]);

  let y = 4;
  const groups = rows.map((row, i) => {
    const top = y;
    const height = row.bars.length * (barHeight + 3) - 3;
    y += height + 14;
    return markup`<g>
<text class="label" x="${left - gap}" y="${top + Math.min(height, barHeight) / 2 + fontSize * 0.36}" text-anchor="end">${labels[i]}${labels[i] !== row.label && markup`<title>${row.label}</title>`}</text>
${row.bars.map((b, k) => oneBar(b, `${row.tone} shade${k}`, top + k * (barHeight + 3)))}</g>
`;
  });

  function oneBar(b: Bar, tone: string, top: number): Markup {
    const middle = top + barHeight / 2;
    return markup`${bar(tone, left, top, Math.max(x(b.value) - left, 1), barHeight)}${
      b.interval && whisker(x(b.interval.low), x(b.interval.high), middle)
    }<text class="value" x="${x(reach(b)) + gap * 0.7}" y="${middle + fontSize * 0.36}">${b.text}</text>`;
  }

  return svg(caption, plotWidth, y - 8, [gridLine(left, 0, y - 10), ...groups]);
}

const reach = (b: Bar) => Math.max(b.value, b.interval?.high ?? 0);

export interface MultiplesRow {
  readonly label: string;
  /** Beside the label, quieter. */
  readonly detail: string;
}

export interface Multiple {
  readonly title: string;
  /** Class of the colour. */
  readonly tone: string;
  /** End of the scale; the largest value or ghost by default. */
  readonly limit?: number;
  /** One cell a row. */
  readonly cells: readonly (MultipleCell | undefined)[];
}

export interface MultipleCell {
  readonly value: number;
  /** What it would be otherwise: a pale bar behind. */
  readonly ghost?: number;
  /** A prediction: a tick across. */
  readonly tick?: number;
  readonly text: string;
}

const rowHeight = 22;
const head = 26;
const columnGap = 22;

/** Bars side by side that share their rows: several properties of each layer, each on a scale of its own. */
export function multiplesPlot(
  caption: Caption,
  rows: readonly MultiplesRow[],
  columns: readonly Multiple[],
): Markup {
  const labels = rows.map((r) => shortened(r.label, 22));
  const details = rows.map((r) => shortened(r.detail, 26));
  const detailAt = Math.max(...labels.map((l) => textWidth(l))) + gap;
  const left = detailAt + Math.max(...details.map((d) => textWidth(d, fontSize - 1))) + columnGap;
  const width = (plotWidth - left - columnGap * (columns.length - 1)) / columns.length;
  const height = head + rows.length * rowHeight + 4;

  const names = rows.map((row, i) => {
    const y = head + (i + 0.5) * rowHeight + fontSize * 0.36;
    return markup`<text class="label" x="0" y="${y}">${labels[i]}${labels[i] !== row.label && markup`<title>${row.label}</title>`}</text><text class="detail" x="${detailAt}" y="${y}">${details[i]}</text>
`;
  });

  const panels = columns.map((column, c) => {
    const x0 = left + c * (width + columnGap);
    const texts = Math.max(...column.cells.map((cell) => (cell ? textWidth(cell.text) : 0))) + gap;
    const limit =
      column.limit ??
      max(column.cells, (cell) => cell && Math.max(cell.value, cell.ghost ?? 0, cell.tick ?? 0));
    const x = scaleLinear()
      .domain([0, limit || 1])
      .range([0, width - texts]);
    const cells = column.cells.map((cell, i) => cell && oneCell(cell, head + i * rowHeight + 4));

    function oneCell(cell: MultipleCell, y: number): Markup {
      const h = rowHeight - 8;
      const end = Math.max(x(cell.value), x(cell.ghost ?? 0), x(cell.tick ?? 0));
      return markup`${cell.ghost !== undefined && bar('ghost', x0, y, Math.max(x(cell.ghost), 1), h)}${bar(
        column.tone,
        x0,
        y,
        Math.max(x(cell.value), 1),
        h,
      )}${
        cell.tick !== undefined &&
        markup`<line class="tick" x1="${x0 + x(cell.tick)}" x2="${x0 + x(cell.tick)}" y1="${y - 2}" y2="${y + h + 2}"/>`
      }<text class="value" x="${x0 + end + gap * 0.6}" y="${y + h / 2 + fontSize * 0.36}">${cell.text}</text>
`;
    }

    return markup`<g>
<text class="head" x="${x0}" y="${fontSize}">${column.title}</text>${gridLine(x0, head, height)}
${cells}</g>
`;
  });

  return svg(caption, plotWidth, height, [...names, ...panels]);
}
