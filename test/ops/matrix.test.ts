/** Every sample of every operator: eval = interpreter. (The wasm columns are in `test/matrix-wasm.test.ts`.) */
import { describe, expect, test } from 'vitest';
import { ops } from '../../compiler/ops/index.ts';
import { interpret } from '../../compiler/plan/interpret.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { caseOf, difference } from '../samples.ts';

for (const op of ops.values()) {
  describe(op.kind, () => {
    test.each(op.samples.map((s) => [s.name, s] as const))('%s', (_name, sample) => {
      const { graph, inputs } = caseOf(op, sample as never);
      const want = evaluateGraph(graph, inputs);
      const got = interpret(lower(graph), inputs);
      for (const name of Object.keys(want)) {
        expect(difference(got[name], want[name]), name).toBeLessThanOrEqual(sample.tolerance ?? 1e-5);
      }
    });
  });
}
