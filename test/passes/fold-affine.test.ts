import { describe, expect, test } from 'vitest';
import type { Graph } from '../../compiler/ir/graph.ts';
import { printGraph } from '../../compiler/ir/print.ts';
import { foldAffine } from '../../compiler/passes/fold-affine.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { expectSame, kinds, Sketch } from './graphs.ts';

const origins = (graph: Graph) => [...graph.values.values()].flatMap((v) => (v.origin ? [v] : []));

describe('foldAffine', () => {
  test('text before and after', () => {
    const s = new Sketch();
    const y = s.conv(s.input([1, 3, 4, 4]), 2, 1, { bias: null });
    const graph = s.done(s.op('add', [s.op('mul', [y, s.constant([2, 1, 1])]), s.constant([2, 1, 1])]));
    const attrs = '{strides: [1,1], dilations: [1,1], pads: [[0,0],[0,0]], groups: 1}';
    expect(printGraph(graph)).toBe(`x: float32[1,3,4,4]
v0 = conv(x, const[2,3,1,1], none) ${attrs}: float32[1,2,4,4]
v1 = mul(v0, const[2,1,1]): float32[1,2,4,4]
v2 = add(v1, const[2,1,1]): float32[1,2,4,4]
y = v2`);
    const after = simplify(graph, { passes: [foldAffine] });
    expect(printGraph(after)).toBe(`x: float32[1,3,4,4]
v0 = conv(x, const[2,3,1,1], const[2]) ${attrs}: float32[1,2,4,4]
y = v0`);
    expectSame(after, graph);
  });

  test.each<[string, (s: Sketch) => number]>([
    ['depthwise with multiplier', (s) => s.conv(s.input([1, 3, 5, 5]), 6, 3, { groups: 3, pad: 1 })],
    ['grouped', (s) => s.conv(s.input([1, 4, 5, 5]), 6, 3, { groups: 2 })],
    ['dense', (s) => s.op('dense', [s.input([2, 3, 5]), s.constant([6, 5]), s.constant([6])])],
    [
      'transposed',
      (s) =>
        s.op('convTranspose', [s.input([1, 3, 4, 4]), s.constant([6, 3, 2, 2])], {
          strides: [2, 2],
          dilations: [1, 1],
          pads: [
            [0, 0],
            [0, 0],
          ],
          groups: 1,
          outputPadding: [0, 0],
        }),
    ],
  ])('%s: all arithmetic behind it', (_name, make) => {
    const s = new Sketch();
    const x = make(s);
    const last = s.b.shape(x).length === 3;
    const c = () => s.constant(last ? [6] : [6, 1, 1]);
    const y = s.op('neg', [s.op('sub', [c(), s.op('div', [s.op('mul', [c(), x]), c()])])]);
    const graph = s.done(s.op('sub', [s.op('mul', [y, s.constant([], [2])]), c()]));
    const after = simplify(graph, { passes: [foldAffine] });
    expect(after.nodes).toHaveLength(1);
    expectSame(after, graph);
  });

  test('before a convolution: scales under padding, shifts only without', () => {
    const s = new Sketch();
    const x = s.op('mul', [s.input([1, 3, 5, 5]), s.constant([3, 1, 1])]);
    const padded = s.conv(x, 2, 3, { pad: 1 });
    const a = s.done(padded);
    expect(kinds(foldAffine.run(a))).toBe('conv');
    expectSame(foldAffine.run(a), a);

    const t = new Sketch();
    const y = t.op('add', [
      t.op('mul', [t.input([1, 3, 5, 5]), t.constant([], [1 / 255])]),
      t.constant([3, 1, 1]),
    ]);
    const b = t.done(t.conv(y, 2, 3));
    const after = simplify(b, { passes: [foldAffine] });
    expect(kinds(after)).toBe('conv');
    expectSame(after, b);

    const u = new Sketch();
    const z = u.op('add', [u.input([1, 3, 5, 5]), u.constant([3, 1, 1])]);
    expect(kinds(foldAffine.run(u.done(u.conv(z, 2, 3, { pad: 1 }))))).toBe('add conv');
  });

  test('before a depthwise convolution and a grouped one', () => {
    const s = new Sketch();
    const x = s.op('mul', [s.input([1, 4, 5, 5]), s.constant([4, 1, 1])]);
    const d = s.conv(x, 8, 3, { groups: 4, pad: 1 });
    const e = s.op('sub', [s.op('relu', [d]), s.constant([8, 1, 1])]);
    const graph = s.done(s.conv(e, 4, 3, { groups: 2 }));
    const after = simplify(graph, { passes: [foldAffine] });
    expect(kinds(after)).toBe('conv relu conv');
    expectSame(after, graph);
  });

  test('the origin undoes the folding', () => {
    const s = new Sketch();
    const source = [3, -1, 0.5, 2, 7, -4];
    const w = s.constant([2, 3], source, { weight: 'dense/kernel' });
    const bias = s.constant([2], [5, 6], { weight: 'dense/bias' });
    let y = s.op('dense', [s.input([1, 3]), w, bias]);
    y = s.op('add', [s.op('mul', [y, s.constant([2], [0.5, -3])]), s.constant([2], [10, 20])]);
    const after = simplify(s.done(y), { passes: [foldAffine] });
    expect(
      origins(after)
        .map((v) => v.origin!.weight)
        .sort(),
    ).toEqual(['dense/bias', 'dense/kernel']);
    for (const { origin, data, shape } of origins(after)) {
      const per = data!.length / shape[0];
      const back = Array.from(data!, (v, k) => {
        const r = Math.floor(k / per);
        return (v - (origin!.shift?.[r] ?? 0)) / (origin!.scale?.[r] ?? 1);
      });
      expect(back).toEqual(origin!.weight === 'dense/kernel' ? source : [5, 6]);
    }
  });

  test('must not fire: other readers, products too large, columns of a weight of the source', () => {
    const s = new Sketch();
    const y = s.conv(s.input([1, 3, 4, 4]), 2, 1);
    const shared = s.done(s.op('mul', [y, s.constant([2, 1, 1])]), s.op('relu', [y]));
    expect(kinds(foldAffine.run(shared))).toBe('conv mul relu');

    const t = new Sketch();
    const w = t.constant([1, 2], [1e30, 1]);
    const large = t.done(t.op('mul', [t.op('dense', [t.input([1, 2]), w]), t.constant([], [1e30])]));
    expect(kinds(foldAffine.run(large))).toBe('dense mul');

    const u = new Sketch();
    const x = u.op('mul', [u.input([1, 3]), u.constant([3])]);
    const known = u.done(u.op('dense', [x, u.constant([2, 3], undefined, { weight: 'k' })]));
    expect(kinds(foldAffine.run(known))).toBe('mul dense');
  });

  test('must not fire: a constant along another axis, or one that stretches', () => {
    const s = new Sketch();
    const y = s.conv(s.input([1, 3, 4, 4]), 4, 1);
    expect(kinds(foldAffine.run(s.done(s.op('mul', [y, s.constant([4])]))))).toBe('conv mul');
    const t = new Sketch();
    const z = t.op('dense', [t.input([3]), t.constant([4, 3])]);
    expect(kinds(foldAffine.run(t.done(t.op('mul', [z, t.constant([1, 4])]))))).toBe('dense mul');
  });
});
