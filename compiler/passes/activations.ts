/**
 * Activations that importers give in pieces. Written for the spelling that `arithmetic` and `clamps` leave.
 *
 *     x · sigmoid(x)                                       ->  swish(x)
 *     x · tanh(softplus(x))                                ->  mish(x)
 *     clip(x + 3, 0, 6) · ⅙                                ->  hardSigmoid(x, ⅙, ½)
 *     x · hardSigmoid(x, ⅙, ½), (x · clip(x + 3, 0, 6)) · ⅙ ->  hardSwish(x)
 *     x · ½ · (1 + erf(x / √2))                            ->  gelu(x), exact
 *     x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))     ->  gelu(x), approximate
 *
 * Operator names are its subject. Must not fire where a constant is off by more than its usual decimals.
 */
import { type Attrs, Links, rewrite } from '../ir/graph.ts';
import { semantics } from '../semantics/evaluate.ts';
import { any, either, match, num, op, type Pattern } from './match.ts';
import type { Pass } from './pass.ts';

const x = any('x');

const six: Pattern = (id, m, s) => {
  const found = op('clip', [op('add', [x, num(3)])], 'clip')(id, m, s);
  const { min, max } = found?.nodes.clip.attrs ?? {};
  return min === 0 && max === 6 ? found : undefined;
};

const hardSigmoid: Pattern = (id, m, s) => {
  const found = op('hardSigmoid', [x], 'hard')(id, m, s);
  const { alpha, beta } = found?.nodes.hard.attrs ?? {};
  return Math.abs((alpha as number) - 1 / 6) < 1e-4 && beta === 0.5 ? found : undefined;
};

const half = num(0.5);

/** x · ½ · (1 + inner) in all orders. */
const halves = (inner: Pattern) => {
  const sum = op('add', [inner, num(1)]);
  return either(
    op('mul', [op('mul', [x, half]), sum]),
    op('mul', [op('mul', [x, sum]), half]),
    op('mul', [x, op('mul', [sum, half])]),
    op('mul', [x, op('add', [op('mul', [inner, half]), half])]),
  );
};

const cube = either(op('pow', [x, num(3)]), op('mul', [op('square', [x]), x]));
const root = num(Math.sqrt(2 / Math.PI));
const tanhInner = op('tanh', [
  either(
    op('mul', [op('add', [x, op('mul', [cube, num(0.044715)])]), root]),
    op('mul', [op('mul', [x, root]), op('add', [op('mul', [op('square', [x]), num(0.044715)]), num(1)])]),
    op('mul', [x, op('add', [op('mul', [op('square', [x]), num(0.0356774)]), root])]),
  ),
]);

interface Rule {
  readonly kind: string;
  readonly attrs: Attrs;
  readonly pattern: Pattern;
}

const rules: readonly Rule[] = [
  { kind: 'swish', attrs: {}, pattern: op('mul', [x, op('sigmoid', [x])]) },
  { kind: 'mish', attrs: {}, pattern: op('mul', [x, op('tanh', [op('softplus', [x])])]) },
  { kind: 'hardSigmoid', attrs: { alpha: 1 / 6, beta: 0.5 }, pattern: op('mul', [six, num(1 / 6)]) },
  {
    kind: 'hardSwish',
    attrs: {},
    pattern: either(
      op('mul', [x, hardSigmoid]),
      op('mul', [op('mul', [x, six]), num(1 / 6)]),
      op('mul', [op('mul', [x, num(1 / 6)]), six]),
    ),
  },
  {
    kind: 'gelu',
    attrs: { approximate: false },
    pattern: halves(op('erf', [op('mul', [x, num(Math.SQRT1_2)])])),
  },
  { kind: 'gelu', attrs: { approximate: true }, pattern: halves(tanhInner) },
];

export const activations: Pass = {
  name: 'activations',
  description: 'recognize swish, mish, hard-swish and GELU in their pieces',
  run(graph) {
    const scene = { graph, links: new Links(graph) };
    return rewrite(graph, semantics, (node, b, get) => {
      if (node.kind !== 'mul') return undefined;
      for (const { kind, attrs, pattern } of rules) {
        const found = match(pattern, node.outputs[0], scene);
        if (!found || graph.values.get(found.values.x)!.dtype !== 'float32') continue;
        // A constant of higher rank would have stretched x.
        const [from, to] = [graph.values.get(found.values.x)!, graph.values.get(node.outputs[0])!];
        if (String(from.shape) !== String(to.shape)) continue;
        return b.node(kind, [get(from.id)], attrs, { name: node.name, source: node.source });
      }
      return undefined;
    });
  },
};
