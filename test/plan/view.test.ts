/** Views against brute force: every operation on views is done on plain arrays of element numbers too. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  broadcastView,
  dimSize,
  extent,
  groupView,
  isIdentity,
  padView,
  readsPadding,
  reshapeView,
  sameView,
  sliceView,
  through,
  transposeView,
  type View,
  viewShape,
  whole,
  windowView,
} from '../../compiler/plan/view.ts';

/** A view as the list of the elements that it reads, row-major over its dimensions; padding is -1. */
interface Listing {
  readonly shape: readonly number[];
  readonly at: readonly number[];
}

const product = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, d) => all.flatMap((i) => Array.from({ length: d }, (_, k) => [...i, k])),
    [[]],
  );
}

/** The definition in the header of view.ts, literally. */
function listing(v: View): Listing {
  const shape = viewShape(v);
  const at = indices(shape).map((index) => {
    const coordinate = [...v.origin];
    v.dims.forEach((dim, d) => {
      let inner = dimSize(dim);
      let rest = index[d];
      for (const f of dim) {
        inner /= f.size;
        if (f.axis >= 0) coordinate[f.axis] += f.step * Math.floor(rest / inner);
        rest %= inner;
      }
    });
    let element = 0;
    for (let a = 0; a < v.shape.length; a++) {
      if (coordinate[a] < 0 || coordinate[a] >= v.shape[a]) return -1;
      element = element * v.shape[a] + coordinate[a];
    }
    return element;
  });
  return { shape, at };
}

/** `shape` filled by reading `l` at `f(index)`; `undefined` is padding. */
function remap(l: Listing, shape: readonly number[], f: (index: number[]) => number[] | undefined): Listing {
  const at = indices(shape).map((index) => {
    const from = f(index);
    return from ? l.at[from.reduce((n, i, d) => n * l.shape[d] + i, 0)] : -1;
  });
  return { shape, at };
}

const factorings = (n: number): number[][] => {
  const out: number[][] = [[n]];
  for (let d = 1; d <= n; d++) {
    if (n % d === 0) out.push([d, n / d], [1, d, n / d]);
    for (let g = 1; n % d === 0 && g <= n / d; g++) if ((n / d) % g === 0) out.push([d, g, n / d / g]);
  }
  return out;
};

type Draw = <T>(options: readonly T[]) => T;
type Change = (v: View, l: Listing, draw: Draw) => [View | undefined, Listing];

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

const changes: Record<string, Change> = {
  reshape(v, l, draw) {
    const shape = draw(factorings(product(l.shape)));
    return [reshapeView(v, shape), { shape, at: l.at }];
  },
  transpose(v, l, draw) {
    const perm: number[] = [];
    while (perm.length < l.shape.length)
      perm.push(draw(upTo(l.shape.length).filter((d) => !perm.includes(d))));
    const shape = perm.map((p) => l.shape[p]);
    return [transposeView(v, perm), remap(l, shape, (i) => perm.map((_, d) => i[perm.indexOf(d)]))];
  },
  slice(v, l, draw) {
    const starts = l.shape.map((d) => draw(upTo(d)));
    const steps = l.shape.map(() => draw([1, 1, -1, 2]));
    const sizes = l.shape.map((d, a) => {
      const most = steps[a] > 0 ? Math.ceil((d - starts[a]) / steps[a]) : starts[a] + 1;
      return draw([most, most, 1 + draw(upTo(most))]);
    });
    return [
      sliceView(v, starts, sizes, steps),
      remap(l, sizes, (i) => i.map((k, d) => starts[d] + k * steps[d])),
    ];
  },
  pad(v, l, draw) {
    const before = l.shape.map((d) => draw([0, 0, 1, 2, d > 1 ? -1 : 0]));
    const after = l.shape.map(() => draw([0, 0, 1, 2]));
    const shape = l.shape.map((d, a) => d + before[a] + after[a]);
    const inside = (i: number[]) => i.every((k, d) => k >= 0 && k < l.shape[d]);
    return [
      padView(v, before, after),
      remap(l, shape, (i) => {
        const from = i.map((k, d) => k - before[d]);
        return inside(from) ? from : undefined;
      }),
    ];
  },
  broadcast(v, l, draw) {
    const own = l.shape.map((d) => (d === 1 ? draw([1, 2, 3]) : d));
    const shape = [...draw([[], [2]]), ...own];
    return [
      broadcastView(v, shape),
      remap(l, shape, (i) =>
        i.slice(shape.length - l.shape.length).map((k, d) => (l.shape[d] === 1 ? 0 : k)),
      ),
    ];
  },
  window(v, l, draw) {
    const dim = draw(upTo(l.shape.length));
    const taps = draw(upTo(l.shape[dim])) + 1;
    const dilation = taps === 1 ? 1 : draw(upTo(Math.floor((l.shape[dim] - 1) / (taps - 1)))) + 1;
    const stride = draw([1, 2]);
    const positions = Math.floor((l.shape[dim] - (taps - 1) * dilation - 1) / stride) + 1;
    const shape = [...l.shape.slice(0, dim), taps, positions, ...l.shape.slice(dim + 1)];
    return [
      windowView(v, dim, taps, positions, stride, dilation),
      remap(l, shape, (i) => [
        ...i.slice(0, dim),
        i[dim] * dilation + i[dim + 1] * stride,
        ...i.slice(dim + 2),
      ]),
    ];
  },
  group(v, l, draw) {
    const rank = l.shape.length;
    const cut = draw(upTo(rank + 1));
    const groups = [upTo(rank).slice(cut), upTo(rank).slice(0, cut)];
    const shape = groups.map((g) => product(g.map((d) => l.shape[d])));
    return [
      groupView(v, groups),
      remap(l, shape, (i) => {
        const out: number[] = [];
        groups.forEach((g, n) => {
          let rest = i[n];
          for (const d of [...g].reverse()) {
            out[d] = rest % l.shape[d];
            rest = Math.floor(rest / l.shape[d]);
          }
        });
        return out;
      }),
    ];
  },
};

/** Applies `count` changes; those that a view can't express are passed over. */
function chain(v: View, l: Listing, count: number, kinds: readonly string[], draw: Draw): [View, Listing] {
  for (let n = 0; n < count; n++) {
    if (l.shape.length === 0 || product(l.shape) > 200) break;
    const [next, want] = changes[draw(kinds)](v, l, draw);
    if (next && want.shape.length <= 6) [v, l] = [next, want];
  }
  return [v, l];
}

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const drawer =
  (gen: fc.GeneratorValue): Draw =>
  (options) =>
    options[gen(fc.nat, { max: options.length - 1 })];
const identity = (shape: readonly number[]): Listing => ({ shape, at: upTo(product(shape)) });

describe('views equal brute force', () => {
  for (const [name, kinds] of [
    ...Object.keys(changes).map((k) => [k, [k]] as const),
    ['all', Object.keys(changes)] as const,
  ]) {
    test(name, () => {
      fc.assert(
        fc.property(shapes, fc.gen(), (shape, gen) => {
          const [v, l] = chain(whole(3, shape), identity(shape), 5, kinds, drawer(gen));
          expect(listing(v)).toEqual(l);
          expect(readsPadding(v) || !l.at.includes(-1)).toBe(true);
          const same = l.at.length === product(shape) && l.at.every((e, i) => e === i);
          if (isIdentity(v)) expect(same).toBe(true);
        }),
        { numRuns: 400, seed: 1 },
      );
    });
  }

  test('extent bounds every coordinate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.gen(), (size, gen) => {
        const [v, l] = chain(whole(0, [size]), identity([size]), 4, ['slice', 'pad', 'window'], drawer(gen));
        const inside = l.at.filter((e) => e >= 0);
        if (inside.length === 0) return;
        expect(extent(v)[0].low).toBeLessThanOrEqual(Math.min(...inside));
        expect(extent(v)[0].high).toBeGreaterThanOrEqual(Math.max(...inside));
        expect(readsPadding(v)).toBe(l.at.includes(-1));
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});

describe('through', () => {
  test('moves a view from one value to another', () => {
    let moved = 0;
    fc.assert(
      fc.property(shapes, fc.gen(), (shape, gen) => {
        const draw = drawer(gen);
        const every = Object.keys(changes);
        const [to] = chain(whole(8, shape), identity(shape), draw([0, 1, 3]), every, draw);
        const dims = viewShape(to);
        const base = whole(7, draw([dims, [product(dims)], ...factorings(product(dims))]));
        const start = reshapeView(base, draw([viewShape(base), dims]));
        if (!start) return;
        const [turned] = chain(start, listing(start), draw([0, 1]), ['transpose'], draw);
        const from = reshapeView(turned, dims);
        if (!from) return;
        const [view] = chain(
          whole(7, base.shape),
          identity(base.shape),
          draw([0, 1, 2, 4]),
          draw([every, every, ['pad', 'window', 'slice']]),
          draw,
        );
        const got = through(view, from, to);
        if (!got) return;
        moved++;
        const source = listing(from).at;
        const target = listing(to).at;
        const want = listing(view).at.map((e) => (e < 0 ? -1 : target[source.indexOf(e)]));
        expect(got.value).toBe(8);
        expect(listing(got).at).toEqual(want);
      }),
      { numRuns: 4000, seed: 3 },
    );
    expect(moved).toBeGreaterThan(1500);
  });

  const a = (shape: number[]) => whole(1, shape);
  const b = (shape: number[]) => whole(2, shape);

  test('padding does not read what lies beside a slice', () => {
    const padded = padView(a([4]), [1], [1])!;
    expect(through(padded, a([4]), sliceView(b([10]), [3], [4], [1])!)).toBeUndefined();
    expect(through(padded, a([4]), sliceView(b([10]), [0], [4], [1])!)).toBeUndefined();
    expect(through(padded, a([4]), b([4]))).toEqual({ ...padded, value: 2 });
  });

  test('a window that crosses a digit is refused', () => {
    const window = windowView(a([8]), 0, 3, 6, 1, 1)!;
    const twoRows = transposeView(reshapeView(a([8]), [2, 4])!, [1, 0]);
    expect(through(window, twoRows, b([4, 2]))).toBeUndefined();
  });

  test('a reversed walk crosses whole digits', () => {
    const back = sliceView(a([8]), [7], [8], [-1])!;
    const got = through(back, reshapeView(a([8]), [2, 4])!, b([2, 4]))!;
    expect(listing(got).at).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  test('a concatenated part lands in its place', () => {
    const got = through(
      transposeView(a([2, 3]), [1, 0]),
      a([2, 3]),
      sliceView(b([2, 8]), [0, 4], [2, 3], [1, 1])!,
    );
    expect(listing(got!).at).toEqual([4, 12, 5, 13, 6, 14]);
  });
});

describe('what views express', () => {
  const x = whole(1, [2, 3, 4]);
  test.each([
    ['merge', reshapeView(x, [6, 4])],
    ['cut', reshapeView(x, [2, 3, 2, 2])],
    ['through a transpose', reshapeView(transposeView(x, [2, 0, 1]), [4, 6])],
    ['padding on a size-1 axis twice', padView(whole(1, [1, 1]), [1, 1], [1, 1])],
    ['a channel range of a flattened map', sliceView(reshapeView(x, [24])!, [12], [12], [1])],
    [
      'an outer range of a grouped dimension',
      sliceView(groupView(transposeView(x, [1, 0, 2]), [[0, 1], [2]]), [2, 0], [4, 4], [1, 1]),
    ],
  ])('%s', (_name, v) => {
    expect(v).toBeDefined();
  });

  test('what must be copied', () => {
    expect(reshapeView(transposeView(x, [1, 0, 2]), [2, 12])).toBeUndefined();
    expect(reshapeView(x, [8, 3])).toBeUndefined();
    expect(padView(sliceView(x, [0, 1, 0], [2, 2, 4], [1, 1, 1])!, [0, 1, 0], [0, 0, 0])).toBeUndefined();
  });

  test('identity and equality', () => {
    expect(isIdentity(reshapeView(whole(1, [2, 1, 6]), [4, 3])!)).toBe(true);
    expect(isIdentity(transposeView(x, [1, 0, 2]))).toBe(false);
    expect(isIdentity(sliceView(x, [0, 0, 0], [1, 3, 4], [1, 1, 1])!)).toBe(false);
    expect(sameView(x, transposeView(transposeView(x, [2, 1, 0]), [2, 1, 0]))).toBe(true);
    expect(sameView(x, { ...x, value: 2 })).toBe(false);
  });

  test('empty slices and shapes stay empty', () => {
    expect(viewShape(sliceView(x, [2, 0, 0], [0, 3, 4], [1, 1, 1])!)).toEqual([0, 3, 4]);
    expect(viewShape(reshapeView(whole(1, [0, 3]), [3, 0])!)).toEqual([3, 0]);
  });
});
