/** What fusion joins, what it leaves, and that a fused plan computes the same. */
import { describe, expect, test } from 'vitest';
import type { ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import type { Plan, Step } from '../../compiler/plan/forms.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { interpret } from '../../compiler/plan/interpret.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { Sketch } from '../passes/graphs.ts';
import { difference, sampleTensor } from '../samples.ts';

type Make = (s: Sketch) => ValueId[];

const operands = (s: Step) => ('epilogue' in s && s.epilogue ? s.epilogue.args.length : 0);
const described = (p: Plan) => p.steps.map((s) => (operands(s) > 0 ? `${s.form}+${operands(s)}` : s.form));

function fused(make: Make): Plan {
  const s = new Sketch();
  const graph = s.done(...make(s));
  const before = lower(graph);
  const after = fuse(before);
  const rng = random(2);
  const inputs = graph.inputs.map((p) => sampleTensor({ shape: graph.values.get(p.value)!.shape }, rng));
  const [got, want] = [after, before].map((plan) => {
    const named = Object.fromEntries(plan.inputs.map((p, i) => [p.name, inputs[i]]));
    return interpret(plan, named);
  });
  // Fused temporaries are not rounded to float32.
  for (const name of Object.keys(want)) expect(difference(got[name], want[name])).toBeLessThan(2e-6);
  return after;
}

const image = (s: Sketch, name = 'x') => s.input([1, 4, 6, 6], name);

describe('fuse', () => {
  test('activations join the convolution before them', () => {
    const plan = fused((s) => [s.op('tanh', [s.op('relu', [s.conv(image(s), 3, 3)])])]);
    expect(described(plan)).toEqual(['linear']);
  });

  test('a residual sum is an operand of the epilogue', () => {
    const plan = fused((s) => {
      const x = s.conv(image(s), 4, 1);
      const sum = s.op('relu', [s.op('add', [s.conv(x, 4, 3, { pad: 1 }), x])]);
      return [s.conv(sum, 2, 1)];
    });
    expect(described(plan)).toEqual(['linear', 'linear+1', 'linear']);
  });

  test('a result with another reader stays, and feeds both', () => {
    const plan = fused((s) => {
      const z = s.conv(image(s), 3, 3);
      return [s.op('relu', [z]), s.op('tanh', [z])];
    });
    expect(described(plan)).toEqual(['linear', 'pointwise', 'pointwise']);
  });

  test('a third operand goes to another step', () => {
    const plan = fused((s) => {
      const x = image(s);
      const more = [1, 2, 3].map(() => s.conv(x, 4, 1));
      const sum = more.reduce((a, b) => s.op('add', [a, b]), s.conv(x, 4, 3, { pad: 1 }));
      return [s.conv(sum, 2, 1)];
    });
    const counts = plan.steps.map(operands);
    expect(Math.max(...counts)).toBe(2);
    expect(counts.reduce((a, b) => a + b)).toBe(3);
  });

  test('parts are written into their concatenation', () => {
    const plan = fused((s) => {
      const x = image(s);
      const parts = [s.conv(x, 2, 3, { pad: 1 }), s.op('relu', [s.conv(x, 3, 1)])];
      return [s.op('concat', parts, { axis: 1 })];
    });
    expect(described(plan)).toEqual(['linear', 'linear']);
  });

  test('another reader of a part reads it in the concatenation', () => {
    const plan = fused((s) => {
      const x = image(s);
      const part = s.conv(x, 2, 3, { pad: 1 });
      return [s.op('concat', [part, x], { axis: 1 }), s.op('exp', [part])];
    });
    expect(described(plan).sort()).toEqual(['linear', 'move', 'pointwise']);
  });

  test('nothing is left of steps whose results nobody reads', () => {
    const plan = fused((s) => {
      const x = image(s);
      s.op('exp', [s.conv(x, 2, 3)]);
      return [s.op('neg', [x])];
    });
    expect(described(plan)).toEqual(['pointwise']);
  });

  test('chains of doubled operands end before expressions explode', () => {
    const plan = fused((s) => {
      let x = s.input([3]);
      for (let i = 0; i < 12; i++) x = s.op('add', [x, x]);
      return [x];
    });
    expect(plan.steps.length).toBeGreaterThan(1);
  });
});
