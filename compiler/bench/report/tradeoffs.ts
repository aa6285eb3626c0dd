import * as format from '../format.ts';
import type { Content } from '../markup.ts';
import { linePlot, paretoPlot, type Series, type ValueAxis } from '../plot/xy.ts';
import type { Sweep, SweepPoint } from '../types.ts';
import { card, section } from './parts.ts';

export function tradeOffs({ metric, dense, points }: Sweep): Content {
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
