/** Every sample of every operator, compiled: wasm = eval, in the scalar and the SIMD build. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { ops } from '../compiler/ops/index.ts';
import { emit } from '../compiler/pipeline.ts';
import { evaluateGraph } from '../compiler/semantics/evaluate.ts';
import { execute } from './execute.ts';
import { casesOf, difference } from './samples.ts';

for (const op of ops.values()) {
  describe.each(['scalar', 'simd'] as const)(`${op.kind} %s`, (build) => {
    let want: Record<string, Tensor>;
    let got: Record<string, Tensor>;

    beforeAll(async () => {
      const { graph, inputs } = casesOf(op, op.samples as never);
      want = evaluateGraph(graph, inputs);
      const { wasm, metadata } = await emit(graph, { build });
      got = execute(wasm, metadata, inputs);
    });

    test.each(op.samples.map((s) => [s.name, s.tolerance ?? 1e-5] as const))('%s', (name, tolerance) => {
      const outputs = Object.keys(want).filter((o) => o.startsWith(`${name}.y`));
      expect(outputs.length).toBeGreaterThan(0);
      for (const o of outputs) expect(difference(got[o], want[o]), o).toBeLessThanOrEqual(tolerance);
    });
  });
}
