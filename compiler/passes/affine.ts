/** Reads x·scale + shift with constants, whatever arithmetic it is written in. */
import type { Graph, Node, ValueId } from '../ir/graph.ts';
import { normalizeAxis, type Shape, type Tensor } from '../ir/tensor.ts';

export interface Affine {
  readonly x: ValueId;
  /** Per index of the axis. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  /** One scale for all. */
  readonly uniformScale: boolean;
}

/** [scale, shift] of the other operand from the constant one, by position of the constant. */
const forms: Readonly<Record<string, readonly (((c: number) => readonly [number, number]) | undefined)[]>> = {
  mul: [(c) => [c, 0], (c) => [c, 0]],
  add: [(c) => [1, c], (c) => [1, c]],
  sub: [(c) => [-1, c], (c) => [1, -c]],
  div: [undefined, (c) => [1 / c, 0]],
};

/** `undefined` unless `node` scales and shifts one float32 operand along `axis` by constants, without stretching it. */
export function affineOf(graph: Graph, node: Node, axis: number): Affine | undefined {
  if (node.kind === 'neg') return perIndex(graph, node.inputs[0]!, axis, undefined, () => [-1, 0]);
  const form = forms[node.kind];
  if (!form) return undefined;
  for (const at of [0, 1]) {
    const c = graph.values.get(node.inputs[at]!)!;
    const x = node.inputs[1 - at]!;
    const f = form[at];
    if (f && c.data && !graph.values.get(x)!.data) return perIndex(graph, x, axis, c as Tensor, f);
  }
  return undefined;
}

function perIndex(
  graph: Graph,
  x: ValueId,
  axis: number,
  c: Tensor | undefined,
  f: (c: number) => readonly [number, number],
): Affine | undefined {
  const { shape, dtype } = graph.values.get(x)!;
  if (dtype !== 'float32' || shape.length === 0) return undefined;
  const along = normalizeAxis(axis, shape.length);
  if (c && !liesAlong(c.shape, shape, along)) return undefined;
  const size = shape[along];
  const pairs = Array.from({ length: size }, (_, i) => f(c ? c.data[c.data.length === 1 ? 0 : i] : 0));
  const scale = Float64Array.from(pairs, (p) => p[0]);
  const shift = Float64Array.from(pairs, (p) => p[1]);
  return { x, scale, shift, uniformScale: scale.every((s) => s === scale[0]) };
}

/** True where a constant of this shape is one number, or one per index of `axis`. */
function liesAlong(c: Shape, x: Shape, axis: number): boolean {
  const lead = x.length - c.length;
  return lead >= 0 && c.every((d, i) => d === 1 || (lead + i === axis && d === x[axis]));
}
