/** Matrix products of tfjs graphs and TFLite. */
import type { NodeContext, ValueId } from './define.ts';
import { range } from './spatial.ts';
import { fusedOps, graphEpilogue } from './tensorflow-conv.ts';

/** Exchanges the last two axes. */
function turned(c: NodeContext, x: ValueId): ValueId {
  const rank = c.b.shape(x).length;
  return c.one('transpose', [x], { perm: [...range(0, rank - 2), rank - 1, rank - 2] });
}

/** a · b; a constant matrix on the right makes it a dense layer. */
function product(c: NodeContext, flipLeft: boolean, flipRight: boolean): ValueId {
  const a = flipLeft ? turned(c, c.input(0)) : c.input(0);
  const b = c.input(1);
  if (c.b.constantOf(b) && c.b.shape(b).length === 2)
    return c.one('dense', [a, flipRight ? b : turned(c, b)]);
  return c.one('matmul', [a, flipRight ? turned(c, b) : b]);
}

export function graphMatMul(c: NodeContext): ValueId {
  const y = product(c, c.config.bool('transpose_a', false), c.config.bool('transpose_b', false));
  return graphEpilogue(c, y, fusedOps(c), 2);
}

export const batchMatMul = (c: NodeContext): ValueId =>
  product(c, c.config.bool('adj_x', false), c.config.bool('adj_y', false));

/** TFLite FULLY_CONNECTED: weights [R, K]; x is read as rows of K. */
export function fullyConnected(c: NodeContext): ValueId {
  const x = c.input(0);
  const w = c.input(1);
  const [r, k] = c.b.shape(w);
  if (c.config.str('weights_format', 'DEFAULT') !== 'DEFAULT') c.unsupported('shuffled weights');
  const shape = c.b.shape(x);
  const elements = shape.reduce((n, d) => n * d, 1);
  const keep = c.config.bool('keep_num_dims', false);
  if (!k || elements % k !== 0 || (keep && shape.at(-1) !== k))
    c.malformed(`weights [${r}, ${k}] for [${shape}]`);
  const rows =
    keep || (shape.length === 2 && shape[1] === k) ? x : c.one('reshape', [x], { shape: [elements / k, k] });
  return c.one('dense', [rows, w, c.inputs[2] ?? null]);
}
