/** How far a pruned network's answers are from the dense one's. */
import type { Graph } from '../ir/graph.ts';
import { largest } from '../ir/tensor.ts';
import type { Part } from './data.ts';
import { type Constants, numbers, samplesAtOnce, type TfGraph, tfGraph } from './graph-tf.ts';
import type { Tf } from './train/backend.ts';

export interface Answers {
  readonly n: number;
  /** [n × width]: logits, or whatever the outputs are. */
  readonly values: Float32Array;
  readonly width: number;
  readonly classifies: boolean;
}

/** Samples that run at once: so many, or what fits into so many bytes. */
const batch = 128;
const batchBytes = 300e6;

/** What the graph says to every sample. */
export function answersOf(tf: Tf, graph: Graph, part: Part, changed?: Constants): Answers {
  const net = tfGraph(tf, graph, changed);
  try {
    return answers(tf, net, part);
  } finally {
    net.dispose();
  }
}

export function answers(tf: Tf, net: TfGraph, part: Part): Answers {
  const chunks: Float32Array[] = [];
  const step = samplesAtOnce(net, batch, batchBytes);
  for (let at = 0; at < part.n; at += step) {
    const b = Math.min(step, part.n - at);
    const x = part.x.subarray(at * part.width, (at + b) * part.width);
    chunks.push(numbers(tf, () => net.forward(tf.tensor2d(x, [b, part.width]))));
  }
  const values = new Float32Array(chunks.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const c of chunks) {
    values.set(c, at);
    at += c.length;
  }
  return { n: part.n, values, width: values.length / part.n, classifies: net.classifies };
}

export interface Agreement {
  readonly n: number;
  /** Share of samples with the same largest answer. */
  readonly top1: number;
  /** Mean KL(dense ‖ pruned) of the classes; mean squared difference over the mean square where there are none. */
  readonly divergence: number;
  readonly accuracy?: number;
  /** Of the dense network, on the same samples. */
  readonly denseAccuracy?: number;
}

export function compare(dense: Answers, pruned: Answers, labels?: Int32Array): Agreement {
  const { n, width } = dense;
  const row = (a: Answers, i: number) => a.values.subarray(i * width, (i + 1) * width);
  let same = 0;
  let right = 0;
  let rightDense = 0;
  let divergence = 0;
  let energy = 0;
  for (let i = 0; i < n; i++) {
    const [d, p] = [row(dense, i), row(pruned, i)];
    const [a, b] = [largest(d), largest(p)];
    if (a === b) same++;
    if (labels?.[i] === b) right++;
    if (labels?.[i] === a) rightDense++;
    if (dense.classifies) divergence += klDivergence(d, p) / n;
    else {
      for (let k = 0; k < width; k++) {
        divergence += (d[k] - p[k]) ** 2;
        energy += d[k] ** 2;
      }
    }
  }
  return {
    n,
    top1: same / n,
    divergence: dense.classifies || energy === 0 ? divergence : divergence / energy,
    ...(labels && { accuracy: right / n, denseAccuracy: rightDense / n }),
  };
}

/** KL(softmax(p) ‖ softmax(q)) of logits, in nats. */
function klDivergence(p: Float32Array, q: Float32Array): number {
  const [lp, lq] = [logSum(p), logSum(q)];
  let sum = 0;
  for (let k = 0; k < p.length; k++) sum += Math.exp(p[k] - lp) * (p[k] - lp - (q[k] - lq));
  return sum;
}

function logSum(v: Float32Array): number {
  const top = v.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(v.reduce((s, x) => s + Math.exp(x - top), 0));
}
