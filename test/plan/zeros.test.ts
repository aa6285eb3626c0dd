/** Where a layer is known to have many zeros among its inputs. */
import { expect, test } from 'vitest';
import type { ValueId } from '../../compiler/ir/graph.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { kernelSteps, select } from '../../compiler/plan/select.ts';
import { stage } from '../../compiler/plan/stage.ts';
import { Sketch } from '../passes/graphs.ts';

const options = { build: 'simd', objective: 'speed', sparse: true } as const;

const dense = (s: Sketch, x: ValueId, rows: number) =>
  s.op('dense', [x, s.constant([rows, s.b.shape(x)[1]]), null]);

/** What is taken of the inputs of the last layer. */
function last(make: (s: Sketch, x: ValueId) => ValueId) {
  const s = new Sketch();
  const x = dense(s, s.input([1, 24]), 128);
  const y = dense(s, make(s, x), 128);
  const staged = stage(fuse(lower(s.done(s.op('add', [y, s.input([1, 128], 'z')])))));
  return kernelSteps(staged, options).at(-1)!.problem;
}

test('half of what a ReLU gives is taken to be zero, by itself or clipped', () => {
  expect(last((s, x) => s.op('relu', [x])).zeros).toBe(0.5);
  expect(last((s, x) => s.op('clip', [x], { min: 0, max: 6 })).zeros).toBe(0.5);
  expect(last((s, x) => s.op('relu', [s.op('tanh', [x])])).zeros).toBe(0.5);
});

test('nothing is known of other values', () => {
  expect(last((_, x) => x).zeros).toBe(0);
  expect(last((s, x) => s.op('tanh', [s.op('relu', [x])])).zeros).toBe(0);
  expect(last((s, x) => s.op('clip', [x], { min: -1, max: 1 })).zeros).toBe(0);
  expect(last((s, x) => s.op('clip', [x], { min: -2, max: 0 })).zeros).toBe(0);
});

test('sums may not grow in the place of an operand of the epilogue', () => {
  const staged = (residual: boolean) => {
    const s = new Sketch();
    const x = s.op('relu', [dense(s, s.input([1, 24]), 128)]);
    const y = dense(s, x, 128);
    return stage(fuse(lower(s.done(residual ? s.op('add', [y, x]) : y))));
  };
  const of = (residual: boolean) => {
    const plan = staged(residual);
    const { scratch } = kernelSteps(plan, options).at(-1)!.problem;
    return { scratch, format: [...select(plan, options).values()].at(-1)!.choice!.format };
  };
  expect(of(false)).toEqual({ scratch: true, format: 'columns' });
  expect(of(true)).toEqual({ scratch: false, format: 'dense' });
});
