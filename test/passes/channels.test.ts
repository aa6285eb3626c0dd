/** `Op.channels` and `Op.shrink` of every operator: an index taken from all ends of a link is just missing from the output. */
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { ops } from '../../compiler/ops/index.ts';
import { indicesOf, linkSize, linksOf } from '../../compiler/passes/channels.ts';
import { pick } from '../../compiler/passes/known-channels.ts';
import { caseOf, difference } from '../samples.ts';

const linked = [...ops.values()].filter((op) => op.channels);

describe.each(linked.map((op) => [op.kind, op] as const))('%s', (_kind, op) => {
  test.each(op.samples.map((s) => [s.name, s] as const))('%s', (_name, sample) => {
    const { graph, inputs } = caseOf(op, sample as never);
    const [node] = graph.nodes;
    const operand = (id: number | null): Tensor | null => {
      const v = id === null ? undefined : graph.values.get(id)!;
      return v ? (v.data ? (v as Tensor) : inputs[v.name]) : null;
    };
    const operands = node.inputs.map(operand);
    const outputs = op.eval(operands, node.attrs);
    const shapeOf = (t: number) => (t < 0 ? outputs[-1 - t] : operands[t]!).shape;
    for (const link of linksOf(graph, node)) {
      const size = linkSize(graph, node, link);
      if (size < 2) continue;
      const gone = size - 2;
      const kept = (t: number, axis: number) => {
        const out = link
          .filter((e) => e[0] === t && e[1] === axis)
          .flatMap((e) => [...indicesOf(e, gone, size)]);
        return Array.from({ length: shapeOf(t)[axis] }, (_, i) => i).filter((i) => !out.includes(i));
      };
      const cut = (x: Tensor, t: number) =>
        pick(
          x,
          x.shape.map((_, axis) => kept(t, axis)),
        );
      const contracts = link.every(([t]) => t >= 0);
      const given = operands.map((x, t) =>
        x && contracts && t === 0 ? zeroed(x, (axis) => kept(0, axis)) : x,
      );
      const want = op.eval(given, node.attrs).map((y, i) => cut(y, -1 - i));
      const attrs = op.shrink?.(node.attrs, kept) ?? node.attrs;
      const got = op.eval(
        given.map((x, t) => x && cut(x, t)),
        attrs,
      );
      want.forEach(
        (y, i) => void expect(difference(got[i], y), JSON.stringify(link)).toBeLessThanOrEqual(1e-6),
      );
    }
  });
});

/** `x` with zeros outside the kept indices. */
function zeroed(x: Tensor, kept: (axis: number) => readonly number[]): Tensor {
  const data = x.data.slice();
  const strides = x.shape.map((_, d) => x.shape.slice(d + 1).reduce((n, k) => n * k, 1));
  for (let i = 0; i < data.length; i++) {
    if (x.shape.some((d, a) => !kept(a).includes(Math.floor(i / strides[a]) % d))) data[i] = 0;
  }
  return { ...x, data };
}
