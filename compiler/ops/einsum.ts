/**
 * Einsum of one or two operands, as ONNX and TensorFlow spell it. Labels of both operands and of the result are a batch, labels of both but not of the
 * result are contracted, the others are rows and columns: one batched product, and transposes around it.
 */
import { sizeOf } from '../ir/tensor.ts';
import type { NodeContext, NodeReader, ValueId } from './define.ts';
import { rankOf, reshape, transpose } from './onnx.ts';
import { product } from './onnx-product.ts';
import { range } from './spatial.ts';

interface Term {
  readonly id: ValueId;
  readonly labels: readonly string[];
}

export const readEinsum: NodeReader = (c) => {
  const [left, right] = c.config.str('equation').replaceAll(' ', '').split('->');
  const texts = left.split(',');
  if (texts.length !== c.inputs.length) c.malformed(`${texts.length} terms for ${c.inputs.length} inputs`);
  if (texts.length > 2) return c.unsupported(`an equation of ${texts.length} terms`);
  const terms = texts.map((text, i) => ({
    id: c.input(i),
    labels: labelsOf(c, text, rankOf(c, c.input(i))),
  }));
  const all = terms.flatMap((t) => t.labels);
  const dots = all.filter((l) => l.startsWith('.'));
  const wide = [...new Set(dots)].sort();
  const out = right === undefined ? implicit(all, wide) : expand(c, right, wide);
  if (out.some((l) => !all.includes(l)) || new Set(out).size !== out.length)
    c.malformed(`the result ${JSON.stringify(right)} has labels of no term, or twice`);
  const [a, b] = terms.map((t, i) => summed(c, t, [...out, ...(terms[1 - i]?.labels ?? [])]));
  const y = b ? contracted(c, a, b, out) : a;
  return arranged(c, y, out).id;
};

/** Letters, and `.k` for the k-th of the dimensions of an ellipsis, counted from its end. */
function labelsOf(c: NodeContext, text: string, rank: number): string[] {
  const letters = text.replace('...', '').length;
  const wide = text.includes('...') ? range(0, rank - letters).map((i) => `.${rank - letters - 1 - i}`) : [];
  const labels = expand(c, text, wide);
  if (labels.length !== rank) c.malformed(`term ${JSON.stringify(text)} for an input of rank ${rank}`);
  if (new Set(labels).size !== rank) c.unsupported(`a diagonal, ${JSON.stringify(text)}`);
  return labels;
}

function expand(c: NodeContext, text: string, wide: readonly string[]): string[] {
  if (!/^[a-z]*(\.\.\.)?[a-z]*$/i.test(text)) c.malformed(`term ${JSON.stringify(text)}`);
  const [before, behind] = text.split('...');
  return behind === undefined ? [...before] : [...before, ...wide.toSorted().reverse(), ...behind];
}

/** Without an arrow: the labels that stand once, in order, behind the ellipsis. */
const implicit = (all: readonly string[], wide: readonly string[]) => [
  ...wide.toReversed(),
  ...[...new Set(all)].filter((l) => !l.startsWith('.') && all.filter((o) => o === l).length === 1).sort(),
];

/** Without the labels that nothing else has. */
function summed(c: NodeContext, t: Term, kept: readonly string[]): Term {
  const axes = t.labels.flatMap((l, d) => (kept.includes(l) ? [] : [d]));
  if (axes.length === 0) return t;
  const id = c.one('reduceSum', [t.id], { axes, keepDims: false });
  return { id, labels: t.labels.filter((l) => kept.includes(l)) };
}

function arranged(c: NodeContext, t: Term, order: readonly string[]): Term {
  return {
    id: transpose(
      c,
      t.id,
      order.map((l) => t.labels.indexOf(l)),
    ),
    labels: order,
  };
}

function contracted(c: NodeContext, a: Term, b: Term, out: readonly string[]): Term {
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const batch = shared.filter((l) => out.includes(l));
  const inner = shared.filter((l) => !out.includes(l));
  const rows = a.labels.filter((l) => !shared.includes(l));
  const columns = b.labels.filter((l) => !shared.includes(l));
  const size = (t: Term, labels: readonly string[]) =>
    labels.map((l) => c.b.shape(t.id)[t.labels.indexOf(l)]);
  if (shared.some((l) => size(a, [l])[0] !== size(b, [l])[0])) c.unsupported('an equation that broadcasts');
  const matrix = (t: Term, first: readonly string[], second: readonly string[]) =>
    reshape(c, arranged(c, t, [...batch, ...first, ...second]).id, [
      ...size(t, batch),
      sizeOf(size(t, first)),
      sizeOf(size(t, second)),
    ]);
  const y = product(c, matrix(a, rows, inner), matrix(b, inner, columns));
  const shape = [...size(a, batch), ...size(a, rows), ...size(b, columns)];
  return { id: reshape(c, y, shape), labels: [...batch, ...rows, ...columns] };
}
