/**
 * One spelling for arithmetic with constants, so that other passes need to know one only. float32 only.
 *
 *     c · x, c + x             ->  x · c, x + c
 *     x − c, x / c             ->  x + (−c), x · (1/c)     the latter may round once more
 *     (x + a) + b, (x · a) · b ->  x + (a + b), x · (a · b)
 *     x · x, x ^ 2, x ^ ½      ->  square(x), square(x), sqrt(x)
 *     1 / x, 1 / sqrt(x)       ->  reciprocal(x), rsqrt(x)
 *     a / sqrt(x)              ->  a · rsqrt(x)
 *
 * Operator names are its subject. Must not fire on integers, nor where a new constant overflows or underflows.
 */
import { type Graph, type GraphBuilder, Links, type Node, rewrite, type ValueId } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import { numberOf } from './match.ts';
import type { Pass } from './pass.ts';

interface Site {
  readonly node: Node;
  readonly graph: Graph;
  readonly links: Links;
  readonly b: GraphBuilder;
  readonly get: (old: ValueId) => ValueId;
  /** A node under the name of the old one, over values of the new graph. */
  one(kind: string, inputs: readonly ValueId[]): ValueId;
}

type Rule = (s: Site) => ValueId | undefined;

export const arithmetic: Pass = {
  name: 'arithmetic',
  description: 'one spelling for arithmetic with constants',
  run(graph) {
    const links = new Links(graph);
    return rewrite(graph, semantics, (node, b, get) => {
      const list = rules[node.kind];
      if (!list || graph.values.get(node.inputs[0]!)!.dtype !== 'float32') return undefined;
      const label = { name: node.name, source: node.source };
      const one = (kind: string, inputs: readonly ValueId[]) => b.one(kind, inputs, {}, label);
      for (const rule of list) {
        const made = rule({ node, graph, links, b, get, one });
        if (made !== undefined) return [made];
      }
      return undefined;
    });
  },
};

const isConstant = ({ graph }: Site, id: ValueId) => graph.values.get(id)!.data !== undefined;

const constantLast: Rule = (s) => {
  const [a, c] = s.node.inputs as ValueId[];
  if (!isConstant(s, a) || isConstant(s, c)) return undefined;
  return s.one(s.node.kind, [s.get(c), s.get(a)]);
};

const associate: Rule = (s) => {
  const [x, c] = s.node.inputs as ValueId[];
  const inner = s.links.producer(x);
  if (inner?.kind !== s.node.kind || !isConstant(s, c)) return undefined;
  const [y, a] = inner.inputs as ValueId[];
  if (!isConstant(s, a) || isConstant(s, y)) return undefined;
  const joined = usable(s.b, s.b.one(s.node.kind, [s.get(a), s.get(c)]));
  return joined && s.one(s.node.kind, [s.get(y), joined]);
};

/** x ∘ c → x ∘' f(c). */
const inverted =
  (kind: string, f: (c: number) => number): Rule =>
  (s) => {
    const [x, c] = s.node.inputs as ValueId[];
    if (!isConstant(s, c) || isConstant(s, x)) return undefined;
    const t = s.graph.values.get(c) as Tensor;
    const data = Float32Array.from(t.data, f);
    const other = usable(s.b, s.b.constant({ dtype: 'float32', shape: t.shape, data }));
    return other && s.one(kind, [s.get(x), other]);
  };

/** The constant, unless a number of it left the range where it keeps its precision. */
function usable(b: GraphBuilder, id: ValueId): ValueId | undefined {
  const t = b.constantOf(id);
  const fits = (v: number) => Number.isFinite(v) && (v === 0 || Math.abs(v) >= 1.1754943508222875e-38);
  return t && Array.from(t.data).every(fits) ? id : undefined;
}

const squared: Rule = (s) =>
  s.node.inputs[0] === s.node.inputs[1] ? s.one('square', [s.get(s.node.inputs[0]!)]) : undefined;

const power: Rule = (s) => {
  const exponent = s.graph.values.get(s.node.inputs[1]!)!;
  const kind = { 2: 'square', 0.5: 'sqrt' }[numberOf(s.graph, exponent.id) ?? Number.NaN];
  return kind && exponent.shape.length === 0 ? s.one(kind, [s.get(s.node.inputs[0]!)]) : undefined;
};

const overRoot: Rule = (s) => {
  const root = s.links.producer(s.node.inputs[1]);
  if (root?.kind !== 'sqrt') return undefined;
  return s.one('mul', [s.get(s.node.inputs[0]!), s.one('rsqrt', [s.get(root.inputs[0]!)])]);
};

const oneOver: Rule = (s) => {
  const one = s.graph.values.get(s.node.inputs[0]!)!;
  if (numberOf(s.graph, one.id) !== 1 || one.shape.length > 0) return undefined;
  return s.one('reciprocal', [s.get(s.node.inputs[1]!)]);
};

const inverseRoot: Rule = (s) => {
  const root = s.links.producer(s.node.inputs[0]);
  return root?.kind === 'sqrt' ? s.one('rsqrt', [s.get(root.inputs[0]!)]) : undefined;
};

const rules: Readonly<Record<string, readonly Rule[]>> = {
  add: [constantLast, associate],
  mul: [constantLast, associate, squared],
  maximum: [constantLast],
  minimum: [constantLast],
  sub: [inverted('add', (c) => -c)],
  div: [inverted('mul', (c) => 1 / c), oneOver, overRoot],
  pow: [power],
  reciprocal: [inverseRoot],
};
