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

/** A trained network's weights are not at hand: random ones, a task of their own answers. */
export function convNet(seed = 0): Graph {
  return sketch((b) => {
    const x = b.input('x', 'float32', [1, 5, 8, 8]);
    const a = conv(b, x, 'a', [12, 5, 3, 3], seed, { stride: 2, pads: [0, 1] });
    const c = conv(b, a, 'c', [16, 6, 3, 3], seed, { groups: 2, pads: [1, 1] });
    const d = conv(b, c, 'd', [16, 16, 1, 1], seed);
    const flat = b.one('reshape', [d], { shape: [1, 16 * 16] });
    const e = b.one(
      'dense',
      [flat, constant(b, [24, 256], seed), constant(b, [24], seed)],
      {},
      { name: 'e' },
    );
    const f = b.one('relu', [e]);
    const y = b.one('dense', [f, constant(b, [6, 24], seed), constant(b, [6], seed)], {}, { name: 'y' });
    b.output('p', b.one('softmax', [y], { axis: 1 }));
  });
}

function conv(
  b: GraphBuilder,
  x: ValueId,
  name: string,
  shape: number[],
  seed: number,
  { stride = 1, groups = 1, pads = [0, 0] } = {},
): ValueId {
  const attrs = { strides: [stride, stride], dilations: [1, 1], pads: [pads, pads], groups };
  const y = b.one('conv', [x, constant(b, shape, seed), constant(b, [shape[0]], seed)], attrs, { name });
  return b.one('relu', [y]);
}

/** An LSTM of 8 over 6 steps, its last state to 4 outputs. */
export function recurrentNet(): Graph {
  return sketch((b) => {
    const x = b.input('x', 'float32', [6, 1, 7]);
    const w = constant(b, [32, 7]);
    const r = constant(b, [32, 8], 1);
    const bias = constant(b, [32]);
    const attrs = {
      reverse: false,
      sequence: false,
      stateful: false,
      clip: 0,
      activations: [{ name: 'sigmoid' }, { name: 'tanh' }, { name: 'tanh' }],
    };
    const [h] = b.node('lstm', [x, w, r, bias], attrs, { name: 'lstm' });
    b.output('y', b.one('dense', [h, constant(b, [4, 8]), constant(b, [4])], {}, { name: 'out' }));
  });
}
