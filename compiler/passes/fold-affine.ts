/**
 * Folds constants that scale and shift channels into the weights beside them. This is how batch normalization disappears.
 *
 *     linear(x, W, b) · s + t    ->  linear(x, s·W, s·b + t)
 *     linear(x · s + t, W, b)    ->  linear(x, W·s, b + W·t)    t only where no output sees padding
 *
 * Assumes finite weights. Must not fire where the value between has other readers, where a product overflows, nor where
 * columns would be scaled that can't be written back to the source: an origin holds scales of rows only. (A scale of 0 can't be
 * undone either: who writes back keeps the source's row.)
 */
import { type Graph, Links, type Node, type Origin, rewrite, type Value } from '../ir/graph.ts';
import { normalizeAxis, type Shape, type Tensor } from '../ir/tensor.ts';
import { opOf, semantics } from '../semantics/evaluate.ts';
import { type Affine, affineOf } from './affine.ts';
import type { Pass } from './pass.ts';

export const foldAffine: Pass = {
  name: 'foldAffine',
  description: 'fold scales and shifts of channels into weights and biases',
  run(graph) {
    const links = new Links(graph);
    // Nodes whose part in an affine pair was used up in this walk.
    const spent = new Set<Node>();
    return rewrite(graph, semantics, (node, b, get) => {
      const found = affineBehind(graph, links, node) ?? affineBefore(graph, links, node);
      if (!found || spent.has(found.linear) || spent.has(found.affine)) return undefined;
      const weights = weightsOf(graph, found.linear);
      const change = weights && (found.linear === node ? ofColumns(graph, found, weights) : ofRows(found));
      const constants = change && changed(weights, change);
      if (!constants) return undefined;
      spent.add(found.linear).add(found.affine);
      const { weights: at, bias } = opOf(found.linear.kind).linear!;
      const inputs = [...found.linear.inputs].map((i) => (i === null ? null : get(i)));
      inputs[0] = get(found.linear === node ? found.map.x : found.linear.inputs[0]!);
      inputs[at] = constants.w ? b.constant(constants.w, weights.w.name, constants.w.origin) : inputs[at];
      if (constants.bias) {
        const name = weights.bias?.name ?? `${found.linear.name}/bias`;
        inputs[bias] = b.constant(constants.bias, name, constants.bias.origin);
      }
      const { kind, attrs, name, source } = found.linear;
      return b.node(kind, inputs, attrs, { name, source });
    });
  },
};

interface Found {
  readonly linear: Node;
  readonly affine: Node;
  readonly map: Affine;
}

/** `node` scales what a linear node computes for it alone. */
function affineBehind(graph: Graph, links: Links, node: Node): Found | undefined {
  for (const id of node.inputs) {
    const linear = links.producer(id);
    const role = linear && opOf(linear.kind).linear;
    if (!role || !links.single(id!)) continue;
    const map = affineOf(graph, node, role.axis);
    if (map?.x === id) return { linear, affine: node, map };
  }
  return undefined;
}

/** The linear `node` alone reads a scaled value. */
function affineBefore(graph: Graph, links: Links, node: Node): Found | undefined {
  const role = opOf(node.kind).linear;
  const x = node.inputs[0];
  const affine = role && links.producer(x);
  if (!affine || !links.single(x!)) return undefined;
  const map = affineOf(graph, affine, role.axis);
  return map && { linear: node, affine, map };
}

type Constant = Tensor & { readonly origin?: Origin };

interface Weights {
  readonly w: Value & Constant;
  readonly bias: (Value & Constant) | undefined;
  readonly rows: number;
  readonly perRow: number;
}

function weightsOf(graph: Graph, node: Node): Weights | undefined {
  const role = opOf(node.kind).linear!;
  const w = graph.values.get(node.inputs[role.weights]!)!;
  const id = node.inputs[role.bias] ?? null;
  const bias = id === null ? undefined : graph.values.get(id)!;
  const rows = w.shape[0];
  if (!w.data || (bias && !bias.data) || rows === 0) return undefined;
  return { w: w as Value & Constant, bias: bias as Weights['bias'], rows, perRow: w.data.length / rows };
}

/** What happens to weights and bias, per row; `element` is for what differs inside a row. */
interface Change {
  readonly scale: Float64Array;
  readonly element?: (row: number, i: number) => number;
  readonly biasScale: Float64Array;
  readonly biasShift: Float64Array;
}

const ofRows = ({ map }: Found): Change => ({
  scale: map.scale,
  biasScale: map.scale,
  biasShift: map.shift,
});

function ofColumns(graph: Graph, { linear, map }: Found, { w, rows, perRow }: Weights): Change | undefined {
  const role = opOf(linear.kind).linear!;
  const { x, scale, shift } = map;
  if (shift.some((t) => t !== 0) && !role.uniform(linear.attrs)) return undefined;
  const { shape } = graph.values.get(x)!;
  const perGroup = w.shape[1];
  const groups = shape[normalizeAxis(role.axis, shape.length)] / perGroup;
  const taps = perRow / perGroup;
  const channel = (row: number, i: number) =>
    Math.floor(row / (rows / groups)) * perGroup + Math.floor(i / taps);
  const byRow = map.uniformScale || perGroup === 1;
  if (!byRow && w.origin) return undefined;
  const biasShift = Float64Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let i = 0; i < perRow; i++) sum += w.data[r * perRow + i] * shift[channel(r, i)];
    return sum;
  });
  const biasScale = new Float64Array(rows).fill(1);
  if (!byRow) return { scale: biasScale, element: (r, i) => scale[channel(r, i)], biasScale, biasShift };
  return { scale: biasScale.map((_, r) => scale[channel(r, 0)]), biasScale, biasShift };
}

/** The new constants, absent where nothing changes; `undefined` where one isn't finite. */
function changed(
  { w, bias, rows, perRow }: Weights,
  c: Change,
): { w?: Constant; bias?: Constant } | undefined {
  const data = new Float32Array(rows * perRow);
  for (let row = 0, k = 0; row < rows; row++) {
    for (let i = 0; i < perRow; i++, k++) data[k] = w.data[k] * c.scale[row] * (c.element?.(row, i) ?? 1);
  }
  const offsets = Float32Array.from(c.biasShift, (t, r) => (bias ? bias.data[r] : 0) * c.biasScale[r] + t);
  if (!data.every(Number.isFinite) || !offsets.every(Number.isFinite)) return undefined;
  const scales = c.element !== undefined || c.scale.some((s) => s !== 1);
  const hasBias = bias !== undefined || offsets.some((t) => t !== 0);
  return {
    ...(scales && { w: { ...typed(w.shape, data), origin: originOf(w.origin, c.scale) } }),
    ...(hasBias && {
      bias: { ...typed([rows], offsets), origin: originOf(bias?.origin, c.biasScale, c.biasShift) },
    }),
  };
}

const typed = (shape: Shape, data: Float32Array) => ({ dtype: 'float32', shape, data }) as const;

function originOf(o: Origin | undefined, scale: Float64Array, shift?: Float64Array): Origin | undefined {
  if (!o) return undefined;
  const shifted = o.shift !== undefined || shift?.some((t) => t !== 0);
  return {
    ...o,
    scale: Float32Array.from(scale, (s, r) => s * (o.scale?.[r] ?? 1)),
    ...(shifted && {
      shift: Float32Array.from(scale, (s, r) => s * (o.shift?.[r] ?? 0) + (shift?.[r] ?? 0)),
    }),
  };
}
