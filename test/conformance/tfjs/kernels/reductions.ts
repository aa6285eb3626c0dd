import { type Context, computed, type Translation } from './context.ts';

const reductions: Readonly<Record<string, string>> = {
  All: 'reduceAll',
  Any: 'reduceAny',
  Max: 'reduceMax',
  Mean: 'reduceMean',
  Min: 'reduceMin',
  Prod: 'reduceProd',
  Sum: 'reduceSum',
};

/** Axes from the front; none given is all of them. */
function axesOf(c: Context): number[] {
  const given = c.attr<number | number[]>(c.call.kernel === 'Max' ? 'reductionIndices' : 'axis');
  return c.tf.util.parseAxisParam(given, [...c.call.inputs[0].shape]);
}

const arg = (kind: string) =>
  computed((c) => c.one(kind, c.ids, { axis: axesOf(c)[0], keepDims: false, last: false }));

export const reducing: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(
    Object.entries(reductions).map(([kernel, kind]) => [
      kernel,
      computed((c) => {
        const attrs = { axes: axesOf(c), keepDims: c.attr<boolean | undefined>('keepDims') ?? false };
        return c.one(kind, [kernel === 'Mean' ? c.cast(c.ids[0], 'float32') : c.ids[0]], attrs);
      }),
    ]),
  ),
  ArgMax: arg('argMax'),
  ArgMin: arg('argMin'),
  Cumsum: computed((c) =>
    c.one('cumSum', c.ids, {
      axis: c.attr<number>('axis'),
      exclusive: c.attr<boolean>('exclusive'),
      reverse: c.attr<boolean>('reverse'),
    }),
  ),
  FusedBatchNorm: computed((c) => {
    const factor = c.one('rsqrt', [
      c.one('add', [c.id('variance'), c.scalar(c.attr<number>('varianceEpsilon'))]),
    ]);
    const y = c.one('mul', [c.one('sub', [c.id('x'), c.id('mean')]), factor]);
    const scaled = c.has('scale') ? c.one('mul', [y, c.id('scale')]) : y;
    return c.has('offset') ? c.one('add', [scaled, c.id('offset')]) : scaled;
  }),
  LRN: computed((c) => {
    const size = 2 * c.attr<number>('depthRadius') + 1;
    const y = c.one('lrn', [c.transpose(c.ids[0], [0, 3, 1, 2])], {
      size,
      alpha: c.attr<number>('alpha') * size,
      beta: c.attr<number>('beta'),
      bias: c.attr<number>('bias'),
    });
    return c.transpose(y, [0, 2, 3, 1]);
  }),
  Softmax: computed((c) => c.one('softmax', c.ids, { axis: c.attr<number>('dim') })),
  TopK: computed((c) => c.node('topK', c.ids, { k: c.attr<number>('k'), axis: -1, largest: true })),
};
