import { expect, test } from 'vitest';
import { instantiate } from '../compiler/instance.ts';
import { random } from '../compiler/ir/random.ts';
import { emit } from '../compiler/pipeline.ts';
import { canRepeat, profile } from '../compiler/profile.ts';
import { Sketch } from './passes/graphs.ts';
import { sampleTensor } from './samples.ts';

/** Two convolutions, and between them a product with a gate, which takes the place of its operand. */
function gated() {
  const s = new Sketch();
  const x = s.conv(s.input([1, 4, 8, 8]), 4, 1);
  const gate = s.op('sigmoid', [s.op('reduceMean', [x], { axes: [2, 3], keepDims: true })]);
  return s.done(s.conv(s.op('mul', [x, gate]), 4, 1));
}

test('steps that write where they read are not repeated', async () => {
  const graph = gated();
  const emitted = await emit(graph, { profile: true });
  const input = { [graph.inputs[0].name]: sampleTensor({ shape: [1, 4, 8, 8] }, random(1)) };
  const { exports, values, run } = await instantiate(emitted.wasm, emitted.metadata);
  const [{ data: want }] = Object.values(run(input));
  const repeats = emitted.functions.map(({ name, step }) => {
    exports[name]();
    const after = values.slice();
    const can = canRepeat(exports[name], values);
    expect(values, name).toEqual(after);
    return { op: step.op, can };
  });
  expect(repeats.find((r) => r.op === 'mul')?.can).toBe(false);
  expect(repeats.filter((r) => r.op === 'conv').map((r) => r.can)).toEqual([true, true]);
  expect(Object.values(run(input))[0].data).toEqual(want);
  const steps = await profile(emitted, input);
  expect(steps.map((s) => s.op)).toEqual(emitted.functions.map((f) => f.step.op));
  expect(steps.every((s) => s.ns > 0)).toBe(true);
});
