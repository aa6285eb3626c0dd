/** Small graphs to prune, and samples for them. */
import { type Graph, GraphBuilder, type Origin, type ValueId } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { semantics } from '../../compiler/semantics/evaluate.ts';

export function sketch(draw: (b: GraphBuilder) => void): Graph {
  const b = new GraphBuilder(semantics, 'test');
  draw(b);
  return b.finish();
}

/** Normal weights as networks have them: their variance is one over what they sum. Other values for every shape and seed. */
export function constant(b: GraphBuilder, shape: number[], seed = 0, origin?: Origin): ValueId {
  const rng = random(seed + shape.reduce((s, d) => 31 * s + d, 7));
  const deviation = shape.length > 1 ? Math.sqrt(2 / (sizeOf(shape) / shape[0])) : 0.1;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => deviation * rng.normal());
  return b.constant({ dtype: 'float32', shape, data }, 'c', origin);
}

export function inputOf(graph: Graph, seed: number): Record<string, Tensor> {
  return samplesOf(graph, 1, seed)[0];
}

/** Smooth inputs: neighbours are alike, as pixels are. */
export function samplesOf(graph: Graph, n: number, seed: number): Record<string, Tensor>[] {
  const rng = random(seed);
  return Array.from({ length: n }, () =>
    Object.fromEntries(
      graph.inputs.map((p) => {
        const { dtype, shape } = graph.values.get(p.value)!;
        let last = 0;
        const data = Float32Array.from({ length: sizeOf(shape) }, () => (last = 0.7 * last + rng.normal()));
        return [p.name, { dtype, shape, data }];
      }),
    ),
  );
}
