/** How the loss of the dense network reacts to each of its weights, for the first-order criterion. */
import { usage } from '../errors.ts';
import type { Graph, ValueId } from '../ir/graph.ts';
import { largest } from '../ir/tensor.ts';
import { answersOf } from './answers.ts';
import type { Part } from './data.ts';
import { tfGraph } from './graph-tf.ts';
import type { Tf } from './train/backend.ts';
import { gather, orderedBatches } from './train/data.ts';
import { lossOf } from './train/loss.ts';

/** A trained network's gradients cancel out over many samples; their squares over few don't. */
const batch = 16;

/**
 * √Σ (∂L/∂w)² over batches, by constant. L is the cross-entropy with the labels or, without, with the classes that the network
 * itself finds (the empirical Fisher information of Molchanov et al. 2019).
 *
 * @throws {CompileError} E_USAGE for a network without classes and samples without labels.
 */
export async function gradientSizes(tf: Tf, graph: Graph, part: Part): Promise<Map<ValueId, Float32Array>> {
  const { registerGradients } = await import('./train/gradients.ts');
  registerGradients(tf);
  const y = part.y ?? ownClasses(tf, graph, part);
  const net = tfGraph(tf, graph);
  try {
    const sums = new Map<ValueId, Float32Array>();
    for (const [id, v] of net.variables) sums.set(id, new Float32Array(v.size));
    const data = { shape: [part.width], x: part.x, y };
    for (const indices of orderedBatches(part.n, Math.min(batch, net.batch))) {
      tf.tidy(() => {
        const samples = gather(tf, data, indices);
        const { grads } = tf.variableGrads(
          () => lossOf(tf, 'ce', net.forward(samples.x), samples),
          [...net.variables.values()],
        );
        for (const [id, v] of net.variables) {
          const sum = sums.get(id)!;
          grads[v.name]?.dataSync().forEach((g, i) => {
            sum[i] += g * g;
          });
        }
      });
    }
    for (const sum of sums.values()) for (let i = 0; i < sum.length; i++) sum[i] = Math.sqrt(sum[i]);
    return sums;
  } finally {
    net.dispose();
  }
}

function ownClasses(tf: Tf, graph: Graph, part: Part): Int32Array {
  const { values, width, classifies } = answersOf(tf, graph, part);
  if (!classifies) {
    throw usage('method taylor needs a loss: labels, or a network that ends in softmax', 'use auto or obs');
  }
  return Int32Array.from({ length: part.n }, (_, i) => largest(values.subarray(i * width, (i + 1) * width)));
}
