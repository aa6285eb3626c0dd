import { badShape } from '../errors.ts';
import { normalizeAxis, rowMajor, sizeOf } from '../ir/tensor.ts';
import { defineOp, type Shape } from './define.ts';
import { elements, indices as every, tabulate } from './elements.ts';
import { plain } from './gather-step.ts';
import { attrAxis } from './onnx.ts';

/**
 * y[i] = data[i with coordinate `axis` replaced by indices[i]]. Negative indices count from the end; what is still outside is
 * clamped.
 */
export default defineOp<{ readonly axis: number }>({
  kind: 'gatherElements',
  description: 'picks one element along an axis for every index',
  arity: [2, 2],
  infer([data, indices], a, place) {
    const axis = normalizeAxis(a.axis, data!.shape.length, place);
    if (indices!.dtype !== 'int32') throw badShape(`indices are ${indices!.dtype}, not int32`, place);
    const fits = indices!.shape.every((d, i) => i === axis || d <= data!.shape[i]);
    if (indices!.shape.length !== data!.shape.length || !fits) {
      throw badShape(`indices [${indices!.shape}] don't fit data [${data!.shape}]`, place);
    }
    return [{ dtype: data!.dtype, shape: indices!.shape }];
  },
  eval([data, indices], a) {
    const axis = normalizeAxis(a.axis, data!.shape.length);
    const size = data!.shape[axis];
    const read = elements(data!);
    const pick = elements(indices!);
    return [
      tabulate(data!.dtype, indices!.shape, (index) => {
        const given = pick(index);
        const at = Math.min(size - 1, Math.max(0, given < 0 ? given + size : given));
        return read(index.map((k, d) => (d === axis ? at : k)));
      }),
    ];
  },
  lower(l, a) {
    const { dtype, shape } = l.outputType(0);
    const data = l.inputType(0).shape;
    const axis = normalizeAxis(a.axis, data.length);
    const y = l.temp(dtype, shape);
    l.emit({
      form: 'call',
      routine: 'gatherElements',
      args: [plain(l, l.view(0)), plain(l, l.view(1)), l.constant(bases(data, shape, axis))],
      y,
      params: [
        sizeOf(shape),
        data[axis],
        rowMajor(data)[axis],
        dtype === 'float32' || dtype === 'int32' ? 2 : 0,
      ],
    });
    return [y];
  },
  names: {
    onnx: {
      GatherElements: (c) => c.one('gatherElements', [c.input(0), c.input(1)], { axis: attrAxis(c, 0) }),
    },
  },
  samples: [
    {
      name: 'last',
      inputs: [{ shape: [2, 4] }, { shape: [2, 3], dtype: 'int32', values: [0, 3, -1, 1, 9, 0] }],
      attrs: { axis: -1 },
    },
    {
      name: 'middle_smaller',
      inputs: [{ shape: [3, 5, 4] }, { shape: [2, 3, 3], dtype: 'int32', values: 'index', below: 5 }],
      attrs: { axis: 1 },
    },
    {
      name: 'bytes',
      inputs: [
        { shape: [3, 4], dtype: 'uint8' },
        { shape: [2, 4], dtype: 'int32', values: 'index', below: 3 },
      ],
      attrs: { axis: 0 },
    },
  ],
});

/** Per index of `shape`: the element of `data` with coordinate `axis` set to 0. */
export function bases(data: Shape, shape: Shape, axis: number) {
  const strides = rowMajor(data).map((s, d) => (d === axis ? 0 : s));
  const at = Int32Array.from(every(shape), (index) => index.reduce((n, k, d) => n + k * strides[d], 0));
  return { dtype: 'int32' as const, shape: [at.length], data: at };
}
