import { badShape } from '../errors.ts';
import { sameShape, sizeOf } from '../ir/tensor.ts';
import { type Attrs, defineOp, type NodeReader } from './define.ts';
import { plain } from './gather-step.ts';
import { checkScatter, type Reduction, reduceWith, reductions, typeNumber } from './scatter.ts';

/**
 * data [d1 … dq, inner…], indices int32 [outer…, q], updates [outer…, inner…]: a copy of data in which the slices at the index
 * tuples take the updates, in order. Negative indices count from the end; tuples outside write nothing.
 */
export type ScatterNDAttrs = Attrs & { readonly reduction: Reduction };

/** (indices, updates, shape): updates of one place are added up. */
const scattered: NodeReader = (c) => {
  const zero = c.one('cast', [c.b.scalar(0)], { to: c.b.value(c.input(1)).dtype });
  const blank = c.one('broadcastTo', [zero], { shape: Array.from(c.constant(2).data) });
  return c.one('scatterND', [blank, c.input(0), c.input(1)], { reduction: 'add' });
};

export default defineOp<ScatterNDAttrs>({
  kind: 'scatterND',
  description: 'writes slices at index tuples',
  arity: [3, 3],
  infer([data, indices, updates], a, place) {
    checkScatter(data!, indices!, updates!, a.reduction, place);
    const depth = indices!.shape.at(-1);
    if (depth === undefined || depth < 1 || depth > data!.shape.length) {
      throw badShape(`indices [${indices!.shape}] don't fit data [${data!.shape}]`, place);
    }
    const want = [...indices!.shape.slice(0, -1), ...data!.shape.slice(depth)];
    if (!sameShape(want, updates!.shape))
      throw badShape(`updates [${updates!.shape}] are not [${want}]`, place);
    return [{ dtype: data!.dtype, shape: data!.shape }];
  },
  eval([data, indices, updates], { reduction }) {
    const depth = indices!.shape.at(-1)!;
    const dims = data!.shape.slice(0, depth);
    const inner = sizeOf(data!.shape.slice(depth));
    const out = data!.data.slice();
    for (let j = 0; j * depth < indices!.data.length; j++) {
      const tuple = dims.map((size, d) => {
        const given = indices!.data[j * depth + d];
        return given < 0 ? given + size : given;
      });
      if (tuple.some((k, d) => k < 0 || k >= dims[d])) continue;
      const block = tuple.reduce((n, k, d) => n * dims[d] + k, 0) * inner;
      for (let i = 0; i < inner; i++) {
        out[block + i] = reduceWith[reduction](out[block + i], updates!.data[j * inner + i]);
      }
    }
    return [{ ...data!, data: out }];
  },
  lower(l, { reduction }) {
    const { dtype, shape } = l.outputType(0);
    const indices = l.inputType(1).shape;
    const depth = indices.at(-1)!;
    const y = l.temp(dtype, shape);
    l.emit({
      form: 'call',
      routine: 'scatterND',
      args: [
        plain(l, l.view(0)),
        plain(l, l.view(1)),
        l.constant({ dtype: 'int32', shape: [depth], data: Int32Array.from(shape.slice(0, depth)) }),
        plain(l, l.view(2)),
      ],
      y,
      params: [
        sizeOf(shape),
        sizeOf(indices.slice(0, -1)),
        depth,
        sizeOf(shape.slice(depth)),
        reductions.indexOf(reduction),
        typeNumber[dtype],
      ],
    });
    return [y];
  },
  names: {
    onnx: {
      ScatterND: (c) =>
        c.one('scatterND', [c.input(0), c.input(1), c.input(2)], {
          reduction: c.config.str('reduction', 'none'),
        }),
    },
    graph: {
      ScatterNd: scattered,
      TensorScatterUpdate: (c) =>
        c.one('scatterND', [c.input(0), c.input(1), c.input(2)], { reduction: 'none' }),
    },
    tflite: { SCATTER_ND: scattered },
  },
  samples: [
    {
      name: 'elements',
      inputs: [
        { shape: [3, 4] },
        { shape: [4, 2], dtype: 'int32', values: [0, 1, 2, -1, 3, 0, 0, 1] },
        { shape: [4] },
      ],
      attrs: { reduction: 'none' },
    },
    {
      name: 'rows_add',
      inputs: [
        { shape: [4, 2, 2] },
        { shape: [3, 1], dtype: 'int32', values: [1, -1, 1] },
        { shape: [3, 2, 2] },
      ],
      attrs: { reduction: 'add' },
    },
    {
      name: 'int_max',
      inputs: [
        { shape: [5], dtype: 'int32' },
        { shape: [3, 1], dtype: 'int32', values: [0, 0, 4] },
        { shape: [3], dtype: 'int32' },
      ],
      attrs: { reduction: 'max' },
    },
  ],
});
