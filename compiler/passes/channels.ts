/**
 * Which channels can only disappear together. Every index of every axis of every value is an atom; `Op.channels` joins atoms
 * into classes, and what an operator doesn't speak of is pinned:
 *
 *     conv W[0]─┐                     ┌─ x[1] of the next conv, W'[1]: a contraction, where the class ends
 *     conv b[0]─┼─ y[1] ── relu ── + ─┤
 *     other branch's y'[1] ────────┘  └─ flattened y[1]: each channel is a block of columns
 *
 * An axis that is a number made of several digits (a flattened one) follows the one digit that isn't pinned.
 */
import type { Graph, Node, Value, ValueId } from '../ir/graph.ts';
import type { AxisEnd, AxisLink } from '../ops/define.ts';
import { opOf } from '../semantics/evaluate.ts';

/** A link without an output: index i of x is summed away by `node`. */
export interface Contraction {
  readonly node: Node;
  readonly index: number;
}

export interface ChannelClasses {
  /** The class of an index of an axis: a number. */
  classOf(value: ValueId, axis: number, index: number): number;
  /** Why a class can't disappear, if it can't. */
  pinned(group: number): string | undefined;
  contractions(group: number): readonly Contraction[];
  /** All classes. */
  readonly groups: readonly number[];
}

export const linksOf = (graph: Graph, node: Node): readonly AxisLink[] => {
  const value = (id: ValueId | null) => (id === null ? null : graph.values.get(id)!);
  const links = opOf(node.kind).channels?.(
    node.inputs.map(value),
    node.outputs.map((o) => value(o)!),
    node.attrs,
  );
  const there = (links ?? []).map((link) => link.filter(([t]) => t < 0 || (node.inputs[t] ?? null) !== null));
  return there.filter((link) => link.length > 0);
};

/** The value that an end of a link speaks of. */
export const endValue = (graph: Graph, node: Node, [t]: AxisEnd): Value =>
  graph.values.get(t < 0 ? node.outputs[-1 - t] : node.inputs[t]!)!;

export const linkSize = (graph: Graph, node: Node, link: AxisLink): number => {
  const whole = link.find((end) => end[2] === undefined)!;
  return endValue(graph, node, whole).shape[whole[1]];
};

/** Old indices of an end's axis that belong to index `i` of a link of `size`. */
export function* indicesOf(end: AxisEnd, i: number, size: number): Generator<number> {
  const [, , part] = end;
  if (!part) yield i;
  else {
    for (let base = i * part.inner; base < part.length; base += size * part.inner) {
      for (let k = 0; k < part.inner; k++) yield part.start + base + k;
    }
  }
}

const isNumber = (end: AxisEnd, size: number) =>
  end[2] !== undefined && (end[2].inner !== 1 || end[2].length !== size);

export function channelClasses(graph: Graph): ChannelClasses {
  const first = new Map<ValueId, number[]>();
  let total = 0;
  for (const v of graph.values.values()) {
    const starts = v.shape.map((d) => (total += d) - d);
    first.set(v.id, starts);
  }
  const atom = (v: Value, axis: number, index: number) => first.get(v.id)![axis] + index;
  const sets = new Sets(total);
  const reasons = new Map<number, string>();
  const pinAxis = (v: Value, axis: number, reason: string) => {
    for (let i = 0; i < v.shape[axis]; i++) {
      if (!reasons.has(atom(v, axis, i))) reasons.set(atom(v, axis, i), reason);
    }
  };
  for (const [ports, what] of [
    [graph.inputs, 'an input'],
    [graph.outputs, 'an output'],
  ] as const) {
    for (const p of ports) {
      const v = graph.values.get(p.value)!;
      v.shape.forEach((_, axis) => void pinAxis(v, axis, `it is ${what} of the model`));
    }
  }
  const contracted: [number, Contraction][] = [];
  const still = pinnedAxes(graph);
  for (const node of graph.nodes) {
    const links = linksOf(graph, node);
    const mixes = `${node.name} (${node.source}) mixes or needs them`;
    const spoken = new Set(links.flat().map(([t, axis]) => `${t} ${axis}`));
    const numbers = new Map<string, number>();
    const follows = (link: AxisLink) => {
      const whole = link.find((end) => end[2] === undefined)!;
      return !still.has(axisKey(endValue(graph, node, whole).id, whole[1]));
    };
    for (const link of links) {
      const size = linkSize(graph, node, link);
      for (const end of link) {
        const key = `${end[0]} ${end[1]}`;
        if (isNumber(end, size)) numbers.set(key, (numbers.get(key) ?? 0) + (follows(link) ? 1 : 0));
      }
    }
    for (const link of links) {
      const size = linkSize(graph, node, link);
      const ends = link.filter((end) => !isNumber(end, size) || follows(link));
      for (let i = 0; i < size; i++) {
        const atoms = ends.flatMap((end) =>
          [...indicesOf(end, i, size)].map((k) => atom(endValue(graph, node, end), end[1], k)),
        );
        for (const a of atoms) sets.join(atoms[0], a);
        if (link.some(([t]) => t < 0)) continue;
        if (sumsColumns(graph, node, link)) contracted.push([atoms[0], { node, index: i }]);
        else for (const end of link) pinAxis(endValue(graph, node, end), end[1], mixes);
      }
    }
    const visit = (v: Value | undefined, t: number) =>
      v?.shape.forEach((_, axis) => {
        const digits = numbers.get(`${t} ${axis}`);
        if (!spoken.has(`${t} ${axis}`) || (digits !== undefined && digits !== 1)) pinAxis(v, axis, mixes);
      });
    node.inputs.forEach((id, t) => void visit(id === null ? undefined : graph.values.get(id), t));
    node.outputs.forEach((id, i) => void visit(graph.values.get(id), -1 - i));
  }
  const why = new Map<number, string>();
  for (const [a, reason] of reasons) if (!why.has(sets.root(a))) why.set(sets.root(a), reason);
  const sums = new Map<number, Contraction[]>();
  for (const [a, c] of contracted) {
    const list = sums.get(sets.root(a));
    if (list) list.push(c);
    else sums.set(sets.root(a), [c]);
  }
  return {
    classOf: (id, axis, index) => sets.root(first.get(id)![axis] + index),
    pinned: (group) => why.get(group),
    contractions: (group) => sums.get(group) ?? [],
    groups: sets.roots(),
  };
}

/** True for the link of x and the columns of constant weights, where a channel's share of the sum can be computed. */
function sumsColumns(graph: Graph, node: Node, link: AxisLink): boolean {
  const { linear } = opOf(node.kind);
  if (!linear || graph.values.get(node.inputs[linear.weights]!)!.data === undefined) return false;
  return link.some(([t]) => t === 0) && link.some(([t, axis]) => t === linear.weights && axis === 1);
}

const axisKey = (id: ValueId, axis: number) => `${id} ${axis}`;

/** Axes that can't shrink at all, seen from the axes alone: it settles which digit a number follows. */
function pinnedAxes(graph: Graph): ReadonlySet<string> {
  const pinned = new Set<string>();
  const axesOf = (v: Value) => v.shape.map((_, axis) => axisKey(v.id, axis));
  for (const p of [...graph.inputs, ...graph.outputs]) {
    for (const key of axesOf(graph.values.get(p.value)!)) pinned.add(key);
  }
  const direct: string[][] = [];
  const numbers = new Map<string, string[]>();
  graph.nodes.forEach((node, n) => {
    const spoken = new Set<string>();
    for (const link of linksOf(graph, node)) {
      const size = linkSize(graph, node, link);
      const key = (end: AxisEnd) => axisKey(endValue(graph, node, end).id, end[1]);
      for (const end of link) spoken.add(key(end));
      direct.push(link.filter((end) => !isNumber(end, size)).map(key));
      const whole = key(link.find((end) => end[2] === undefined)!);
      for (const end of link.filter((e) => isNumber(e, size))) {
        const number = `${n} ${end[0]} ${key(end)}`;
        numbers.set(number, [...(numbers.get(number) ?? []), whole]);
      }
    }
    for (const id of [...node.inputs, ...node.outputs]) {
      if (id === null) continue;
      for (const key of axesOf(graph.values.get(id)!)) if (!spoken.has(key)) pinned.add(key);
    }
  });
  for (let before = -1; before !== pinned.size; ) {
    before = pinned.size;
    for (const axes of direct) {
      if (axes.some((key) => pinned.has(key))) for (const key of axes) pinned.add(key);
    }
    for (const [number, digits] of numbers) {
      if (digits.every((key) => pinned.has(key))) pinned.add(number.split(' ').slice(2).join(' '));
    }
  }
  return pinned;
}

/** Union-find with path halving. */
class Sets {
  readonly #parent: Int32Array;

  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, i) => i);
  }

  root(a: number): number {
    const p = this.#parent;
    while (p[a] !== a) {
      p[a] = p[p[a]];
      a = p[a];
    }
    return a;
  }

  join(a: number, b: number): void {
    this.#parent[this.root(a)] = this.root(b);
  }

  roots(): number[] {
    return [...this.#parent.keys()].filter((a) => this.#parent[a] === a);
  }
}
