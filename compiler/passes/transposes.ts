/**
 * Moves transposes towards the outputs, where pairs of them cancel: a channels-last model becomes channels-first inside.
 *
 *     transpose(transpose(x, p), q)            ->  transpose(x, p∘q), or x
 *     op(transpose(x, p), transpose(y, p), c)  ->  transpose(op(x, y, transpose(c, p⁻¹)), p)   where `Op.permute` allows
 *     transpose that moves axes of size 1 only ->  reshape
 *
 * Must not fire where another operand would need a transpose of its own at run time that isn't there already.
 */
import { type GraphBuilder, type Node, rewrite, type ValueId } from '../ir/graph.ts';
import type { Shape } from '../ir/tensor.ts';
import { opOf, semantics } from '../semantics/evaluate.ts';
import type { Pass } from './pass.ts';

type Perm = readonly number[];

export const transposes: Pass = {
  name: 'transposes',
  description: 'cancel transposes, after moving them towards the outputs',
  run(graph) {
    let turns: Turns | undefined;
    return rewrite(graph, semantics, (node, b, get) => {
      turns ??= new Turns(b);
      const inputs = node.inputs.map((i) => (i === null ? null : get(i)));
      if (node.kind === 'transpose') return [turns.turn(inputs[0]!, node.attrs.perm as Perm, node)];
      return sink(node, inputs, b, turns);
    });
  },
};

/** Transposes made so far. */
class Turns {
  readonly #b: GraphBuilder;
  readonly #of = new Map<ValueId, { base: ValueId; perm: Perm }>();
  readonly #made = new Set<string>();

  constructor(b: GraphBuilder) {
    this.#b = b;
  }

  /** What `id` is a transpose of. */
  of(id: ValueId): { base: ValueId; perm: Perm } | undefined {
    return this.#of.get(id);
  }

  turn(id: ValueId, perm: Perm, label: { name: string; source: string }): ValueId {
    const { base, full } = this.#resolve(id, perm);
    if (isIdentity(full)) return base;
    const { name, source } = label;
    const shape = this.#b.shape(base);
    if (movesUnitsOnly(shape, full)) {
      return this.#b.one('reshape', [base], { shape: full.map((p) => shape[p]) }, { name, source });
    }
    const out = this.#b.one('transpose', [base], { perm: full }, { name, source });
    if (!this.#b.constantOf(out)) this.#of.set(out, { base, perm: full });
    this.#made.add(`${base} ${full}`);
    return out;
  }

  /** Whether `turn` would add nothing that moves data. */
  free(id: ValueId, perm: Perm): boolean {
    const { base, full } = this.#resolve(id, perm);
    return (
      isIdentity(full) ||
      this.#b.constantOf(base) !== undefined ||
      movesUnitsOnly(this.#b.shape(base), full) ||
      this.#made.has(`${base} ${full}`)
    );
  }

  #resolve(id: ValueId, perm: Perm) {
    const t = this.#of.get(id);
    return { base: t?.base ?? id, full: t ? perm.map((p) => t.perm[p]) : perm };
  }
}

function sink(
  node: Node,
  inputs: readonly (ValueId | null)[],
  b: GraphBuilder,
  turns: Turns,
): readonly ValueId[] | undefined {
  const { permute } = opOf(node.kind);
  if (!permute) return undefined;
  const rank = Math.max(...inputs.map((id) => (id === null ? 0 : b.shape(id).length)));
  for (const id of inputs) {
    const perm = id === null ? undefined : turns.of(id)?.perm;
    if (perm?.length !== rank) continue;
    const inverse = perm.map((_, i) => perm.indexOf(i));
    // Operands of lower rank gain leading axes before they are turned.
    const wide = inputs.map((i) => (i === null || b.shape(i).length === 0 ? i : widen(b, i, rank)));
    if (wide.some((i) => i !== null && b.shape(i).length > 0 && !turns.free(i, inverse))) continue;
    const types = wide.map((i) => (i === null ? null : b.value(i)));
    const turned = permute(node.attrs, perm, types);
    if (!turned) continue;
    const operands = wide.map((i) =>
      i === null || b.shape(i).length === 0 ? i : turns.turn(i, inverse, node),
    );
    return b
      .node(node.kind, operands, turned.attrs, { name: node.name, source: node.source })
      .map((out) => turns.turn(out, turned.perm, node));
  }
  return undefined;
}

function widen(b: GraphBuilder, id: ValueId, rank: number): ValueId {
  const shape = b.shape(id);
  if (shape.length === rank) return id;
  return b.one('reshape', [id], { shape: [...Array<number>(rank - shape.length).fill(1), ...shape] });
}

const isIdentity = (perm: Perm) => perm.every((p, i) => p === i);

function movesUnitsOnly(shape: Shape, perm: Perm): boolean {
  const wide = perm.filter((p) => shape[p] !== 1);
  return wide.every((p, i) => i === 0 || p > wide[i - 1]);
}
