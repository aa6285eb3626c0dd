/** Batch normalization of tfjs graphs. */
import type { NodeContext, ValueId } from './define.ts';
import { isFirst } from './tensorflow.ts';

/** (x, γ, β, μ, σ²): x·s + (β − μ·s) with s = γ / √(σ² + ε). */
export function readFusedNorm(c: NodeContext): ValueId {
  if (c.config.bool('is_training', false)) c.unsupported('normalization with statistics of the batch');
  const x = c.input(0);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => c.input(i));
  const root = c.one('sqrt', [c.one('add', [variance, c.b.scalar(c.config.float('epsilon', 1e-3))])]);
  const scale = c.one('div', [gamma, root]);
  const shift = c.one('sub', [beta, c.one('mul', [mean, scale])]);
  const ones = Array(Math.max(0, c.b.shape(x).length - 2)).fill(1);
  const spread = (v: ValueId) =>
    isFirst(c) ? c.one('reshape', [v], { shape: [...c.b.shape(v), ...ones] }) : v;
  return c.one('add', [c.one('mul', [x, spread(scale)]), spread(shift)]);
}
