/**
 * Channels that hold one number whatever the input is: those of linear operators whose row of weights is zero (or reads such
 * channels only), and what operators that treat channels apart make of them.
 */
import type { Graph, Node, Value, ValueId } from '../ir/graph.ts';
import { allocate, normalizeAxis, rowMajor, type Shape, sizeOf, type Tensor } from '../ir/tensor.ts';
import type { AxisEnd, AxisLink } from '../ops/define.ts';
import { opOf } from '../semantics/evaluate.ts';
import { endValue, indicesOf, linkSize, linksOf } from './channels.ts';

export interface Known {
  readonly axis: number;
  /** Per index of the axis the number, or NaN. */
  readonly values: Float64Array;
}

/** Above this many elements a node's channels are left unknown rather than computed. */
const effort = 1 << 20;

export function knownChannels(graph: Graph): ReadonlyMap<ValueId, Known> {
  const known = new Map<ValueId, Known>();
  for (const node of graph.nodes) {
    const made = opOf(node.kind).linear ? ofLinear(graph, node, known) : ofLinks(graph, node, known);
    if (made?.values.some((v) => !Number.isNaN(v))) known.set(node.outputs[0], made);
  }
  return known;
}

/**
 * What a column of a linear node adds to a row where x holds `value` in that column; `undefined` where it depends on the place,
 * or on an unknown value (NaN).
 */
export function columnSums(
  graph: Graph,
  node: Node,
): (row: number, column: number, value: number) => number | undefined {
  const role = opOf(node.kind).linear!;
  const { data, shape } = graph.values.get(node.inputs[role.weights]!)!;
  const uniform = role.uniform(node.attrs);
  const taps = sizeOf(shape.slice(2));
  return (row, column, value) => {
    if (value === 0) return 0;
    const at = (row * shape[1] + column) * taps;
    let sum = 0;
    let nonzero = false;
    for (let t = at; t < at + taps; t++) {
      sum += data![t];
      nonzero ||= data![t] !== 0;
    }
    if (!nonzero) return 0;
    return uniform && !Number.isNaN(value) ? sum * value : undefined;
  };
}

function ofLinear(graph: Graph, node: Node, known: ReadonlyMap<ValueId, Known>): Known | undefined {
  const role = opOf(node.kind).linear!;
  const w = graph.values.get(node.inputs[role.weights]!)!;
  const x = graph.values.get(node.inputs[0]!)!;
  const biasId = node.inputs[role.bias] ?? null;
  const bias = biasId === null ? undefined : graph.values.get(biasId)!;
  if (!w.data || (bias && !bias.data)) return undefined;
  const axis = normalizeAxis(role.axis, x.shape.length);
  const before = known.get(x.id);
  const groups = x.shape[axis] / w.shape[1];
  const rows = w.shape[0];
  const columnSum = columnSums(graph, node);
  const values = Float64Array.from({ length: rows }, (_, r) => {
    let sum = bias ? bias.data![r] : 0;
    for (let c = 0; c < w.shape[1]; c++) {
      const channel = Math.floor(r / (rows / groups)) * w.shape[1] + c;
      const value = before?.axis === axis ? before.values[channel] : Number.NaN;
      const part = columnSum(r, c, value);
      if (part === undefined) return Number.NaN;
      sum += part;
    }
    return Math.fround(sum);
  });
  return { axis, values };
}

function ofLinks(graph: Graph, node: Node, known: ReadonlyMap<ValueId, Known>): Known | undefined {
  const links = linksOf(graph, node);
  let result: Known | undefined;
  for (const link of links) {
    const out = link.find(([t]) => t === -1);
    if (!out || node.outputs.length !== 1 || (result && result.axis !== out[1])) continue;
    const size = linkSize(graph, node, link);
    const channels = knownOfLink(graph, node, links, link, known, size);
    if (channels.length === 0) continue;
    const computed = evaluateChannels(graph, node, links, link, channels, known, size);
    if (!computed) continue;
    const { shape } = graph.values.get(node.outputs[0])!;
    result ??= { axis: out[1], values: new Float64Array(shape[out[1]]).fill(Number.NaN) };
    computed.forEach((v, k) => void (result!.values[k] = v));
  }
  return result;
}

/** Indices of a link at which every input computed at run time is known. */
function knownOfLink(
  graph: Graph,
  node: Node,
  links: readonly AxisLink[],
  link: AxisLink,
  known: ReadonlyMap<ValueId, Known>,
  size: number,
): number[] {
  const out = link.find(([t]) => t === -1)!;
  const siblings = links.filter((l) => l !== link && l.some(([t, axis]) => t === -1 && axis === out[1]));
  const ends: { end: AxisEnd; known: Known }[] = [];
  for (let t = 0; t < node.inputs.length; t++) {
    const id = node.inputs[t];
    if (id === null || graph.values.get(id)!.data) continue;
    const end = link.find((e) => e[0] === t);
    const of = known.get(id);
    if (end) {
      if (of?.axis !== end[1]) return [];
      ends.push({ end, known: of });
    } else if (!siblings.some((l) => l.some((e) => e[0] === t))) return [];
  }
  if (ends.length === 0) return [];
  return Array.from({ length: size }, (_, i) => i).filter((i) =>
    ends.every((e) => [...indicesOf(e.end, i, size)].every((k) => !Number.isNaN(e.known.values[k]))),
  );
}

/** Runs the node on the known channels alone, and on one index of every other axis that it treats apart. */
function evaluateChannels(
  graph: Graph,
  node: Node,
  links: readonly AxisLink[],
  link: AxisLink,
  channels: readonly number[],
  known: ReadonlyMap<ValueId, Known>,
  size: number,
): Map<number, number> | undefined {
  const kept = new Map<string, readonly number[]>();
  const out = link.find(([t]) => t === -1)!;
  for (const l of links) {
    const sibling = l !== link && l.some(([t, axis]) => t === -1 && axis === out[1]);
    // Constants may differ along an axis: there, one index doesn't speak for all.
    const plain =
      l.some(([t]) => t < 0) &&
      l.every((e) => e[2] === undefined && (e[0] < 0 || endValue(graph, node, e).data === undefined));
    for (const e of l) {
      const key = `${e[0]} ${e[1]}`;
      if (l === link)
        kept.set(
          key,
          channels.flatMap((i) => [...indicesOf(e, i, size)]).sort((a, b) => a - b),
        );
      else if (sibling && e[0] >= 0 && !kept.has(key) && !link.some(([t]) => t === e[0])) kept.set(key, []);
      else if (plain && !kept.has(key)) kept.set(key, [0]);
    }
  }
  const all = (d: number) => Array.from({ length: d }, (_, i) => i);
  const keptOf = (t: number, axis: number) =>
    kept.get(`${t} ${axis}`) ?? all(endValue(graph, node, [t, axis]).shape[axis]);
  const cut = (v: Value, t: number) => v.shape.map((_, axis) => keptOf(t, axis));
  const operands = node.inputs.map((id, t) => {
    if (id === null) return null;
    const v = graph.values.get(id)!;
    const indices = cut(v, t);
    if (v.data) return pick(v as Tensor, indices);
    const shape = indices.map((list) => list.length);
    return sizeOf(shape) > effort ? undefined : spread(v, shape, known.get(id), indices);
  });
  if (operands.includes(undefined)) return undefined;
  const op = opOf(node.kind);
  const attrs = op.shrink?.(node.attrs, keptOf) ?? node.attrs;
  const [y] = op.eval(operands as (Tensor | null)[], attrs);
  return uniformAlong(y, out[1], keptOf(-1, out[1]));
}

/** The given indices of every axis. */
export function pick(t: Tensor, indices: readonly (readonly number[])[]): Tensor {
  const shape = indices.map((list) => list.length);
  const data = allocate(t.dtype, sizeOf(shape));
  const strides = rowMajor(t.shape);
  let at = 0;
  const walk = (axis: number, offset: number) => {
    if (axis === shape.length) {
      data[at++] = t.data[offset];
      return;
    }
    for (const i of indices[axis]) walk(axis + 1, offset + i * strides[axis]);
  };
  walk(0, 0);
  return { dtype: t.dtype, shape, data };
}

function spread(
  v: Value,
  shape: Shape,
  known: Known | undefined,
  indices: readonly (readonly number[])[],
): Tensor {
  const data = allocate(v.dtype, sizeOf(shape));
  if (known && data.length > 0) {
    const stride = rowMajor(shape)[known.axis];
    const list = indices[known.axis];
    for (let i = 0; i < data.length; i++) data[i] = known.values[list[Math.floor(i / stride) % list.length]];
  }
  return { dtype: v.dtype, shape, data };
}

/** Old index → number, for indices along `axis` that hold one number. */
function uniformAlong(y: Tensor, axis: number, indices: readonly number[]): Map<number, number> {
  const stride = rowMajor(y.shape)[axis];
  const found = new Map<number, number>();
  const mixed = new Set<number>();
  for (let i = 0; i < y.data.length; i++) {
    const k = indices[Math.floor(i / stride) % indices.length];
    const before = found.get(k);
    if (before === undefined) found.set(k, y.data[i]);
    else if (!Object.is(before, y.data[i])) mixed.add(k);
  }
  for (const k of mixed) found.delete(k);
  return found;
}
