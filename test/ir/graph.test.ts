/** What the builder does while a graph grows: equal nodes are shared, constants are folded within bounds, and what nobody needs goes. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../compiler/ir/graph.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { semantics } from '../../compiler/semantics/evaluate.ts';

const builder = () => new GraphBuilder(semantics, 'net');

describe('equal nodes', () => {
  test('are one, under whatever name', () => {
    const b = builder();
    const x = b.input('x', 'float32', [1, 4]);
    const [first, second] = ['a', 'b'].map((name) => b.one('relu', [x], {}, { name }));
    expect(second).toBe(first);
    // So what is made of them is one too.
    expect(b.one('add', [first, x])).toBe(b.one('add', [second, x]));
    b.output('y', b.one('add', [first, second]));
    expect(b.finish().nodes.map((n) => n.kind)).toEqual(['relu', 'add']);
  });

  test.each([
    ['other attributes', { alpha: 0.1 }, { alpha: 0.2 }],
    ['signs of zero', { alpha: 0 }, { alpha: -0 }],
  ])('must not be shared: %s', (_what, one, other) => {
    const b = builder();
    const x = b.input('x', 'float32', [1, 4]);
    expect(b.one('leakyRelu', [x], one)).not.toBe(b.one('leakyRelu', [x], other));
  });

  test('must not be shared: infinite bounds of other signs, operands the other way round', () => {
    const b = builder();
    const x = b.input('x', 'float32', [1, 4]);
    const y = b.input('y', 'float32', [1, 4]);
    const clip = (min: number) => b.one('clip', [x], { min, max: Number.POSITIVE_INFINITY });
    expect(clip(Number.NEGATIVE_INFINITY)).not.toBe(clip(1));
    expect(b.one('sub', [x, y])).not.toBe(b.one('sub', [y, x]));
  });
});

describe('constants', () => {
  test('are folded, through as many nodes as there are', () => {
    const b = builder();
    const c = b.constant(tensor('float32', [2, 2], [1, -2, 3, -4]));
    const y = b.one('transpose', [b.one('relu', [c])], { perm: [1, 0] });
    expect(b.constantOf(y)).toEqual(tensor('float32', [2, 2], [1, 3, 0, 0]));
    b.output('y', y);
    expect(b.finish().nodes).toEqual([]);
  });

  test('that a fold would blow up stay small: 8 times their inputs and 64 Ki elements', () => {
    const b = builder();
    const one = b.scalar(1);
    const widen = (n: number) => b.constantOf(b.one('broadcastTo', [one], { shape: [n] }));
    expect(widen(65536 + 8)).toBeDefined();
    expect(widen(65536 + 9)).toBeUndefined();
  });

  test('that a fold would make longer than 2²⁴ elements stay as they are', () => {
    const b = builder();
    const long = b.constant(tensor('uint8', [2 ** 22]));
    expect(b.constantOf(b.one('tile', [long], { repeats: [4] }))).toBeDefined();
    expect(b.constantOf(b.one('tile', [long], { repeats: [5] }))).toBeUndefined();
  });

  test('with a transpose between still know the weight that they come from', () => {
    const b = builder();
    const w = b.constant(tensor('float32', [2, 3]), 'w', { weight: 'layer/kernel' });
    const y = b.value(b.one('transpose', [w], { perm: [1, 0] }));
    expect(y.origin).toMatchObject({ weight: 'layer/kernel', perm: [1, 0] });
  });
});

test('what no output needs goes; inputs stay', () => {
  const b = builder();
  const x = b.input('x', 'float32', [1, 4]);
  const unused = b.input('unused', 'float32', [1, 4]);
  const y = b.one('relu', [x]);
  b.one('neg', [b.one('exp', [b.one('add', [y, unused])])]);
  const [first] = b.node('topK', [y], { k: 1, axis: 1, largest: true });
  b.output('y', first);
  const graph = b.finish();
  expect(graph.nodes.map((n) => n.kind)).toEqual(['relu', 'topK']);
  expect(graph.inputs.map((p) => p.name)).toEqual(['x', 'unused']);
  expect([...graph.values.values()].filter((v) => v.name.startsWith('exp'))).toEqual([]);
});
