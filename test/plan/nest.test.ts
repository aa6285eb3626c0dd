/** Loop nests against a walk of the views element by element. */
import { describe, expect, test } from 'vitest';
import { random } from '../../compiler/ir/random.ts';
import { address, makeLayout } from '../../compiler/plan/layout.ts';
import { aligns, type Loop, nest, type Operand, startBytes } from '../../compiler/plan/nest.ts';
import { broadcastView, groupView, reshapeView, transposeView, whole } from '../../compiler/plan/view.ts';

const operand = (view: Operand['view'], margin = 0): Operand => {
  const { shape } = view;
  const margins = shape.map((_, a) => (a >= shape.length - 2 ? margin : 0));
  const tail = shape.map((_, a) => a).slice(-2);
  return { view, layout: makeLayout({ shape, tail, before: margins, after: margins }), dtype: 'float32' };
};

/** Byte addresses in the order of the view's elements, from the definition of a view. */
function walked({ view, layout }: Operand): number[] {
  const factors = view.dims.flat();
  const count = factors.reduce((n, f) => n * f.size, 1);
  return Array.from({ length: count }, (_, index) => {
    const coordinate = [...view.origin];
    let rest = index;
    for (const f of [...factors].reverse()) {
      if (f.axis >= 0) coordinate[f.axis] += f.step * (rest % f.size);
      rest = Math.floor(rest / f.size);
    }
    return 4 * address(layout, coordinate);
  });
}

/** Byte addresses of each operand in the order of the loops. */
function looped(loops: readonly Loop[], operands: readonly Operand[]): number[][] {
  let places = [operands.map(startBytes)];
  for (const { size, strides } of loops) {
    places = places.flatMap((at) =>
      Array.from({ length: size }, (_, i) => at.map((p, o) => p + i * strides[o])),
    );
  }
  return operands.map((_, o) => places.map((p) => p[o]));
}

const all = (o: Operand) => o.view.dims.map((_, d) => d);

function expectWalk(operands: readonly Operand[]): Loop[] {
  const loops = nest(operands, all(operands[0]));
  expect(looped(loops, operands)).toEqual(operands.map(walked));
  return loops;
}

describe('nest', () => {
  test('plain values are one loop', () => {
    const loops = expectWalk([operand(whole(0, [2, 3, 4])), operand(whole(1, [2, 3, 4]))]);
    expect(loops).toEqual([{ size: 24, strides: [4, 4] }]);
  });

  test('margins end a run', () => {
    const loops = expectWalk([operand(whole(0, [2, 3, 4]), 1), operand(whole(1, [2, 3, 4]))]);
    expect(loops.map((l) => l.size)).toEqual([2, 3, 4]);
  });

  test('a broadcast operand stands still', () => {
    const loops = expectWalk([
      operand(whole(0, [2, 3, 4])),
      operand(broadcastView(whole(1, [3, 1]), [2, 3, 4])),
    ]);
    expect(loops.map((l) => l.strides[1])).toEqual([0, 4, 0]);
  });

  test('a scalar has no loop, an empty value one of none', () => {
    expect(nest([operand(whole(0, []))], [])).toEqual([]);
    expect(nest([operand(whole(0, [2, 0, 3]))], [0, 1, 2])).toEqual([{ size: 0, strides: [0] }]);
  });

  test('random transposes and reshapes', () => {
    const rng = random(1);
    const below = (n: number) => 1 + rng.int(n);
    for (let i = 0; i < 300; i++) {
      const [a, b, c, d] = [below(4), below(4), below(3), below(5)];
      const turned = transposeView(whole(0, [a, b, c, d]), [0, 2, 3, 1]);
      const flat = reshapeView(whole(1, [a * c, d * b]), [a, c, d, b])!;
      const split = groupView(reshapeView(whole(2, [a, c * d, b]), [a, c, d, b])!, [[0], [1], [2], [3]]);
      const operands = [operand(turned, rng.int(2)), operand(flat), operand(split)];
      const dims = operands.map((o) => o.view);
      expect(aligns(dims, [0, 1, 2, 3])).toBe(true);
      expectWalk(operands);
    }
  });

  test('factors that share no place to cut do not align', () => {
    const six = (...sizes: number[]) => {
      const v = whole(0, sizes);
      return groupView(transposeView(v, [1, 0]), [[0, 1]]);
    };
    expect(aligns([six(2, 3), six(3, 2)], [0])).toBe(false);
    expect(aligns([six(2, 3), six(2, 3)], [0])).toBe(true);
    expect(() => nest([operand(six(2, 3)), operand(six(3, 2))], [0])).toThrow(/align/);
  });
});
