import fc from 'fast-check';
import { expect, test } from 'vitest';
import { barPlot } from '../../compiler/bench/plot/bars.ts';
import { frontier, linePlot } from '../../compiler/bench/plot/xy.ts';
import { parse } from './wellformed.ts';

const caption = { id: 'p', title: 'plot', description: 'of numbers' };

test('the frontier is what no other point beats', () => {
  const point = fc.record({ x: fc.integer({ min: 0, max: 12 }), y: fc.integer({ min: 0, max: 12 }) });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1 }), (points) => {
      const beats = (a: (typeof points)[0], b: (typeof points)[0]) =>
        a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);
      const keyOf = (p: (typeof points)[0]) => `${p.x},${p.y}`;
      const unbeaten = points.filter((p) => !points.some((q) => beats(q, p))).map(keyOf);
      expect(new Set(frontier(points).map(keyOf))).toEqual(new Set(unbeaten));
    }),
    { seed: 1 },
  );
});

test('bars are as long as their values', () => {
  const row = (value: number) => ({ label: 'a', tone: 'sparse', bars: [{ value, text: 'x' }] });
  const elements = parse(barPlot(caption, [row(40), row(10), row(20)]).text);
  const lengths = elements
    .filter((e) => e.name === 'path')
    .map(({ attributes }) => {
      const [, straight, round] = /h([\d.]+)q([\d.]+)/.exec(attributes.d)!;
      return Number(straight) + Number(round);
    });
  expect(lengths[0] / lengths[1]).toBeCloseTo(4, 3);
  expect(lengths[0] / lengths[2]).toBeCloseTo(2, 3);
});

test('points below the floor are counted, values stay within their bounds', () => {
  const point = (x: number, y: number) => ({ x, y, title: `${x}` });
  const axis = { title: 'x', format: String };
  const { text } = linePlot(
    caption,
    [
      { name: 'good', points: [point(0, 0.99), point(1, 0.95)] },
      { name: 'bad', points: [point(0, 0.98), point(1, 0.1), point(2, 0.05)] },
    ],
    axis,
    { ...axis, bounds: [0, 1], floor: 0.9 },
  );
  expect(text).toContain('2 points lie lower');
  const ticks = [...text.matchAll(/text-anchor="end">([\d.]+)</g)].map((m) => Number(m[1]));
  expect(ticks.length).toBeGreaterThan(2);
  for (const tick of ticks) {
    expect(tick).toBeGreaterThanOrEqual(0.88);
    expect(tick).toBeLessThanOrEqual(1);
  }
});

test('an axis of shares ends at one', () => {
  const axis = { title: 'x', format: String };
  const points = [0.2, 1].map((y) => ({ x: y, y, title: '' }));
  const { text } = linePlot(caption, [{ name: 's', points }], axis, { ...axis, bounds: [0, 1], floor: 0 });
  expect(text).toContain('>1</text>');
  expect(text).not.toContain('>1.2</text>');
});

test('a single point, equal points and zeros draw finite plots', () => {
  const axis = { title: 'x', format: String };
  const plot = (points: { x: number; y: number }[]) =>
    linePlot(caption, [{ name: 's', points: points.map((p) => ({ ...p, title: '' })) }], axis, {
      ...axis,
      bounds: [0, 1],
      floor: 0,
    }).text;
  for (const points of [
    [{ x: 0, y: 0 }],
    [
      { x: 1, y: 1 },
      { x: 1, y: 1 },
    ],
  ]) {
    expect(plot(points)).not.toMatch(/NaN|Infinity|undefined/);
  }
  const bars = barPlot(caption, [{ label: '', tone: 'dense', bars: [{ value: 0, text: '0 B' }] }]).text;
  expect(bars).not.toMatch(/NaN|Infinity|undefined/);
});
