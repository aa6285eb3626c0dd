import { describe, expect, test } from 'vitest';
import { printGraph } from '../../compiler/ir/print.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { transposes } from '../../compiler/passes/transposes.ts';
import { expectSame, kinds, Sketch } from './graphs.ts';

describe('transposes', () => {
  test('text before and after', () => {
    const s = new Sketch();
    const x = s.input([1, 4, 4, 3]);
    const y = s.last(s.conv(s.first(x), 2, 1));
    const graph = s.done(s.op('relu', [s.op('add', [y, s.constant([2])])]));
    expect(printGraph(graph)).toBe(`x: float32[1,4,4,3]
v0 = transpose(x) {perm: [0,3,1,2]}: float32[1,3,4,4]
v1 = conv(v0, const[2,3,1,1], const[2]) {strides: [1,1], dilations: [1,1], pads: [[0,0],[0,0]], groups: 1}: float32[1,2,4,4]
v2 = transpose(v1) {perm: [0,2,3,1]}: float32[1,4,4,2]
v3 = add(v2, const[2]): float32[1,4,4,2]
v4 = relu(v3): float32[1,4,4,2]
y = v4`);
    const after = transposes.run(graph);
    expect(printGraph(after)).toBe(`x: float32[1,4,4,3]
v0 = transpose(x) {perm: [0,3,1,2]}: float32[1,3,4,4]
v1 = conv(v0, const[2,3,1,1], const[2]) {strides: [1,1], dilations: [1,1], pads: [[0,0],[0,0]], groups: 1}: float32[1,2,4,4]
v2 = add(v1, const[1,2,1,1]): float32[1,2,4,4]
v3 = relu(v2): float32[1,2,4,4]
v4 = transpose(v3) {perm: [0,2,3,1]}: float32[1,4,4,2]
y = v4`);
    expectSame(after, graph);
  });

  test('a residual network in channels-last order keeps one transpose', () => {
    const s = new Sketch();
    const conv = (x: number, rows: number) => s.last(s.conv(s.first(x), rows, 3, { pad: 1 }));
    const x = s.input([1, 6, 6, 3]);
    const a = s.op('relu', [conv(x, 4)]);
    const b = s.op('add', [a, conv(s.op('relu', [conv(a, 4)]), 4)]);
    const pooled = s.op('reduceMean', [b], { axes: [1, 2], keepDims: false });
    const graph = s.done(s.op('softmax', [s.op('dense', [pooled, s.constant([5, 4])])], { axis: -1 }));
    const after = simplify(graph);
    expect(kinds(after).match(/transpose/g)).toHaveLength(1);
    expectSame(after, graph);
  });

  test('squeeze and excitation: axes of size 1 move for nothing', () => {
    const s = new Sketch();
    const x = s.input([1, 4, 4, 6]);
    const a = s.last(s.conv(s.first(x), 6, 1));
    const mean = s.op('reduceMean', [a], { axes: [1, 2], keepDims: false });
    const gate = s.op('reshape', [s.op('dense', [mean, s.constant([6, 6])])], { shape: [1, 1, 1, 6] });
    const b = s.op('mul', [a, s.op('sigmoid', [gate])]);
    const graph = s.done(
      s.op('reduceMean', [s.last(s.conv(s.first(b), 2, 1))], { axes: [1, 2], keepDims: false }),
    );
    const after = simplify(graph);
    expect(kinds(after)).toBe('transpose conv reduceMean dense reshape sigmoid reshape mul conv reduceMean');
    expectSame(after, graph);
  });

  test.each<[string, (s: Sketch, x: number) => number]>([
    ['softmax', (s, x) => s.op('softmax', [x], { axis: -1 })],
    ['concat', (s, x) => s.op('concat', [x, x, s.constant([1, 4, 5, 2])], { axis: 3 })],
    [
      'slice',
      (s, x) => s.op('slice', [x], { starts: [0, 1, 3, 0], sizes: [1, 2, 2, 2], steps: [1, 2, -1, 2] }),
    ],
    [
      'pad',
      (s, x) =>
        s.op('pad', [x], {
          pads: [
            [0, 0],
            [1, 2],
            [3, 0],
            [0, 1],
          ],
          mode: 'constant',
          value: 2,
        }),
    ],
    ['reduceSum', (s, x) => s.op('reduceSum', [x], { axes: [1], keepDims: false })],
    ['reduceMax', (s, x) => s.op('reduceMax', [x], { axes: [3, 1], keepDims: true })],
    [
      'argMax',
      (s, x) =>
        s.op('cast', [s.op('argMax', [x], { axis: 3, keepDims: false, last: false })], { to: 'float32' }),
    ],
    ['tile', (s, x) => s.op('tile', [x], { repeats: [1, 2, 1, 3] })],
    ['broadcastTo', (s, x) => s.op('broadcastTo', [x], { shape: [2, 4, 5, 3] })],
    ['reshape', (s, x) => s.op('reshape', [x], { shape: [4, 1, 5, 3, 1] })],
    ['sub', (s, x) => s.op('sub', [s.constant([5, 3]), x])],
    ['where', (s, x) => s.op('where', [s.op('greater', [x, s.constant([])]), x, s.constant([4, 1, 3])])],
  ])('moves past %s', (_name, f) => {
    const s = new Sketch();
    const graph = s.done(f(s, s.last(s.input([1, 3, 4, 5]))));
    const after = transposes.run(graph);
    expect(kinds(after)).toMatch(/^(?!transpose)/);
    expectSame(after, graph, 0);
  });

  test('stays where the other operand would have to be turned', () => {
    const s = new Sketch();
    const x = s.last(s.input([1, 3, 4, 5]));
    const graph = s.done(s.op('add', [x, s.input([1, 4, 5, 3], 'other')]));
    expect(kinds(transposes.run(graph))).toBe('transpose add');
  });

  test('stays before a reshape that mixes axes', () => {
    const s = new Sketch();
    const graph = s.done(s.op('reshape', [s.last(s.input([1, 3, 4, 5]))], { shape: [1, 60] }));
    expect(kinds(transposes.run(graph))).toBe('transpose reshape');
  });
});
