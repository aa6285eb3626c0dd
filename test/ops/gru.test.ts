import { describe, expect, test } from 'vitest';
import { testCell } from './recurrent.ts';
import { evaluate, f32, floats, refuses } from './run.ts';

const activations = ['sigmoid', 'tanh'].map((name) => ({ name }));

describe.each([true, false])('resetAfter %s', (resetAfter) => {
  testCell({ kind: 'gru', gates: 3, states: 1, biases: 2, attrs: { activations, resetAfter } });

  test('one step of one unit, by hand; gates z r n', () => {
    const attrs = { activations, reverse: false, sequence: false, stateful: false, clip: 0, resetAfter };
    const inputs = [
      f32([1, 1, 1], 2),
      f32([3, 1], 0.1, 0.2, 0.3),
      f32([3, 1], 0.5, -0.5, 0.25),
      f32([3], 0, 1, -1),
      f32([3], 0.1, 0.2, 0.3),
      f32([1, 1], 0.6),
    ];
    const [h] = evaluate('gru', inputs, attrs);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const z = sigmoid(0.2 + 0.3 + 0.1);
    const r = sigmoid(0.4 - 0.3 + 1.2);
    const past = resetAfter ? r * (0.15 + 0.3) : 0.25 * r * 0.6 + 0.3;
    expect(h.data[0]).toBeCloseTo((1 - z) * Math.tanh(0.6 - 1 + past) + z * 0.6, 6);
  });
});

test('a recurrent bias of the wrong size is refused', () => {
  const attrs = { activations, reverse: false, sequence: false, stateful: false, clip: 0, resetAfter: true };
  const inputs = [floats([1, 1, 2]), floats([6, 2]), floats([6, 2]), floats([6]), floats([2])];
  refuses('E_SHAPE', 'gru', inputs, attrs);
});
