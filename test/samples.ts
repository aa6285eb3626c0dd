/** Turns the samples of operators into one-node graphs with seeded inputs. */
import { type Graph, GraphBuilder } from '../compiler/ir/graph.ts';
import { type Random, random } from '../compiler/ir/random.ts';
import { allocate, sizeOf, type Tensor } from '../compiler/ir/tensor.ts';
import type { Op, Sample, SampleInput } from '../compiler/ops/define.ts';
import { semantics } from '../compiler/semantics/evaluate.ts';

export interface Case {
  readonly graph: Graph;
  readonly inputs: Record<string, Tensor>;
}

export function caseOf(op: Op, sample: Sample<never>, seed = 7): Case {
  return casesOf(op, [sample], seed);
}

/** All samples in one graph, side by side: one compilation serves them all. Output `i` of sample `s` is named `s.yi`. */
export function casesOf(op: Op, samples: readonly Sample<never>[], seed = 7): Case {
  const b = new GraphBuilder(semantics, op.kind);
  const inputs: Record<string, Tensor> = {};
  for (const sample of samples) {
    const rng = random(seed);
    const ids = sample.inputs.map((spec, i) => {
      if (spec === null) return null;
      const t = sampleTensor(spec, rng);
      const name = `${sample.name}.x${i}`;
      if (spec.constant) return b.constant(t, name);
      inputs[name] = t;
      return b.input(name, t.dtype, t.shape);
    });
    b.node(op.kind, ids, sample.attrs, { name: sample.name }).forEach(
      (id, i) => void b.output(`${sample.name}.y${i}`, id),
    );
  }
  return { graph: b.finish(), inputs };
}

export function sampleTensor(spec: SampleInput, rng: Random): Tensor {
  const dtype = spec.dtype ?? 'float32';
  const data = allocate(dtype, sizeOf(spec.shape));
  const kind = spec.values ?? 'normal';
  for (let i = 0; i < data.length; i++) {
    if (typeof kind !== 'string') data[i] = kind[i];
    else if (kind === 'index') data[i] = rng.int(spec.below ?? 10);
    else if (kind === 'positive') data[i] = 0.1 + 1.9 * rng.next();
    else if (dtype === 'bool') data[i] = rng.int(2);
    else if (dtype !== 'float32') data[i] = rng.int(21) - (dtype === 'uint8' ? 0 : 10);
    else data[i] = kind === 'unit' ? 2 * rng.next() - 1 : rng.normal();
    if (spec.sparsity && rng.next() < spec.sparsity) data[i] = 0;
  }
  return { dtype, shape: spec.shape, data };
}

/** Largest |got − want| over the largest |want| (or 1); NaN and infinities must match. */
export function difference(got: Tensor, want: Tensor): number {
  if (got.dtype !== want.dtype || String(got.shape) !== String(want.shape)) return Number.POSITIVE_INFINITY;
  let scale = 0;
  for (const w of want.data) if (Number.isFinite(w)) scale = Math.max(scale, Math.abs(w));
  let worst = 0;
  for (let i = 0; i < want.data.length; i++) {
    if (Object.is(got.data[i], want.data[i]) || got.data[i] === want.data[i]) continue;
    const d = Math.abs(got.data[i] - want.data[i]);
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
  }
  return worst / (scale || 1);
}
