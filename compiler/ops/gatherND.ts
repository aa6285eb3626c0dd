import { badShape } from '../errors.ts';
import { elementBytes, sizeOf } from '../ir/tensor.ts';
import { type Attrs, defineOp } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { plain } from './gather-step.ts';
import { reads } from './tensorflow.ts';

/**
 * data [batch…, d1 … dq, inner…], indices int32 [batch…, outer…, q] → [batch…, outer…, inner…]. Negative indices count from the
 * end; what is still outside is clamped.
 */
export type GatherNDAttrs = Attrs & { readonly batchDims: number };

export default defineOp<GatherNDAttrs>({
  kind: 'gatherND',
  description: 'picks slices by index tuples',
  arity: [2, 2],
  infer([data, indices], { batchDims: b }, place) {
    if (indices!.dtype !== 'int32') throw badShape(`indices are ${indices!.dtype}, not int32`, place);
    const depth = indices!.shape.at(-1);
    const shared = data!.shape.slice(0, b).every((d, i) => d === indices!.shape[i]);
    if (
      depth === undefined ||
      depth < 1 ||
      b + depth > data!.shape.length ||
      b >= indices!.shape.length ||
      !shared
    ) {
      throw badShape(`indices [${indices!.shape}] don't fit data [${data!.shape}]`, place);
    }
    return [{ dtype: data!.dtype, shape: [...indices!.shape.slice(0, -1), ...data!.shape.slice(b + depth)] }];
  },
  eval([data, indices], { batchDims: b }) {
    const depth = indices!.shape.at(-1)!;
    const outer = indices!.shape.slice(0, -1);
    const read = elements(data!);
    const pick = elements(indices!);
    return [
      tabulate(data!.dtype, [...outer, ...data!.shape.slice(b + depth)], (index) => {
        const tuple = data!.shape.slice(b, b + depth).map((size, d) => {
          const given = pick([...index.slice(0, outer.length), d]);
          return Math.min(size - 1, Math.max(0, given < 0 ? given + size : given));
        });
        return read([...index.slice(0, b), ...tuple, ...index.slice(outer.length)]);
      }),
    ];
  },
  lower(l, { batchDims: b }) {
    const { dtype, shape } = l.outputType(0);
    const data = l.inputType(0).shape;
    const indices = l.inputType(1).shape;
    const depth = indices.at(-1)!;
    const y = l.temp(dtype, shape);
    const dims = Int32Array.from(data.slice(b, b + depth));
    l.emit({
      form: 'call',
      routine: 'gatherND',
      args: [
        plain(l, l.view(0)),
        plain(l, l.view(1)),
        l.constant({ dtype: 'int32', shape: [depth], data: dims }),
      ],
      y,
      params: [
        sizeOf(data.slice(0, b)),
        sizeOf(indices.slice(b, -1)),
        depth,
        sizeOf(data.slice(b + depth)) * elementBytes[dtype],
      ],
    });
    return [y];
  },
  names: {
    onnx: {
      GatherND: (c) =>
        c.one('gatherND', [c.input(0), c.input(1)], { batchDims: c.config.int('batch_dims', 0) }),
    },
    graph: { GatherNd: reads('gatherND', 2, { batchDims: 0 }) },
    tflite: { GATHER_ND: reads('gatherND', 2, { batchDims: 0 }) },
  },
  samples: [
    {
      name: 'elements',
      inputs: [{ shape: [3, 4] }, { shape: [3, 2], dtype: 'int32', values: [0, 1, 2, -1, -3, 7] }],
      attrs: { batchDims: 0 },
    },
    {
      name: 'rows',
      inputs: [{ shape: [3, 2, 4] }, { shape: [2, 2, 1], dtype: 'int32', values: 'index', below: 3 }],
      attrs: { batchDims: 0 },
    },
    {
      name: 'batched',
      inputs: [{ shape: [2, 3, 4] }, { shape: [2, 2, 1], dtype: 'int32', values: 'index', below: 3 }],
      attrs: { batchDims: 1 },
    },
  ],
});
