/** Shared by the ONNX readers: inputs that must be known, axes, and operators of one node each. */
import { normalizeAxis } from '../ir/tensor.ts';
import type { Attrs, DType, NodeContext, OnnxContext, OnnxReader, Shape, ValueId } from './define.ts';
import { range } from './spatial.ts';

export const rankOf = (c: NodeContext, id: ValueId) => c.b.shape(id).length;
export const dtypeOf = (c: NodeContext, id: ValueId): DType => c.b.value(id).dtype;

export const hasInput = (c: NodeContext, i: number) => (c.inputs[i] ?? null) !== null;

/** Input `i` as a list of numbers. */
export const numbers = (c: NodeContext, i: number): number[] => Array.from(c.constant(i).data);

/** Input `i`, which holds one number. */
export function single(c: OnnxContext, i: number): number {
  const { data } = c.constant(i);
  return data.length === 1 ? data[0] : c.malformed(`input ${i} has ${data.length} elements instead of one`);
}

/** What once was an attribute and is input `i` now; `undefined` where neither is there. */
export function listed(c: OnnxContext, key: string, i: number): number[] | undefined {
  if (c.config.has(key)) return c.config.ints(key);
  return hasInput(c, i) ? numbers(c, i) : undefined;
}

export const axisOf = (c: NodeContext, axis: number, rank: number) =>
  normalizeAxis(axis, rank, { node: c.name, op: c.source });

export const attrAxis = (c: OnnxContext, fallback: number) => {
  const rank = rankOf(c, c.input(0));
  return axisOf(c, c.config.int('axis', fallback), rank);
};

export const reshape = (c: NodeContext, x: ValueId, shape: Shape) => c.one('reshape', [x], { shape });
export const transpose = (c: NodeContext, x: ValueId, perm: readonly number[]) =>
  c.one('transpose', [x], { perm });
export const cast = (c: NodeContext, x: ValueId, to: DType) =>
  dtypeOf(c, x) === to ? x : c.one('cast', [x], { to });

/** `kind` of input 0. */
export const unary =
  (kind: string, attrs: (c: OnnxContext) => Attrs = () => ({})): OnnxReader =>
  (c) =>
    c.one(kind, [c.input(0)], attrs(c));

/** `kind` of inputs 0 and 1, which broadcast. */
export const binary =
  (kind: string, attrs: (c: OnnxContext) => Attrs = () => ({})): OnnxReader =>
  (c) =>
    c.one(kind, operands(c), attrs(c));

/** Before opset 7 the second operand stood at `axis` of the first. */
export function operands(c: OnnxContext): [ValueId, ValueId] {
  const [a, b] = [c.input(0), c.input(1)];
  if (c.opset >= 7 || !c.config.has('axis')) return [a, b];
  const behind = rankOf(c, a) - axisOf(c, c.config.int('axis'), rankOf(c, a)) - rankOf(c, b);
  if (behind < 0) c.malformed(`operand [${c.b.shape(b)}] reaches past [${c.b.shape(a)}]`);
  return [a, reshape(c, b, [...c.b.shape(b), ...range(0, behind).map(() => 1)])];
}

/** `kind` over all inputs, one after the other. */
export const variadic =
  (kind: string, finish: (c: OnnxContext, y: ValueId) => ValueId = (_c, y) => y): OnnxReader =>
  (c) => {
    const all = c.inputs.map((_, i) => c.input(i));
    if (all.length === 0) c.malformed('no inputs');
    return finish(
      c,
      all.reduce((a, b) => c.one(kind, [a, b])),
    );
  };

/** A scalar of the element type of `like`. */
export const scalarLike = (c: OnnxContext, like: ValueId, value: number): ValueId => {
  const dtype = dtypeOf(c, like);
  return dtype === 'float32' || dtype === 'int32'
    ? c.b.scalar(value, dtype)
    : c.one('cast', [c.b.scalar(value, 'int32')], { to: dtype });
};

/** A list per channel as [C, 1, …], to go with [N, C, …] of `rank`. */
export function perChannel(c: OnnxContext, list: ValueId, rank: number, axis = 1): ValueId {
  const shape = c.b.shape(list);
  return shape.length === 1 && rank - axis > 1
    ? reshape(c, list, [shape[0], ...range(axis + 1, rank).map(() => 1)])
    : list;
}
