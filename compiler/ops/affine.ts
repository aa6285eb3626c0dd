/** Layers that are a scale and a shift once their statistics are known. */
import { normalizeAxis } from '../ir/tensor.ts';
import type { LayerContext, ValueId } from './define.ts';

/** scale = γ / √(σ² + ε), shift = β − μ·scale, along one axis. */
export function readBatchNorm(c: LayerContext): ValueId {
  const x = c.input(0);
  const shape = c.b.shape(x);
  const raw = c.config.raw('axis');
  const axes = Array.isArray(raw) ? c.config.ints('axis') : [c.config.int('axis', -1)];
  if (axes.length !== 1) c.unsupported(`batch normalization over ${axes.length} axes`);
  const axis = normalizeAxis(axes[0], shape.length, { node: c.name, op: c.source });
  const epsilon = c.config.float('epsilon', 1e-3);
  const read = (name: string, fallback?: number): ArrayLike<number> => {
    if (fallback !== undefined && !c.hasWeight(name)) return new Float32Array(shape[axis]).fill(fallback);
    const { data } = c.b.constantOf(c.weight(name))!;
    if (data.length !== shape[axis]) {
      c.malformed(`${name} has ${data.length} elements for ${shape[axis]} channels`);
    }
    return data;
  };
  const mean = read('moving_mean');
  const variance = read('moving_variance');
  const gamma = read('gamma', 1);
  const beta = read('beta', 0);
  const scale = Float32Array.from(gamma, (g, i) => g / Math.sqrt(variance[i] + epsilon));
  const shift = Float32Array.from(
    beta,
    (b, i) => b - (mean[i] * gamma[i]) / Math.sqrt(variance[i] + epsilon),
  );
  const spread = [shape[axis], ...shape.slice(axis + 1).map(() => 1)];
  const constant = (data: Float32Array, name: string) =>
    c.b.constant({ dtype: 'float32', shape: spread, data }, `${c.name}/${name}`);
  return c.one('add', [c.one('mul', [x, constant(scale, 'scale')]), constant(shift, 'shift')]);
}

/** x·scale + offset; either may be a list along the last axis. */
export function readRescaling(c: LayerContext): ValueId {
  const constant = (key: string, fallback: number) => {
    const raw = c.config.raw(key);
    if (!Array.isArray(raw)) return c.b.scalar(c.config.float(key, fallback));
    if (!raw.every((v) => typeof v === 'number')) c.malformed(`${key} is no list of numbers`);
    return c.b.constant(
      { dtype: 'float32', shape: [raw.length], data: Float32Array.from(raw) },
      `${c.name}/${key}`,
    );
  };
  return c.one('add', [c.one('mul', [c.input(0), constant('scale', 1)]), constant('offset', 0)]);
}
