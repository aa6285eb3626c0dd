import type { ValueId } from '../../../../compiler/ir/graph.ts';
import type { DType, Shape } from '../../../../compiler/ir/tensor.ts';
import { type Context, computed, type Translation } from './context.ts';

const parsed = (c: Context, id: ValueId, name: string) =>
  c.tf.util.parseAxisParam(c.attr<number | number[]>(name), [...c.shape(id)]);

function slice(c: Context, id: ValueId, starts: readonly number[], sizes: readonly number[]): ValueId {
  return c.one('slice', [id], { starts, sizes, steps: starts.map(() => 1) });
}

function reverse(c: Context, id: ValueId, axes: readonly number[]): ValueId {
  const shape = c.shape(id);
  return c.one('slice', [id], {
    starts: shape.map((d, i) => (axes.includes(i) ? Math.max(0, d - 1) : 0)),
    sizes: shape,
    steps: shape.map((_, i) => (axes.includes(i) ? -1 : 1)),
  });
}

function split(c: Context, id: ValueId, axis: number, parts: readonly number[]): ValueId[] {
  const shape = c.shape(id);
  let at = 0;
  return parts.map((n) => {
    const part = slice(
      c,
      id,
      shape.map((_, i) => (i === axis ? at : 0)),
      shape.map((d, i) => (i === axis ? n : d)),
    );
    at += n;
    return part;
  });
}

function stridedSlice(c: Context): ValueId {
  const { slice_util: util } = c.tf;
  const shape = [...c.call.inputs[0].shape];
  const info = util.sliceInfo(
    shape,
    c.attr('begin'),
    c.attr('end'),
    c.attr('strides'),
    c.attr('beginMask'),
    c.attr('endMask'),
    c.attr('ellipsisMask'),
    c.attr('newAxisMask'),
    c.attr('shrinkAxisMask'),
  );
  // tfjs computes -0 for some that are empty.
  const finalShape = info.finalShape.map((d) => d + 0);
  if (info.isIdentity) return c.reshape(c.ids[0], finalShape);
  const sizes = util.computeOutShape(info.begin, info.end, info.strides).map((d) => d + 0);
  const attrs = { starts: info.begin, sizes, steps: info.strides };
  return c.reshape(c.one('slice', [c.ids[0]], attrs), finalShape);
}

/** [batch · Πb, …spatial] → [batch, …spatial · b], cropped. */
function batchToSpace(c: Context): ValueId {
  const block = c.attr<number[]>('blockShape');
  const { backend_util: util } = c.tf;
  const shape = [...c.call.inputs[0].shape];
  const prod = block.reduce((a, b) => a * b, 1);
  const apart = c.reshape(c.ids[0], util.getReshaped(shape, block, prod));
  const turned = c.transpose(
    apart,
    util.getPermuted(util.getReshaped(shape, block, prod).length, block.length),
  );
  const together = c.reshape(turned, util.getReshapedPermuted(shape, block, prod));
  const crops = c.attr<number[][]>('crops');
  const [begin, size] = c.tf.slice_util.parseSliceParams(
    { shape: [...c.shape(together)] } as never,
    util.getSliceBeginCoords(crops, block.length),
    util.getSliceSize([...c.shape(together)], crops, block.length),
  );
  return slice(c, together, begin, size);
}

/** The inverse, padded with zeros. */
function spaceToBatch(c: Context): ValueId {
  const block = c.attr<number[]>('blockShape');
  const { backend_util: util } = c.tf;
  const prod = block.reduce((a, b) => a * b, 1);
  const paddings = [[0, 0], ...c.attr<number[][]>('paddings')];
  const rank = c.call.inputs[0].shape.length;
  while (paddings.length < rank) paddings.push([0, 0]);
  const padded = c.one('pad', [c.ids[0]], { pads: paddings, mode: 'constant', value: 0 });
  const shape = [...c.shape(padded)];
  const apart = util.getReshaped(shape, block, prod, false);
  const turned = c.transpose(c.reshape(padded, apart), util.getPermuted(apart.length, block.length, false));
  return c.reshape(turned, util.getReshapedPermuted(shape, block, prod, false));
}

function filled(c: Context, shape: Shape, like: ValueId, value: ValueId): ValueId {
  return c.one('broadcastTo', [c.cast(value, c.dtype(like))], { shape });
}

/** A list of indices is one of tuples of one. */
function tuples(c: Context): ValueId {
  const indices = c.id('indices');
  const shape = c.shape(indices);
  return shape.length === 1 ? c.reshape(indices, [shape[0], 1]) : indices;
}

export const layout: Readonly<Record<string, Translation>> = {
  BatchToSpaceND: computed(batchToSpace),
  BroadcastTo: computed((c) => c.one('broadcastTo', c.ids, { shape: c.attr<number[]>('shape') })),
  Concat: computed((c) => c.one('concat', c.ids, { axis: c.attr<number>('axis') })),
  DepthToSpace: computed((c) => {
    const attrs = { block: c.attr<number>('blockSize'), mode: 'DCR' };
    if (c.attr('dataFormat') === 'NCHW') return c.one('depthToSpace', c.ids, attrs);
    const y = c.one('depthToSpace', [c.transpose(c.ids[0], [0, 3, 1, 2])], attrs);
    return c.transpose(y, [0, 2, 3, 1]);
  }),
  ExpandDims: computed((c) => {
    const shape = [...c.shape(c.ids[0])];
    const dim = c.attr<number>('dim');
    shape.splice(dim < 0 ? shape.length + dim + 1 : dim, 0, 1);
    return c.reshape(c.ids[0], shape);
  }),
  FlipLeftRight: computed((c) => reverse(c, c.ids[0], [2])),
  GatherNd: computed((c) => c.one('gatherND', [c.id('params'), c.id('indices')], { batchDims: 0 })),
  GatherV2: computed((c) => {
    const axis = c.tf.util.parseAxisParam(c.attr<number>('axis'), [...c.tensor('x').shape])[0];
    const indices = c.cast(c.id('indices'), 'int32');
    const batchDims = c.attr<number>('batchDims');
    const shared = batchDims < 0 ? batchDims + c.shape(indices).length : batchDims;
    return c.one('gather', [c.id('x'), indices], { axis, batchDims: shared });
  }),
  MirrorPad: computed((c) =>
    c.one('pad', c.ids, { pads: c.attr<[number, number][]>('paddings'), mode: c.attr('mode'), value: 0 }),
  ),
  OneHot: computed((c) =>
    c.one('oneHot', c.ids, {
      depth: c.attr<number>('depth'),
      axis: -1,
      on: c.attr<number>('onValue'),
      off: c.attr<number>('offValue'),
      dtype: c.attr<DType>('dtype'),
      wrap: false,
    }),
  ),
  Pack: computed((c) => {
    const axis = c.attr<number>('axis');
    const parts = c.ids.map((id) => {
      const shape = [...c.shape(id)];
      shape.splice(axis, 0, 1);
      return c.reshape(id, shape);
    });
    return c.one('concat', parts, { axis });
  }),
  PadV2: computed((c) =>
    c.one('pad', c.ids, {
      pads: c.attr<[number, number][]>('paddings'),
      mode: 'constant',
      value: c.attr<number>('constantValue'),
    }),
  ),
  Reshape: computed((c) => {
    const shape = c.attr<number[]>('shape');
    const size = c.tf.util.sizeFromShape([...c.call.inputs[0].shape]);
    return c.reshape(c.ids[0], c.tf.util.inferFromImplicitShape(shape, size));
  }),
  Reverse: computed((c) => reverse(c, c.ids[0], parsed(c, c.ids[0], 'dims'))),
  ScatterNd: computed((c) => {
    const zeros = filled(c, c.attr<number[]>('shape'), c.id('updates'), c.scalar(0));
    return c.one('scatterND', [zeros, tuples(c), c.id('updates')], { reduction: 'add' });
  }),
  Slice: computed((c) => {
    const [begin, size] = c.tf.slice_util.parseSliceParams(
      { shape: [...c.call.inputs[0].shape] } as never,
      c.attr('begin'),
      c.attr('size'),
    );
    return slice(c, c.ids[0], begin, size);
  }),
  SpaceToBatchND: computed(spaceToBatch),
  SplitV: computed((c) => {
    const [x] = c.call.inputs;
    const [axis] = parsed(c, c.ids[0], 'axis');
    const parts = c.tf.backend_util.prepareSplitSize(
      { shape: [...x.shape] } as never,
      c.attr('numOrSizeSplits'),
      axis,
    );
    return split(c, c.ids[0], axis, parts);
  }),
  StridedSlice: computed(stridedSlice),
  TensorScatterUpdate: computed((c) =>
    c.one('scatterND', [c.id('tensor'), tuples(c), c.id('updates')], { reduction: 'none' }),
  ),
  Tile: computed((c) => c.one('tile', c.ids, { repeats: c.attr<number[]>('reps') })),
  Transpose: computed((c) => c.transpose(c.ids[0], c.attr('perm'))),
  Unpack: computed((c) => {
    const [axis] = parsed(c, c.ids[0], 'axis');
    const shape = c.shape(c.ids[0]);
    const rest = shape.filter((_, i) => i !== axis);
    return split(c, c.ids[0], axis, new Array(shape[axis]).fill(1)).map((id) => c.reshape(id, rest));
  }),
};
