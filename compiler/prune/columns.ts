/**
 * Layers as matrix products: which numbers of its input one output pixel of a layer sees, in the order of its row of weights.
 * What lies in the padding is 0, as the layer itself sees it.
 *
 *     weights [R, C/groups, …taps]     column  c · taps + t
 *     x       [N, C, …spatial]         position  n · pixels + q,  q an output pixel
 */
import type { Graph } from '../ir/graph.ts';
import { sizeOf } from '../ir/tensor.ts';
import type { ConvAttrs } from '../ops/conv.ts';
import type { ConvTransposeAttrs } from '../ops/convTranspose.ts';
import type { PrunableLayer } from './layers.ts';

export interface Columns {
  /** Positions of one sample. */
  readonly positions: number;
  /** Of one group. */
  readonly cols: number;
  /** The columns at `positions` of a batch, channel-major: [cols × positions.length]. */
  read(x: Float32Array, group: number, positions: Uint32Array): Float32Array;
}

/** How the weights read the layer's input; recurrent weights read what they are multiplied with, features last. */
export function columnsOf(graph: Graph, layer: PrunableLayer): Columns {
  const { node, shape } = layer;
  switch (node.kind) {
    case 'conv':
      return windows(graph, layer, (q, t, d) => {
        const a = node.attrs as ConvAttrs;
        return q * a.strides[d] + t * a.dilations[d] - a.pads[d][0];
      });
    case 'convTranspose':
      return windows(graph, layer, (q, t, d) => {
        const a = node.attrs as ConvTransposeAttrs;
        const i = (q + a.pads[d][0] - t * a.dilations[d]) / a.strides[d];
        return Number.isInteger(i) ? i : -1;
      });
    default: {
      const x = graph.values.get(node.inputs[0]!)!;
      return rows(shape[1], sizeOf(x.shape) / x.shape.at(-1)!);
    }
  }
}

function rows(cols: number, positions: number): Columns {
  return {
    positions,
    cols,
    read(x, _group, at) {
      const out = new Float32Array(cols * at.length);
      at.forEach((p, s) => {
        for (let k = 0; k < cols; k++) out[k * at.length + s] = x[p * cols + k];
      });
      return out;
    },
  };
}

/** `source` gives the index along spatial axis d that tap t of output q reads; what is outside reads padding. */
function windows(
  graph: Graph,
  { node, shape }: PrunableLayer,
  source: (q: number, t: number, d: number) => number,
): Columns {
  const [, channels, ...size] = graph.values.get(node.inputs[0]!)!.shape;
  const out = graph.values.get(node.outputs[0])!.shape.slice(2);
  const [, perGroup, ...kernel] = shape;
  const taps = sizeOf(kernel);
  const pixels = sizeOf(out);
  const plane = sizeOf(size);
  const cols = perGroup * taps;
  // offsets[q · taps + t] into a plane, −1 in the padding.
  const offsets = new Int32Array(pixels * taps);
  for (let q = 0; q < pixels; q++) {
    for (let t = 0; t < taps; t++) {
      let [restQ, restT, step, offset] = [q, t, 1, 0];
      for (let d = size.length - 1; d >= 0; d--) {
        const i = source(restQ % out[d], restT % kernel[d], d);
        if (i < 0 || i >= size[d]) offset = -1;
        if (offset >= 0) offset += i * step;
        step *= size[d];
        restQ = Math.floor(restQ / out[d]);
        restT = Math.floor(restT / kernel[d]);
      }
      offsets[q * taps + t] = offset;
    }
  }
  return {
    positions: pixels,
    cols,
    read(x, group, at) {
      const n = at.length;
      const result = new Float32Array(cols * n);
      for (let s = 0; s < n; s++) {
        const q = at[s] % pixels;
        const base = (Math.floor(at[s] / pixels) * channels + group * perGroup) * plane;
        for (let t = 0; t < taps; t++) {
          const offset = offsets[q * taps + t];
          if (offset < 0) continue;
          for (let c = 0; c < perGroup; c++) result[(c * taps + t) * n + s] = x[base + c * plane + offset];
        }
      }
      return result;
    },
  };
}
