/** The samples that pruning looks at, cut into parts that never mix. */
import { createHash } from 'node:crypto';
import { badData, badInput } from '../errors.ts';
import { type Graph, portsOf } from '../ir/graph.ts';
import { random } from '../ir/random.ts';
import { sameShape, sizeOf, type Tensor } from '../ir/tensor.ts';

export interface PruneData {
  /** For every sample a tensor for every input of the model, by its name, in the shape that the model says. */
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  /** The class of each sample. */
  readonly labels?: Int32Array;
}

/** Samples one after the other: n rows of all inputs, flat, in the order of the graph's inputs. */
export interface Part {
  readonly n: number;
  readonly width: number;
  /** [n × width] */
  readonly x: Float32Array;
  readonly y?: Int32Array;
}

/** Throws `E_INPUT` where a sample does not fit the model, `E_DATA` where labels don't fit the samples. */
export function partOf(graph: Graph, { samples, labels }: PruneData): Part {
  if (samples.length === 0) throw badData('there are no samples');
  if (labels && labels.length !== samples.length)
    throw badData(`there are ${samples.length} samples, but ${labels.length} labels`);
  const ports = portsOf(graph, graph.inputs);
  const width = ports.reduce((n, p) => n + sizeOf(p.shape), 0);
  const x = new Float32Array(samples.length * width);
  let at = 0;
  samples.forEach((sample, i) => {
    for (const { name, shape, dtype } of ports) {
      const t = sample[name];
      if (!t || !sameShape(t.shape, shape))
        throw badInput(`sample ${i}: input ${JSON.stringify(name)} must be ${dtype} [${shape}]`);
      x.set(t.data, at);
      at += t.data.length;
    }
  });
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw badData(`sample ${Math.floor(bad / width)} has a value that is no number`);
  return { n: samples.length, width, x, ...(labels && { y: labels }) };
}

export function pick(part: Part, indices: ArrayLike<number>): Part {
  const { width, y } = part;
  const x = new Float32Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    x.set(part.x.subarray(indices[i] * width, (indices[i] + 1) * width), i * width);
  }
  return { n: indices.length, width, x, ...(y && { y: Int32Array.from(indices, (i) => y[i]) }) };
}

export const first = (part: Part, n: number): Part =>
  part.n <= n
    ? part
    : pick(
        part,
        Uint32Array.from({ length: n }, (_, i) => i),
      );

export function join(a: Part, b: Part): Part {
  const x = new Float32Array(a.x.length + b.x.length);
  x.set(a.x);
  x.set(b.x, a.x.length);
  return { n: a.n + b.n, width: a.width, x, ...(a.y && b.y && { y: Int32Array.of(...a.y, ...b.y) }) };
}

export interface Parts {
  /** Fits weights. */
  readonly fit: Part;
  /** Decides between states and repairs. */
  readonly choose: Part;
  /** For the report only; absent: there was too little. */
  readonly report?: Part;
}

/** Below this many, every sample is needed for pruning itself. */
const enough = 1000;
const most = 1000;

/**
 * A quarter, at most 1,000 samples, decides; of many samples as many more are kept for the report, unless `evaluation` is
 * given. The order is drawn from the seed: what comes sorted by class must not be cut by class.
 */
export function split(part: Part, evaluation: Part | undefined, seed: number): Parts {
  const order = random(seed).shuffle(Uint32Array.from({ length: part.n }, (_, i) => i));
  const held = Math.min(most, Math.ceil(part.n / (part.n >= enough ? 8 : 4)));
  const aside = evaluation || part.n < enough ? 0 : held;
  const at = (from: number, to: number) => pick(part, order.subarray(from, to));
  const report = evaluation ?? (aside > 0 ? at(0, aside) : undefined);
  const choose = at(aside, aside + (part.n > 1 ? held : 0));
  const fit = at(aside + choose.n, part.n);
  return { fit, choose: choose.n > 0 ? choose : fit, ...(report && { report }) };
}

/** What layers are fitted on: few samples are all needed for the moments, those that choose between repairs too. */
export const calibration = ({ fit, choose }: Parts, most = 1024): Part =>
  fit.n >= most ? first(fit, most) : first(join(fit, choose), most);

/** Samples of `b` that are in `a` too, to the bit. */
export function overlap(a: Part, b: Part): number {
  const hashes = (p: Part) =>
    Array.from({ length: p.n }, (_, i) => {
      const row = p.x.subarray(i * p.width, (i + 1) * p.width);
      return createHash('sha256')
        .update(new Uint8Array(row.buffer, row.byteOffset, row.byteLength))
        .digest('base64');
    });
  const seen = new Set(hashes(a));
  return hashes(b).filter((h) => seen.has(h)).length;
}
