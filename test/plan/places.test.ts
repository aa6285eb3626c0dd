/** Places in the arena: nothing that lives at once overlaps, and hardly any room is lost. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ArenaBuffer, placesOf } from '../../compiler/plan/places.ts';

const buffer = (size: number, start: number, end: number): ArenaBuffer => ({ size, start, end });

/** The most that lives during one step: no arena is smaller. */
const atOnce = (buffers: readonly ArenaBuffer[]): number =>
  Math.max(
    0,
    ...Array.from({ length: 40 }, (_, step) =>
      buffers.reduce((n, b) => n + (b.start <= step && step <= b.end ? b.size : 0), 0),
    ),
  );

test('a chain takes two places, what lives on a third', () => {
  const chain = [5, 4, 3, 6].map((size, i) => buffer(size, i, i + 1));
  expect(placesOf(chain).end).toBe(9);
  expect(placesOf([...chain, buffer(2, 0, 9)]).end).toBe(11);
  expect(placesOf([])).toEqual({ at: [], end: 0 });
});

test('where largest first leaves holes, another order fills them', () => {
  // MobileNetV1 0.25 at 96²: image in phases, convolution, depthwise, pointwise, depthwise, pointwise.
  const sizes = [115, 55, 55, 120, 30, 67];
  const buffers = sizes.map((size, i) => buffer(size, i, i + 1));
  expect(atOnce(buffers)).toBe(175);
  expect(placesOf(buffers).end).toBe(175);
});

test('whatever lives when, no two that live at once overlap', () => {
  const one = fc
    .record({ size: fc.integer({ min: 1, max: 50 }), start: fc.nat(30), steps: fc.nat(8) })
    .map(({ size, start, steps }) => buffer(size, start, start + steps));
  let lost = 0;
  let runs = 0;
  fc.assert(
    fc.property(fc.array(one, { maxLength: 40 }), (buffers) => {
      const { at, end } = placesOf(buffers);
      buffers.forEach((a, i) => {
        expect(at[i]).toBeGreaterThanOrEqual(0);
        expect(at[i] + a.size).toBeLessThanOrEqual(end);
        buffers.slice(0, i).forEach((b, k) => {
          const together = a.start <= b.end && b.start <= a.end;
          if (together) expect(at[i] + a.size <= at[k] || at[k] + b.size <= at[i]).toBe(true);
        });
      });
      const least = atOnce(buffers);
      expect(end).toBeGreaterThanOrEqual(least);
      if (least > 0) lost += end / least - 1;
      runs++;
    }),
    { numRuns: 300, seed: 3 },
  );
  expect(lost / runs).toBeLessThan(0.002);
});
