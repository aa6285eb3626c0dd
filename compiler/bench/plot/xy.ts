import { extent, max, min, tickStep } from 'd3-array';
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import { type Content, type Markup, markup } from '../markup.ts';
import { type Caption, fontSize, gridLine, plotWidth, svg, textWidth } from './svg.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** 95 % interval of y. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** Drawn larger, with a ring. */
  readonly chosen?: boolean;
  /** Said on hover. */
  readonly title: string;
}

export interface Series {
  readonly name: string;
  /** At least one. */
  readonly points: readonly Point[];
}

export interface Axis {
  readonly title: string;
  /** `step` is the distance of the ticks. */
  readonly format: (value: number, step: number) => string;
}

export interface ValueAxis extends Axis {
  /** No value can lie outside. */
  readonly bounds: readonly [low: number, high: number];
  /** The plot ends here, though points may lie below, where they would flatten all that matters. */
  readonly floor: number;
  /** A level to hold the points against. */
  readonly rule?: { readonly at: number; readonly title: string };
}

type Scale = ScaleContinuousNumeric<number, number>;

/** Where the data go: scales in pixels of the plot. */
interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly right: number;
}

const height = 340;
const top = 34;
const bottom = height - 44;
const left = 60;
const lineStep = fontSize + 4;
const palette = 6;

/** Series of points joined in the order of x, each named at its end; intervals are bands. */
export function linePlot(caption: Caption, series: readonly Series[], xAxis: Axis, yAxis: ValueAxis): Markup {
  const sorted = series.map((s) => ({ ...s, points: [...s.points].sort((a, b) => a.x - b.x) }));
  const frame = frameOf(sorted, yAxis, false);
  const { x, y } = frame;
  const draw = line<Point>()
    .x((p) => x(p.x))
    .y((p) => y(p.y));
  const band = area<Point>()
    .x((p) => x(p.x))
    .y0((p) => y(p.interval?.low ?? p.y))
    .y1((p) => y(p.interval?.high ?? p.y));
  return svg(caption, plotWidth, height, [
    axes(frame, xAxis, yAxis, 'end'),
    clipped(caption, frame, [
      sorted.map((s, i) => markup`<path class="band ${colour(i)}" d="${band(s.points)!}"/>`),
      sorted.map((s, i) => markup`<path class="line ${colour(i)}" d="${draw(s.points)!}"/>`),
      dots(sorted, frame),
    ]),
    lower(sorted, frame),
    endLabels(sorted, frame),
  ]);
}

/** Points of all series, and the frontier: what no other point beats in both directions (low x, high y). */
export function paretoPlot(
  caption: Caption,
  series: readonly Series[],
  xAxis: Axis,
  yAxis: ValueAxis,
): Markup {
  const points = series.flatMap((s) => s.points);
  const [low, high] = extent(points, (p) => p.x) as [number, number];
  const frame = frameOf(series, yAxis, low > 0 && high / low > 5);
  const draw = line<Point>()
    .x((p) => frame.x(p.x))
    .y((p) => frame.y(p.y))
    .curve(curveStepAfter);
  return svg(caption, plotWidth, height, [
    axes(frame, xAxis, yAxis, 'start'),
    clipped(caption, frame, [
      markup`<path class="frontier" d="${draw(frontier(points))!}"/>`,
      dots(series, frame),
    ]),
    lower(series, frame),
    legend(series, frame),
  ]);
}

/** By rising x; y rises with it. */
export function frontier<P extends { readonly x: number; readonly y: number }>(points: readonly P[]): P[] {
  const front: P[] = [];
  for (const p of [...points].sort((a, b) => a.x - b.x || b.y - a.y)) {
    if (front.length === 0 || p.y > front[front.length - 1].y) front.push(p);
  }
  return front;
}

function frameOf(series: readonly Series[], { bounds, floor, rule }: ValueAxis, log: boolean): Frame {
  const points = series.flatMap((s) => s.points);
  const right = plotWidth - Math.max(...series.map((s) => textWidth(s.name))) - 40;
  const x = (log ? scaleLog() : scaleLinear())
    .domain(padded(extent(points, (p) => p.x) as [number, number], log))
    .range([left, right]);
  const low = Math.max(floor, min(points, (p) => p.interval?.low ?? p.y)!);
  const high = Math.max(rule?.at ?? low, max(points, (p) => p.interval?.high ?? p.y)!);
  const y = scaleLinear()
    .domain(padded([low, high], false))
    .nice(5);
  const [y0, y1] = y.domain();
  y.domain([Math.max(y0, bounds[0]), Math.min(y1, bounds[1])]).range([bottom, top]);
  return { x, y, right };
}

function padded([low, high]: [number, number], log: boolean): [number, number] {
  if (log) return [low / 1.15, high * 1.15];
  const pad = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
  return [low - pad, high + pad];
}

/** The rule's title stands at the side where the points are lower. */
function axes({ x, y, right }: Frame, xAxis: Axis, yAxis: ValueAxis, side: 'start' | 'end'): Content {
  const level = (className: string, v: number) =>
    markup`<line class="${className}" x1="${left}" x2="${right}" y1="${y(v)}" y2="${y(v)}"/>`;
  const { rule } = yAxis;
  return [
    labelled(y, 5, yAxis).map(
      ([v, text]) =>
        markup`${level('grid', v)}<text class="axis" x="${left - 8}" y="${y(v) + 4}" text-anchor="end">${text}</text>
`,
    ),
    spaced(labelled(x, 8, xAxis), x).map(
      ([v, text]) =>
        markup`${gridLine(x(v), bottom, bottom + 4)}<text class="axis" x="${x(v)}" y="${bottom + 18}" text-anchor="middle">${text}</text>
`,
    ),
    markup`<text class="head" x="0" y="${fontSize}">${yAxis.title}</text><text class="axis" x="${right}" y="${bottom + 38}" text-anchor="end">${xAxis.title}</text>
`,
    rule &&
      markup`${level('rule', rule.at)}<text class="axis" x="${side === 'start' ? left + 6 : right - 6}" y="${y(rule.at) - 5}" text-anchor="${side}">${rule.title}</text>
`,
  ];
}

/** Ticks and their texts, without idle zeros: `40 kB`, not `40.0 kB`. On a log scale 1, 2 and 5 of each decade. */
function labelled(scale: Scale, wanted: number, axis: Axis): [value: number, text: string][] {
  const [low, high] = scale.domain();
  const step = tickStep(low, high, wanted);
  return scale
    .ticks(wanted)
    .filter((v) => !('base' in scale) || /^[125]/.test(v.toExponential()))
    .map((v) => [v, axis.format(v, step).replace(/\.0+(?!\d)/, '')]);
}

/** Ticks whose labels don't touch. */
function spaced(ticks: readonly [value: number, text: string][], x: Scale): [number, string][] {
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter(([v, text]) => {
    const half = textWidth(text) / 2 + 4;
    if (x(v) - half < end) return false;
    end = x(v) + half;
    return true;
  }) as [number, string][];
}

/** Nothing of the content shows below the floor. */
function clipped({ id }: Caption, { right }: Frame, content: Content): Content {
  return markup`<clipPath id="${id}-frame"><rect x="${left - 8}" y="${top - 8}" width="${right - left + 16}" height="${bottom - top + 13}"/></clipPath><g clip-path="url(#${id}-frame)">
${content}</g>
`;
}

/** Says how many points are out of sight. */
function lower(series: readonly Series[], { y, right }: Frame): Content {
  const hidden = series.flatMap((s) => s.points).filter((p) => p.y < y.domain()[0]).length;
  if (hidden === 0) return undefined;
  const text = hidden === 1 ? '1 point lies lower' : `${hidden} points lie lower`;
  return markup`<text class="axis" x="${right + 12}" y="${bottom + 18}">↓ ${text}</text>
`;
}

const colour = (i: number) => `series${i % palette}`;

function dots(series: readonly Series[], { x, y }: Frame): Content {
  return series.map((s, i) =>
    s.points.map(
      (p) =>
        markup`<circle class="dot ${colour(i)}${p.chosen && ' chosen'}" cx="${x(p.x)}" cy="${y(p.y)}" r="${p.chosen ? 6 : 4}"><title>${p.title}</title></circle>
`,
    ),
  );
}

/** Names at the ends of the lines, pushed apart where they would touch. */
function endLabels(series: readonly Series[], { y, right }: Frame): Content {
  const labels = series
    .map(({ name, points }, i) => ({ name, i, at: y(points[points.length - 1].y) + 4 }))
    .sort((a, b) => a.at - b.at);
  for (let k = labels.length - 1, limit = bottom; k >= 0; k--, limit = labels[k + 1].at - lineStep) {
    labels[k].at = Math.min(labels[k].at, limit);
  }
  return labels.map(
    ({ name, i, at }) => markup`<text class="label ${colour(i)}" x="${right + 12}" y="${at}">${name}</text>
`,
  );
}

function legend(series: readonly Series[], { right }: Frame): Content {
  return series.map(({ name }, i) => {
    const y = top + 8 + i * lineStep;
    return markup`<circle class="dot ${colour(i)}" cx="${right + 18}" cy="${y - 4}" r="4"/><text class="label" x="${right + 28}" y="${y}">${name}</text>
`;
  });
}
