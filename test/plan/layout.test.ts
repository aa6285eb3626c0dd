/** Layouts against an independent reading of their drawing: coordinates in a set of cells. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  address,
  hasEvenGaps,
  isPlain,
  type Layout,
  type LayoutRequest,
  makeLayout,
  offsetsOf,
  plainLayout,
  strideOf,
} from '../../compiler/plan/layout.ts';
import { whole } from '../../compiler/plan/view.ts';

/** All coordinates from -before to size + after. */
function box(l: Layout, margins: boolean): number[][] {
  return l.shape.reduce<number[][]>(
    (list, size, a) => {
      const [from, to] = margins ? [-l.before[a], size + l.after[a]] : [0, size];
      const range = Array.from({ length: to - from }, (_, i) => from + i);
      return list.flatMap((c) => range.map((at) => [...c, at]));
    },
    [[]],
  );
}

const requests = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    tail: fc.nat(3),
    margins: fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
    phases: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
    phased: fc.boolean(),
    pitch: fc.nat(12),
  })
  .map(({ shape, tail, margins, phases, phased, pitch }): LayoutRequest => {
    const outer = shape.length - 2;
    const inner = (list: number[]) => shape.map((_, a) => (a < outer ? 0 : list[a]));
    return {
      shape,
      tail: [...shape.keys()].slice(Math.max(0, shape.length - tail)),
      before: inner(margins.slice(0, 4)),
      after: inner(margins.slice(4)),
      phases: shape.map((_, a) => (phased && a >= outer ? phases[a] : 1)),
      pitch: phased ? undefined : pitch,
    };
  });

test('elements have cells of their own, margins share cells with margins only, all inside the buffer', () => {
  fc.assert(
    fc.property(requests, (r) => {
      const l = makeLayout(r);
      const own = box(l, false).map((c) => address(l, c));
      expect(new Set(own).size).toBe(own.length);
      const inside = new Set(own);
      for (const c of box(l, true)) {
        const at = address(l, c);
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThan(l.elements);
        const isElement = c.every((x, a) => x >= 0 && x < l.shape[a]);
        if (!isElement) expect(inside.has(at), `margin ${c} of ${JSON.stringify(r)}`).toBe(false);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('even gaps: rows and planes at constant distances', () => {
  fc.assert(
    fc.property(requests, (r) => {
      const l = makeLayout(r);
      if (!hasEvenGaps(l) || l.shape.length < 3) return;
      const plane = l.strides[l.order.at(-3)!];
      const planes = box({ ...l, shape: l.shape.slice(0, -2) } as Layout, false);
      const first = address(
        l,
        l.shape.map(() => 0),
      );
      const at = planes.map((c) => address(l, [...c, 0, 0]) - first).sort((a, b) => a - b);
      expect(at, JSON.stringify(r)).toEqual(at.map((_, i) => i * plane));
    }),
    { numRuns: 300, seed: 2 },
  );
});

test.each([32, 56, 64, 112])('the same pixels of many planes of %i² fall on all sets of a cache', (size) => {
  const l = makeLayout({ shape: [1, 128, size, size], tail: [2, 3] });
  expect(l.strides[1]).toBeGreaterThanOrEqual(size ** 2);
  expect(l.strides[1] - size ** 2).toBeLessThanOrEqual(16);
  const perSet = new Map<number, number>();
  for (let plane = 0; plane < 128; plane++) {
    const set = Math.floor((4 * l.strides[1] * plane) / 64) % 64;
    perSet.set(set, (perSet.get(set) ?? 0) + 1);
  }
  expect(Math.max(...perSet.values())).toBeLessThanOrEqual(4);
});

test('small planes lie close', () => {
  expect(makeLayout({ shape: [1, 8, 16, 16], tail: [2, 3] }).strides[1]).toBe(256);
});

test('margins of three axes and three-axis tails', () => {
  const request = { shape: [2, 3, 5, 5], tail: [1, 2, 3], before: [0, 0, 1, 1], after: [0, 0, 1, 1] };
  const l = makeLayout(request);
  expect(hasEvenGaps(l)).toBe(true);
  expect(l.strides[0]).toBe(3 * l.strides[1]);
  expect(hasEvenGaps(makeLayout({ ...request, before: [0, 1, 1, 1] }))).toBe(false);
});

test('offsets and strides are distances of addresses', () => {
  const l = makeLayout({ shape: [2, 4, 6], before: [0, 1, 2], after: [0, 0, 1], phases: [1, 2, 3] });
  const v = whole(0, l.shape);
  const from = address(l, [0, 0, 0]);
  expect([...offsetsOf(l, v, 1)]).toEqual([0, 1, 2, 3].map((i) => address(l, [0, i, 0]) - from));
  expect(strideOf(l, { size: 2, axis: 1, step: 2 })).toBe(address(l, [0, 2, 0]) - from);
  expect(strideOf(l, { size: 2, axis: 1, step: 1 })).toBeUndefined();
  expect(strideOf(l, { size: 3, axis: -1, step: 0 })).toBe(0);
});

test('plain layouts are row-major', () => {
  const l = plainLayout([2, 3, 4]);
  expect([isPlain(l), l.elements, l.strides]).toEqual([true, 24, [12, 4, 1]]);
  expect(isPlain(makeLayout({ shape: [2, 3, 4], tail: [1] }))).toBe(false);
  expect(isPlain(makeLayout({ shape: [2, 3, 4], after: [0, 0, 1] }))).toBe(false);
});
