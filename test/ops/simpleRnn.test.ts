import { expect, test } from 'vitest';
import { testCell } from './recurrent.ts';
import { evaluate, f32 } from './run.ts';

const activations = [{ name: 'tanh' }];

testCell({ kind: 'simpleRnn', gates: 1, states: 1, biases: 1, attrs: { activations } });

test('two steps of one unit, by hand; activations with parameters', () => {
  const attrs = { reverse: false, sequence: true, stateful: false, clip: 0 };
  const inputs = [
    f32([2, 1, 1], 1, -2),
    f32([1, 1], 0.5),
    f32([1, 1], 2),
    f32([1], 0.25),
    f32([1, 1], 0.125),
  ];
  const [h, y] = evaluate('simpleRnn', inputs, { ...attrs, activations });
  const one = Math.tanh(0.5 + 0.25 + 0.25);
  expect(y.data[0]).toBeCloseTo(one, 6);
  expect(h.data[0]).toBeCloseTo(Math.tanh(-1 + 0.25 + 2 * one), 6);
  const leaky = evaluate('simpleRnn', inputs, {
    ...attrs,
    activations: [{ name: 'leakyRelu', alpha: 0.5 }],
    clip: 0.75,
  });
  // 1 is cut to 0.75; −1 + 0.25 + 1.5 = 0.75.
  expect([...leaky[1].data]).toEqual([0.75, 0.75]);
});
