import { describe, expect, test } from 'vitest';
import type { Graph, ValueId } from '../../compiler/ir/graph.ts';
import { printGraph } from '../../compiler/ir/print.ts';
import { random } from '../../compiler/ir/random.ts';
import { removeDeadChannels } from '../../compiler/passes/dead-channels.ts';
import { expectSame, Sketch } from './graphs.ts';

/** Random weights [rows, columns, k, k] whose listed rows are zero. */
function rowsOff(s: Sketch, shape: readonly number[], off: readonly number[], seed = 1): ValueId {
  const rng = random(seed);
  const per = shape.slice(1).reduce((n, d) => n * d, 1);
  const data = Array.from({ length: shape[0] * per }, (_, k) =>
    off.includes(Math.floor(k / per)) ? 0 : rng.normal(),
  );
  return s.constant(shape, data);
}

const biasOff = (s: Sketch, rows: number, off: readonly number[]) =>
  s.constant(
    [rows],
    Array.from({ length: rows }, (_, r) => (off.includes(r) ? 0 : r + 0.5)),
  );

const weights = (graph: Graph) =>
  graph.nodes.flatMap((n) =>
    ['conv', 'dense'].includes(n.kind) ? [String(graph.values.get(n.inputs[1]!)!.shape)] : [],
  );

describe('deadChannels', () => {
  test('text before and after', () => {
    const s = new Sketch();
    const x = s.input([1, 2, 4, 4]);
    const w = rowsOff(s, [4, 2, 1, 1], [1, 2]);
    const y = s.op('relu', [s.conv(x, 4, 1, { w, bias: biasOff(s, 4, [1, 2]) })]);
    const graph = s.done(s.conv(y, 3, 3, { pad: 1 }));
    const { graph: after, removed, kept } = removeDeadChannels(graph);
    const one = '{strides: [1,1], dilations: [1,1], pads: [[0,0],[0,0]], groups: 1}';
    const padded = '{strides: [1,1], dilations: [1,1], pads: [[1,1],[1,1]], groups: 1}';
    expect(printGraph(graph)).toBe(`x: float32[1,2,4,4]
v0 = conv(x, const[4,2,1,1], const[4]) ${one}: float32[1,4,4,4]
v1 = relu(v0): float32[1,4,4,4]
v2 = conv(v1, const[3,4,3,3], const[3]) ${padded}: float32[1,3,4,4]
y = v2`);
    expect(printGraph(after)).toBe(`x: float32[1,2,4,4]
v0 = conv(x, const[2,2,1,1], const[2]) ${one}: float32[1,2,4,4]
v1 = relu(v0): float32[1,2,4,4]
v2 = conv(v1, const[3,2,3,3], const[3]) ${padded}: float32[1,3,4,4]
y = v2`);
    expect(removed).toEqual([{ layer: 'conv_0', before: 4, after: 2 }]);
    expect(kept).toEqual([]);
    expectSame(after, graph);
  });

  test('a constant that is not zero joins the next bias, but not under padding', () => {
    for (const pad of [0, 1]) {
      const s = new Sketch();
      const w = rowsOff(s, [4, 2, 1, 1], [0, 3]);
      const bias = s.constant([4], [2, 1, 1, -1]);
      const y = s.op('relu', [s.conv(s.input([1, 2, 4, 4]), 4, 1, { w, bias })]);
      const graph = s.done(s.conv(y, 3, 3, { pad, bias: null }));
      const { graph: after, kept } = removeDeadChannels(graph);
      expect(weights(after)).toEqual(pad === 0 ? ['2,2,1,1', '3,2,3,3'] : ['3,2,1,1', '3,3,3,3']);
      expect(kept).toEqual(
        pad === 0
          ? []
          : [
              {
                layer: 'conv_0',
                channels: 1,
                reason: 'conv_2 (conv) reads the constant 2 there, with padding around it',
              },
            ],
      );
      expectSame(after, graph);
    }
  });

  test('residual sum: only what is dead in both branches', () => {
    const s = new Sketch();
    const x = s.op('relu', [s.conv(s.input([1, 3, 5, 5]), 4, 1)]);
    const a = s.conv(x, 4, 3, { pad: 1, w: rowsOff(s, [4, 4, 3, 3], [0, 2]), bias: biasOff(s, 4, [0, 2]) });
    const b = s.conv(x, 4, 1, { w: rowsOff(s, [4, 4, 1, 1], [2, 3], 2), bias: biasOff(s, 4, [2, 3]) });
    const graph = s.done(s.conv(s.op('relu', [s.op('add', [a, b])]), 2, 3));
    const { graph: after, kept } = removeDeadChannels(graph);
    expect(weights(after)).toEqual(['4,3,1,1', '3,4,3,3', '3,4,1,1', '2,3,3,3']);
    expect(kept.map((k) => [k.channels, k.reason])).toEqual(
      Array(2).fill([1, 'conv_6 (conv) reads them, and they are not constant there']),
    );
    expectSame(after, graph);
  });

  test('concat, pool and depthwise with multiplier', () => {
    const s = new Sketch();
    const x = s.input([1, 3, 8, 8]);
    const a = s.conv(x, 3, 1, { w: rowsOff(s, [3, 3, 1, 1], [1]), bias: biasOff(s, 3, [1]) });
    const b = s.conv(x, 4, 1, { w: rowsOff(s, [4, 3, 1, 1], [0, 3]), bias: biasOff(s, 4, [0, 3]) });
    const joined = s.op('relu', [s.op('concat', [a, b], { axis: 1 })]);
    const pooled = s.op('maxPool', [joined], {
      kernel: [2, 2],
      strides: [2, 2],
      dilations: [1, 1],
      pads: [
        [0, 0],
        [0, 0],
      ],
      ceil: false,
    });
    const deep = s.conv(pooled, 14, 3, { groups: 7, pad: 1, bias: null });
    const graph = s.done(s.conv(deep, 2, 1));
    const { graph: after, removed } = removeDeadChannels(graph);
    expect(weights(after)).toEqual(['2,3,1,1', '2,3,1,1', '8,1,3,3', '2,8,1,1']);
    expect(removed.map((r) => [r.before, r.after])).toEqual([
      [3, 2],
      [4, 2],
      [14, 8],
    ]);
    expectSame(after, graph);
  });

  test.each([false, true])('flatten and dense, channels last: %s', (last) => {
    const s = new Sketch();
    const w = rowsOff(s, [4, 3, 3, 3], [1, 3]);
    const y = s.op('relu', [
      s.conv(s.input([1, 3, 6, 6]), 4, 3, { w, bias: s.constant([4], [1, 3, -1, 0]) }),
    ]);
    const flat = s.op('reshape', [last ? s.last(y) : y], { shape: [1, 64] });
    const hidden = s.op('relu', [s.op('dense', [flat, s.constant([5, 64]), s.constant([5])])]);
    const graph = s.done(s.op('softmax', [s.op('dense', [hidden, s.constant([3, 5])])], { axis: -1 }));
    const { graph: after } = removeDeadChannels(graph);
    expect(weights(after)).toEqual(['2,3,3,3', '5,32', '3,5']);
    expectSame(after, graph);
  });

  test('channels split by slices, batch normalization between, and readers that ignore channels', () => {
    const s = new Sketch();
    const w = rowsOff(s, [6, 2, 1, 1], [0, 4]);
    const y = s.conv(s.input([1, 2, 4, 4]), 6, 1, { w, bias: biasOff(s, 6, [0, 4]) });
    const n = s.op('mul', [y, s.constant([6, 1, 1])]);
    const part = (start: number) =>
      s.op('slice', [n], { starts: [0, start, 0, 0], sizes: [1, 3, 4, 4], steps: [1, 1, 1, 1] });
    const ignoring = s.constant([2, 3, 1, 1], [1, 0, 2, 3, 0, 4]);
    const graph = s.done(s.conv(part(0), 2, 1, { w: ignoring }), s.conv(part(3), 2, 3, { pad: 1 }));
    const { graph: after } = removeDeadChannels(graph);
    expect(weights(after)).toEqual(['3,2,1,1', '2,1,1,1', '2,2,3,3']);
    expectSame(after, graph);
  });

  test('what feeds only dead channels goes too', () => {
    const s = new Sketch();
    const a = s.conv(s.input([1, 2, 4, 4]), 3, 1);
    const columnOff = s.constant([2, 3, 1, 1], [1, 0, 0, 2, 0, 3]);
    const graph = s.done(s.conv(s.op('relu', [a]), 2, 1, { w: columnOff }));
    const { graph: after } = removeDeadChannels(graph);
    expect(weights(after)).toEqual(['2,2,1,1', '2,2,1,1']);
    expectSame(after, graph);
  });

  test('must not fire: outputs of the model, softmax over channels, the last channel', () => {
    const s = new Sketch();
    const y = s.conv(s.input([1, 2, 4, 4]), 3, 1, { w: rowsOff(s, [3, 2, 1, 1], [1]), bias: null });
    const a = removeDeadChannels(s.done(y));
    expect(weights(a.graph)).toEqual(['3,2,1,1']);
    expect(a.kept).toEqual([{ layer: 'conv_0', channels: 1, reason: 'it is an output of the model' }]);

    const t = new Sketch();
    const z = t.conv(t.input([1, 2, 4, 4]), 3, 1, { w: rowsOff(t, [3, 2, 1, 1], [1]), bias: null });
    const b = removeDeadChannels(t.done(t.conv(t.op('softmax', [z], { axis: 1 }), 2, 1)));
    expect(b.kept).toEqual([
      { layer: 'conv_0', channels: 1, reason: 'softmax_1 (softmax) mixes or needs them' },
    ]);

    const u = new Sketch();
    const v = u.conv(u.input([1, 2, 4, 4]), 2, 1, { w: rowsOff(u, [2, 2, 1, 1], [0, 1]), bias: null });
    const graph = u.done(u.conv(u.op('relu', [v]), 2, 1));
    const c = removeDeadChannels(graph);
    expect(weights(c.graph)).toEqual(['1,2,1,1', '2,1,1,1']);
    expect(c.kept).toEqual([{ layer: 'conv_0', channels: 1, reason: 'it is the last channel' }]);
    expectSame(c.graph, graph);
  });
});
