/**
 * How much the answers mind an error of each output of a layer: what comes after decides that, and the least squares of a layer
 * don't see it.
 */
import { setImmediate } from 'node:timers/promises';
import type { Graph, ValueId } from '../ir/graph.ts';
import { type Random, random } from '../ir/random.ts';
import type { TfTensor } from '../ops/define.ts';
import { noProgress } from '../progress.ts';
import { opOf } from '../semantics/evaluate.ts';
import { first, type Part } from './data.ts';
import { numbers, samplesAtOnce, type TfGraph, tfGraph } from './graph-tf.ts';
import { type PrunableLayer, samplesWithin } from './layers.ts';
import type { PruneContext } from './options.ts';
import type { Tf } from './train/backend.ts';

/** Samples that run at once: so many, or those whose values fit into so many bytes. */
const batch = 16;
const batchBytes = 50e6;
/** Samples at least and at most, and multiply-accumulates of one run of all of them. */
const fewest = 16;
const most = 1024;
const affordable = 1e10;
/**
 * What logits are divided by: a network that is certain of nearly all samples minds errors on the few others alone, too few to go by.
 */
const temperature = 4;
/** Least and largest weight of an output, 1 being the mean of squares: an estimate from few samples is not to decide alone. */
const range = [0.1, 10] as const;

/**
 * By constant of weights, √E[(∂a/∂y)ᵀ G (∂a/∂y)] of each output channel y of the layer, in the dense network, over samples and
 * positions, and its square 1 on average: a are the answers, G the Hessian of KL(dense ‖ ·) in softened logits, the identity
 * where there are no classes. That is the diagonal of the generalised Gauss–Newton matrix (Martens 2020, section 8), estimated by one random
 * projection of the answers for every sample (Hutchinson). Layers that give no channels (recurrent ones) have none; no layer has,
 * where tfjs can't differentiate the network, which `notes` then says.
 */
export async function outputWeights(
  tf: Tf,
  graph: Graph,
  layers: readonly PrunableLayer[],
  part: Part,
  seed: number,
  { progress = noProgress, signal }: PruneContext = {},
  notes: string[] = [],
): Promise<ReadonlyMap<ValueId, Float64Array>> {
  const { registerGradients } = await import('./train/gradients.ts');
  registerGradients(tf);
  const net = tfGraph(tf, graph);
  const known = new Set(net.nodes);
  const direct = layers.filter(({ node }) => known.has(node) && opOf(node.kind).linear);
  const seen = first(part, Math.max(fewest, Math.min(most, samplesWithin(graph, affordable))));
  const step = samplesAtOnce(net, batch, batchBytes);
  const chance = random(seed);
  const sums = direct.map((l) => new Float64Array(l.rows));
  const open = progress.stage('sensitivity of outputs', seen.n);
  try {
    for (let at = 0; at < seen.n && direct.length > 0 && !signal?.aborted; at += step) {
      open.update(at);
      await setImmediate();
      const b = Math.min(step, seen.n - at);
      const x = seen.x.subarray(at * seen.width, (at + b) * seen.width);
      tf.tidy(() => {
        const grads = outputGradients(tf, graph, net, direct, tf.tensor2d(x, [b, seen.width]), chance);
        grads.forEach((g, i) => {
          const channels = (opOf(direct[i].node.kind).linear!.axis + g.rank) % g.rank;
          const axes = g.shape.map((_, k) => k).filter((k) => k !== channels);
          for (const [r, s] of numbers(tf, () => tf.sum(tf.square(g), axes)).entries()) sums[i][r] += s;
        });
      });
    }
  } catch (error) {
    if (!/gradient|kernel/i.test((error as Error).message)) throw error;
    notes.push('all outputs of a layer counted alike: tfjs has no gradient of this network');
    return new Map();
  } finally {
    open.done();
    net.dispose();
  }
  return new Map(direct.map((l, i) => [l.value, weightsOf(sums[i])]));
}

/** ∂(projected answers)/∂(outputs of each layer). */
function outputGradients(
  tf: Tf,
  graph: Graph,
  net: TfGraph,
  layers: readonly PrunableLayer[],
  x: TfTensor,
  chance: Random,
): TfTensor[] {
  const outputs = layers.map(({ node }) => node.outputs[0]);
  const b = x.shape[0];
  const zeros = outputs.map((id) => {
    const { shape } = graph.values.get(id)!;
    return tf.zeros(b === 1 ? [...shape] : [b, ...shape.slice(1)]);
  });
  const projected = (...nudges: TfTensor[]) => {
    const { answers } = net.run(x, [], new Map(outputs.map((id, i) => [id, nudges[i]])));
    return tf.sum(tf.mul(answers, constantOf(tf, projection(tf, answers, net.classifies, chance))));
  };
  return tf.grads(projected as (...x: TfTensor[]) => TfTensor)(zeros);
}

/** The same numbers, which nothing is differentiated through. */
const constantOf = (tf: Tf, x: TfTensor): TfTensor =>
  tf.customGrad((t) => ({ value: tf.clone(t as TfTensor), gradFunc: (dy) => tf.zerosLike(dy) }))(x);

/** [b, width] r with E[r rᵀ] = G: random signs or, of classes, Σ ±√p (e − p). */
function projection(tf: Tf, answers: TfTensor, classifies: boolean, chance: Random): TfTensor {
  const signs = Float32Array.from({ length: answers.size }, () => (chance.next() < 0.5 ? -1 : 1));
  const drawn = tf.tensor(signs, answers.shape);
  if (!classifies) return drawn;
  const p = tf.softmax(tf.div(answers, temperature));
  const scaled = tf.mul(drawn, tf.sqrt(p));
  return tf.sub(scaled, tf.mul(p, tf.sum(scaled, -1, true)));
}

function weightsOf(squares: Float64Array): Float64Array {
  const mean = squares.reduce((a, s) => a + s, 0) / squares.length;
  if (!(mean > 0 && mean < Number.POSITIVE_INFINITY)) return squares.map(() => 1);
  return squares.map((s) => Math.min(range[1], Math.max(range[0], Math.sqrt(s / mean))));
}
