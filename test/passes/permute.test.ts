/** `Op.permute` of every operator: on inputs turned back, the new attributes give the output turned back. */
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { ops } from '../../compiler/ops/index.ts';
import transpose from '../../compiler/ops/transpose.ts';
import { caseOf, difference } from '../samples.ts';

const turnable = [...ops.values()].filter((op) => op.permute);
const turn = (x: Tensor, perm: readonly number[]) => transpose.eval([x], { perm })[0];

describe.each(turnable.map((op) => [op.kind, op] as const))('%s', (_kind, op) => {
  test.each(op.samples.map((s) => [s.name, s] as const))('%s', (_name, sample) => {
    const { graph, inputs } = caseOf(op, sample as never);
    const [node] = graph.nodes;
    const operands = node.inputs.map((id) => {
      const v = id === null ? undefined : graph.values.get(id)!;
      return v ? (v.data ? (v as Tensor) : inputs[v.name]) : null;
    });
    const rank = Math.max(...operands.map((x) => x?.shape.length ?? 0));
    const perm = Array.from({ length: rank }, (_, i) => (i + 1) % rank);
    const inverse = perm.map((_, i) => perm.indexOf(i));
    const wide = operands.map(
      (x) => x && { ...x, shape: [...Array(rank - x.shape.length).fill(1), ...x.shape] },
    );
    const turned = op.permute!(node.attrs, perm, wide);
    if (!turned) return;
    const want = op.eval(operands, node.attrs);
    const got = op.eval(
      wide.map((x) => x && turn(x, inverse)),
      turned.attrs,
    );
    want.forEach((y, i) => void expect(difference(turn(got[i], turned.perm), y)).toBeLessThanOrEqual(1e-6));
  });
});
