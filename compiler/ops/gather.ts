import { badShape } from '../errors.ts';
import { normalizeAxis } from '../ir/tensor.ts';
import {
  type Attrs,
  type AxisLink,
  defineOp,
  type LayerContext,
  type NodeContext,
  type ValueId,
} from './define.ts';
import { elements, tabulate } from './elements.ts';
import { emitGather } from './gather-step.ts';
import { onnxGridSample, onnxReverseSequence, onnxRoiAlign } from './onnx-sample.ts';
import { onnxCompress, onnxGather } from './onnx-shape.ts';
import { range } from './spatial.ts';
import { take } from './take.ts';
import { number } from './tensorflow.ts';

/**
 * data with dimension `axis` replaced by the dimensions of int32 `indices` behind the first `batchDims`, which both share.
 * Negative indices count from the end; what is still outside is clamped.
 */
export type GatherAttrs = Attrs & { readonly axis: number; readonly batchDims: number };

export default defineOp<GatherAttrs>({
  kind: 'gather',
  description: 'picks slices along one axis by index',
  arity: [2, 2],
  infer([data, indices], a, place) {
    const axis = normalizeAxis(a.axis, data!.shape.length, place);
    if (indices!.dtype !== 'int32') throw badShape(`indices are ${indices!.dtype}, not int32`, place);
    const batch = a.batchDims;
    const shared = data!.shape.slice(0, batch).every((d, i) => d === indices!.shape[i]);
    if (!Number.isInteger(batch) || batch < 0 || batch > axis || batch > indices!.shape.length || !shared) {
      throw badShape(
        `[${data!.shape}] and [${indices!.shape}] don't share ${batch} leading dimensions`,
        place,
      );
    }
    const shape = gathered(data!.shape, indices!.shape, axis, batch);
    if (data!.shape[axis] === 0 && !shape.includes(0)) throw badShape('gathers from an empty axis', place);
    return [{ dtype: data!.dtype, shape }];
  },
  eval([data, indices], a) {
    const axis = normalizeAxis(a.axis, data!.shape.length);
    const size = data!.shape[axis];
    const more = indices!.shape.length - a.batchDims;
    const read = elements(data!);
    const pick = elements(indices!);
    return [
      tabulate(data!.dtype, gathered(data!.shape, indices!.shape, axis, a.batchDims), (index) => {
        const given = pick([...index.slice(0, a.batchDims), ...index.slice(axis, axis + more)]);
        const at = Math.min(size - 1, Math.max(0, given < 0 ? given + size : given));
        return read([...index.slice(0, axis), at, ...index.slice(axis + more)]);
      }),
    ];
  },
  lower(l, a) {
    const { dtype, shape } = l.outputType(0);
    const data = l.inputType(0).shape;
    const axis = normalizeAxis(a.axis, data.length);
    const known = l.constantOf(1);
    if (known && a.batchDims === 0 && known.data.length > 0) {
      const size = data[axis];
      const at = Array.from(known.data, (i) => Math.min(size - 1, Math.max(0, i < 0 ? i + size : i)));
      return [l.reshape(take(l, l.view(0), axis, at, dtype), shape)];
    }
    return [emitGather(l, l.view(0), l.view(1), axis, a.batchDims, shape, dtype)];
  },
  channels: ([data, indices], _o, a) => {
    const axis = normalizeAxis(a.axis, data!.shape.length);
    const more = indices!.shape.length - a.batchDims;
    return range(0, data!.shape.length)
      .filter((d) => d !== axis)
      .map((d): AxisLink => {
        const shared: AxisLink = d < a.batchDims ? [[1, d]] : [];
        return [[0, d], ...shared, [-1, d < axis ? d : d + more - 1]];
      });
  },
  tf: (tf, [data, indices], a) => [
    tf.gather(data!, tf.cast(indices!, 'int32') as never, a.axis, a.batchDims),
  ],
  names: {
    onnx: {
      Compress: onnxCompress,
      Gather: onnxGather,
      GridSample: onnxGridSample,
      ReverseSequence: onnxReverseSequence,
      RoiAlign: onnxRoiAlign,
    },
    graph: { GatherV2: readGatherV2, Gather: readGatherFirst },
    tflite: {
      GATHER: readLite,
      EMBEDDING_LOOKUP: (c) => c.one('gather', [c.input(1), c.input(0)], { axis: 0, batchDims: 0 }),
    },
    layers: { Embedding: readEmbedding },
  },
  samples: [
    gather('rows', [7, 3], { shape: [1, 4], dtype: 'int32', values: 'index', below: 7 }, 0),
    gather('embedding', [9, 4], { shape: [1, 5], dtype: 'int32', values: 'index', below: 9 }, 0, true),
    gather('middle', [2, 5, 3], { shape: [2, 2], dtype: 'int32', values: [0, -1, 4, 2] }, 1),
    gather('outside', [2, 5], { shape: [3], dtype: 'int32', values: [5, -6, 99] }, 1),
    gather('scalar', [4, 3], { shape: [], dtype: 'int32', values: [2], constant: true }, 0),
    gather('even', [2, 8], { shape: [3], dtype: 'int32', values: [6, 4, 2], constant: true }, -1),
    gather('uneven', [2, 8], { shape: [4], dtype: 'int32', values: [6, 6, 0, -1], constant: true }, -1),
    gather(
      'scattered',
      [2, 32, 2],
      { shape: [20], dtype: 'int32', values: 'index', below: 32, constant: true },
      1,
    ),
    {
      name: 'batched',
      inputs: [{ shape: [2, 5, 3] }, { shape: [2, 2], dtype: 'int32', values: 'index', below: 5 }],
      attrs: { axis: 1, batchDims: 1 },
    },
    {
      name: 'bytes',
      inputs: [
        { shape: [5, 3], dtype: 'int8' },
        { shape: [4], dtype: 'int32', values: 'index', below: 5 },
      ],
      attrs: { axis: 0, batchDims: 0 },
    },
  ],
});

const gathered = (data: readonly number[], indices: readonly number[], axis: number, batch: number) => [
  ...data.slice(0, axis),
  ...indices.slice(batch),
  ...data.slice(axis + 1),
];

/** Keras Embedding: embeddings [V, D]; float indices are truncated. */
function readEmbedding(c: LayerContext): ValueId {
  if (c.config.bool('mask_zero', false))
    c.unsupported('mask_zero', 'train without masking, or pad on the right');
  const x = c.input(0);
  const indices = c.b.value(x).dtype === 'int32' ? x : c.one('cast', [x], { to: 'int32' });
  return c.one('gather', [c.weight('embeddings'), indices], { axis: 0, batchDims: 0 });
}

function gather(
  name: string,
  shape: number[],
  indices: import('./define.ts').SampleInput,
  axis: number,
  constant = false,
) {
  return { name, inputs: [{ shape, constant }, indices], attrs: { axis, batchDims: 0 } };
}

/** TensorFlow: the axis is an input. */
function readGatherV2(c: NodeContext) {
  return along(c, number(c, 2));
}

function readGatherFirst(c: NodeContext) {
  return along(c, 0);
}

/** TFLite: the axis is an option. */
function readLite(c: NodeContext) {
  return along(c, c.config.int('axis', 0));
}

function along(c: NodeContext, axis: number) {
  const shape = c.b.shape(c.input(0));
  const size = shape[axis < 0 ? axis + shape.length : axis];
  const outside = c.b.constantOf(c.input(1))?.data.find((i) => i < 0 || i >= size);
  if (outside !== undefined) c.malformed(`index ${outside} is outside the ${size} of axis ${axis}`);
  return c.one('gather', [c.input(0), c.input(1)], { axis, batchDims: c.config.int('batch_dims', 0) });
}
