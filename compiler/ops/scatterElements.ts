import { badShape } from '../errors.ts';
import { normalizeAxis, rowMajor, sameShape, sizeOf } from '../ir/tensor.ts';
import { type Attrs, defineOp, type OnnxContext } from './define.ts';
import { indices as every } from './elements.ts';
import { plain } from './gather-step.ts';
import { bases } from './gatherElements.ts';
import { attrAxis } from './onnx.ts';
import { checkScatter, type Reduction, reduceWith, reductions, typeNumber } from './scatter.ts';

/**
 * data, int32 indices, updates of the shape of indices: a copy of data in which, for every i, the element at i with coordinate
 * `axis` replaced by indices[i] takes updates[i]. Negative indices count from the end; indices outside write nothing.
 */
export type ScatterElementsAttrs = Attrs & { readonly axis: number; readonly reduction: Reduction };

export default defineOp<ScatterElementsAttrs>({
  kind: 'scatterElements',
  description: 'writes one element along an axis for every index',
  arity: [3, 3],
  infer([data, indices, updates], a, place) {
    checkScatter(data!, indices!, updates!, a.reduction, place);
    const axis = normalizeAxis(a.axis, data!.shape.length, place);
    const fits = indices!.shape.every((d, i) => i === axis || d <= data!.shape[i]);
    if (indices!.shape.length !== data!.shape.length || !fits || !sameShape(indices!.shape, updates!.shape)) {
      throw badShape(
        `indices [${indices!.shape}] and updates [${updates!.shape}] don't fit [${data!.shape}]`,
        place,
      );
    }
    return [{ dtype: data!.dtype, shape: data!.shape }];
  },
  eval([data, indices, updates], a) {
    const axis = normalizeAxis(a.axis, data!.shape.length);
    const size = data!.shape[axis];
    const strides = rowMajor(data!.shape);
    const out = data!.data.slice();
    let n = 0;
    for (const index of every(indices!.shape)) {
      const update = updates!.data[n];
      const given = indices!.data[n++];
      const at = given < 0 ? given + size : given;
      if (at < 0 || at >= size) continue;
      const to = index.reduce((s, k, d) => s + (d === axis ? at : k) * strides[d], 0);
      out[to] = reduceWith[a.reduction](out[to], update);
    }
    return [{ ...data!, data: out }];
  },
  lower(l, a) {
    const { dtype, shape } = l.outputType(0);
    const axis = normalizeAxis(a.axis, shape.length);
    const indices = l.inputType(1).shape;
    const y = l.temp(dtype, shape);
    l.emit({
      form: 'call',
      routine: 'scatterElements',
      args: [
        plain(l, l.view(0)),
        plain(l, l.view(1)),
        l.constant(bases(shape, indices, axis)),
        plain(l, l.view(2)),
      ],
      y,
      params: [
        sizeOf(shape),
        sizeOf(indices),
        shape[axis],
        rowMajor(shape)[axis],
        reductions.indexOf(a.reduction),
        typeNumber[dtype],
      ],
    });
    return [y];
  },
  names: { onnx: { ScatterElements: readScatter, Scatter: readScatter } },
  samples: [
    ...reductions.map((reduction) => ({
      name: reduction,
      inputs: [
        { shape: [2, 4] },
        { shape: [2, 3], dtype: 'int32' as const, values: [0, 3, 0, -1, 9, 2] },
        { shape: [2, 3] },
      ],
      attrs: { axis: 1, reduction },
    })),
    {
      name: 'int8_smaller',
      inputs: [
        { shape: [3, 4], dtype: 'int8' },
        { shape: [2, 2], dtype: 'int32', values: 'index', below: 3 },
        { shape: [2, 2], dtype: 'int8' },
      ],
      attrs: { axis: 0, reduction: 'add' },
    },
  ],
});

function readScatter(c: OnnxContext) {
  const attrs = { axis: attrAxis(c, 0), reduction: c.config.str('reduction', 'none') };
  return c.one('scatterElements', [c.input(0), c.input(1), c.input(2)], attrs);
}
