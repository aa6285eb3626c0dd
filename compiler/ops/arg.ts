/** Shared by argMax and argMin: int32 index of the first extreme along one axis, or of the last one. */
import { normalizeAxis } from '../ir/tensor.ts';
import { type Attrs, defineOp, type Op } from './define.ts';
import { permuteReduction, reducedShape, reduceStep, reduceTensor } from './reduction.ts';

export type ArgAttrs = Attrs & { readonly axis: number; readonly keepDims: boolean; readonly last: boolean };

interface Arg extends Pick<Op<ArgAttrs>, 'kind' | 'description' | 'names'> {
  readonly fn: 'argmax' | 'argmin';
  better(a: number, b: number): boolean;
}

export const defineArg = (arg: Arg): Op<ArgAttrs> =>
  defineOp<ArgAttrs>({
    kind: arg.kind,
    description: arg.description,
    names: arg.names,
    arity: [1, 1],
    infer([x], { axis, keepDims }, place) {
      normalizeAxis(axis, x!.shape.length, place);
      return [{ dtype: 'int32', shape: reducedShape(x!.shape, [axis], keepDims, place) }];
    },
    eval: ([x], { axis, keepDims, last }) => [
      reduceTensor(x!, 'int32', [axis], keepDims, (xs) =>
        xs.reduce((best, v, i) => (arg.better(v, xs[best]) || (last && v === xs[best]) ? i : best), 0),
      ),
    ],
    permute({ axis, keepDims, last }, perm) {
      const turned = permuteReduction({ axes: [axis], keepDims }, perm);
      return { attrs: { axis: turned.attrs.axes[0], keepDims, last }, perm: turned.perm };
    },
    lower: (l, { axis, last }) => [reduceStep(l, l.view(0), [axis], { fn: arg.fn, last })],
    samples: [
      { name: 'classes', inputs: [{ shape: [1, 10] }], attrs: { axis: -1, keepDims: false, last: false } },
      { name: 'channels', inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1, keepDims: true, last: false } },
      ...[false, true].map((last) => ({
        name: last ? 'last_of_equals' : 'first_of_equals',
        inputs: [{ shape: [2, 12], dtype: 'int32', values: 'index', below: 3 } as const],
        attrs: { axis: 1, keepDims: false, last },
      })),
    ],
  });
