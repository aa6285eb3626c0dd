import { expect, test } from 'vitest';
import { testCell } from './recurrent.ts';
import { evaluate, f32 } from './run.ts';

const activations = ['sigmoid', 'tanh', 'tanh'].map((name) => ({ name }));

testCell({ kind: 'lstm', gates: 4, states: 2, biases: 1, attrs: { activations } });

test('one step of one unit, by hand; gates i f c o', () => {
  const attrs = { activations, reverse: false, sequence: false, stateful: false, clip: 0 };
  const inputs = [
    f32([1, 1, 1], 2),
    f32([4, 1], 0.1, 0.2, 0.3, 0.4),
    f32([4, 1], 0.5, -0.5, 0.25, 1),
    f32([4], 0, 1, -1, 0.5),
    f32([1, 1], 0.6),
    f32([1, 1], -0.8),
  ];
  const [h, c] = evaluate('lstm', inputs, attrs);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const memory = sigmoid(0.4 - 0.3 + 1) * -0.8 + sigmoid(0.2 + 0.3) * Math.tanh(0.6 + 0.15 - 1);
  expect(c.data[0]).toBeCloseTo(memory, 6);
  expect(h.data[0]).toBeCloseTo(sigmoid(0.8 + 0.6 + 0.5) * Math.tanh(memory), 6);
});
