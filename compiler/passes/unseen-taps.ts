/**
 * Taps at the edges of a kernel that see nothing but padding, wherever it stands, go.
 *
 *     conv(x [N, C, 1], W [O, C, 3], pads: [1, 1])  ->  conv(x, W[:, :, 1:2], pads: [0, 0])
 *
 * As in layers over a frame or two of sound, or at the end of a network for small images. Depthwise kernels stay square, as those at run time
 * are. Weights lose their origin: it runs behind pruning. Must not fire where no tap sees anything, nor where padding would become a cut.
 */
import { type Node, rewrite } from '../ir/graph.ts';
import { type Shape, sizeOf, type Tensor } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { Pass } from './pass.ts';

export const unseenTaps: Pass = {
  name: 'unseenTaps',
  description: 'taps that see nothing but padding go',
  run(graph) {
    return rewrite(graph, semantics, (node, b, get) => {
      if (node.kind !== 'conv') return undefined;
      const [x, w] = node.inputs.map((id) => (id === null ? undefined : graph.values.get(id)));
      if (!x || !w?.data) return undefined;
      const out = graph.values.get(node.outputs[0])!.shape;
      const found = x.shape.slice(2).map((_, axis) => seen(node, axis, x.shape, w.shape, out));
      const square = w.shape[1] === 1 && new Set(w.shape.slice(2)).size === 1;
      const kept = square && Number(node.attrs.groups) > 1 ? alike(node, found) : found;
      const moved = kept.some(([first, last], axis) => first > 0 || last < w.shape[axis + 2] - 1);
      if (!moved) return undefined;
      const pads = kept.map(([, , pad]) => pad);
      const weights = b.constant(cut({ ...w, data: w.data }, kept), w.name);
      const [, , ...more] = node.inputs;
      return b.node(
        'conv',
        [get(node.inputs[0]!), weights, ...more.map((id) => (id === null ? null : get(id)))],
        { ...node.attrs, pads },
        { name: node.name, source: node.source },
      );
    });
  },
};

type Kept = readonly [first: number, last: number, pads: readonly [number, number]];

/** As many taps along each axis as along that which keeps most. */
function alike({ attrs }: Node, found: readonly Kept[]): Kept[] {
  const first = Math.min(...found.map((f) => f[0]));
  const last = Math.max(...found.map((f) => f[1]));
  const dilations = attrs.dilations as number[];
  return found.map(([own, end, [before, behind]], axis) => [
    first,
    last,
    [before + (own - first) * dilations[axis], behind + (last - end) * dilations[axis]],
  ]);
}

/** The first and the last tap along an axis that see the input, and the padding that they need. */
function seen({ attrs }: Node, axis: number, x: Shape, w: Shape, out: Shape): Kept {
  const { strides, dilations, pads } = attrs as {
    strides: number[];
    dilations: number[];
    pads: [number, number][];
  };
  const [size, taps, positions] = [x[axis + 2], w[axis + 2], out[axis + 2]];
  const [before, behind] = pads[axis];
  const sees = (tap: number) =>
    Array.from({ length: positions }, (_, i) => i * strides[axis] + tap * dilations[axis] - before).some(
      (at) => at >= 0 && at < size,
    );
  const found = Array.from({ length: taps }, (_, tap) => tap).filter(sees);
  const [first, last] = [found[0] ?? 0, found.at(-1) ?? taps - 1];
  const left = [before - first * dilations[axis], behind - (taps - 1 - last) * dilations[axis]] as const;
  return left.every((n) => n >= 0) ? [first, last, left] : [0, taps - 1, [before, behind]];
}

/** The taps that are kept, of weights [rows, columns, …taps]. */
function cut({ dtype, shape, data }: Tensor, kept: readonly Kept[]): Tensor {
  const taps = kept.map(([first, last]) => last - first + 1);
  const places = kept.reduce(
    (at, [first, last], axis) =>
      at.flatMap((p) => {
        const line = Array.from({ length: last - first + 1 }, (_, i) => first + i);
        return line.map((t) => p * shape[axis + 2] + t);
      }),
    [0],
  );
  const kernel = sizeOf(shape.slice(2));
  const kernels = shape[0] * shape[1];
  const out = data.slice(0, kernels * places.length);
  for (let k = 0; k < kernels; k++)
    places.forEach((p, i) => {
      out[k * places.length + i] = data[k * kernel + p];
    });
  return { dtype, shape: [shape[0], shape[1], ...taps], data: out };
}
