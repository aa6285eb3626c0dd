/** ONNX operators that read an image at computed places: they become gathers of neighbours and weighted sums of those. */
import type { OnnxContext, OnnxReader, ValueId } from './define.ts';
import { axisOf, cast, rankOf, reshape, transpose } from './onnx.ts';
import { int32 } from './onnx-shape.ts';
import { range } from './spatial.ts';

const maths = (c: OnnxContext) => {
  const id = (v: ValueId | { readonly float: number }) => (typeof v === 'number' ? v : c.b.scalar(v.float));
  const of =
    (kind: string) =>
    (a: ValueId | { readonly float: number }, b: ValueId | { readonly float: number }): ValueId =>
      c.one(kind, [id(a), id(b)]);
  return {
    add: of('add'),
    sub: of('sub'),
    mul: of('mul'),
    div: of('div'),
    mod: of('fmod'),
    least: of('minimum'),
    most: of('maximum'),
    floor: (x: ValueId) => c.one('floor', [x]),
    clip: (x: ValueId, max: number) => c.one('clip', [x], { min: 0, max }),
    /** 1 where 0 ≤ x ≤ max, else 0. */
    inside: (x: ValueId, max: number) =>
      cast(
        c,
        c.one('and', [of('greaterEqual')(x, { float: 0 }), of('lessEqual')(x, { float: max })]),
        'float32',
      ),
  };
};

const float = (v: number) => ({ float: v });
const column = (c: OnnxContext, x: ValueId, k: number) =>
  c.one('gather', [x, c.b.constant(int32([], [k]))], { axis: rankOf(c, x) - 1, batchDims: 0 });

type Padding = 'zeros' | 'border' | 'reflection';

/** A neighbour along one axis: its index, which is in the image, and its weight. */
interface Neighbour {
  readonly index: ValueId;
  readonly weight: ValueId;
}

/**
 * [N, C, H, W] at grid [N, Ho, Wo, (x, y)] in −1 … 1, as PyTorch's `grid_sample`, whose cubic weights have a = −¾ (Keys 1981).
 */
export const onnxGridSample: OnnxReader = (c) => {
  const [x, grid] = [c.input(0), c.input(1)];
  if (rankOf(c, x) !== 4) c.unsupported(`GridSample of rank ${rankOf(c, x)}`);
  const [n, channels, ...size] = c.b.shape(x);
  const [batch, rows, cols, two] = c.b.shape(grid);
  if (rankOf(c, grid) !== 4 || batch !== n || two !== 2) c.malformed(`grid [${c.b.shape(grid)}]`);
  const asked = c.config.str('mode', 'linear');
  const mode = { bilinear: 'linear', bicubic: 'cubic' }[asked] ?? asked;
  if (!['linear', 'nearest', 'cubic'].includes(mode)) c.malformed(`mode ${JSON.stringify(asked)}`);
  const padding = c.config.str('padding_mode', 'zeros') as Padding;
  if (!['zeros', 'border', 'reflection'].includes(padding))
    c.malformed(`padding_mode ${JSON.stringify(padding)}`);
  const corners = c.config.bool('align_corners', false);
  const m = maths(c);

  /** Onto 0 … length − 1; by ±0 where there is nothing to reflect at. */
  const reflected = (v: ValueId, length: number): ValueId => {
    const [low, span] = corners ? [0, length - 1] : [-0.5, length];
    if (span === 0) return m.mul(v, float(0));
    const far = c.one('abs', [m.sub(v, float(low))]);
    const extra = m.mod(far, float(span));
    const flipped = m.mod(m.floor(m.div(far, float(span))), float(2));
    // extra, or span − extra where it was flipped.
    const turned = m.add(extra, m.mul(flipped, m.sub(float(span), m.mul(extra, float(2)))));
    return m.clip(m.add(turned, float(low)), length - 1);
  };
  const bounded = (v: ValueId, length: number): ValueId =>
    padding === 'zeros' ? v : padding === 'border' ? m.clip(v, length - 1) : reflected(v, length);
  const neighbour = (at: ValueId, weight: ValueId, length: number): Neighbour => ({
    index: cast(c, m.clip(at, length - 1), 'int32'),
    weight: padding === 'zeros' ? m.mul(weight, m.inside(at, length - 1)) : weight,
  });

  const along = (axis: 0 | 1): Neighbour[] => {
    const length = size[axis];
    const half = m.div(m.add(column(c, grid, 1 - axis), float(1)), float(2));
    const exact = corners ? m.mul(half, float(length - 1)) : m.sub(m.mul(half, float(length)), float(0.5));
    if (mode === 'cubic') {
      const first = m.floor(exact);
      const t = m.sub(exact, first);
      return cubicWeights(c, t).map((w, k) =>
        neighbour(bounded(m.add(first, float(k - 1)), length), w, length),
      );
    }
    const v = bounded(exact, length);
    const one = m.add(m.mul(v, float(0)), float(1));
    if (mode === 'nearest') return [neighbour(c.one('round', [v]), one, length)];
    const low = m.floor(v);
    const t = m.sub(v, low);
    return [neighbour(low, m.sub(one, t), length), neighbour(m.add(low, float(1)), t, length)];
  };

  const points = rows * cols;
  const flat = reshape(c, transpose(c, x, [0, 2, 3, 1]), [n, size[0] * size[1], channels]);
  const terms = pairs(along(0), along(1)).map(([row, col]) => {
    const index = m.add(m.mul(row.index, c.b.scalar(size[1], 'int32')), col.index);
    const picked = c.one('gather', [flat, reshape(c, index, [n, points])], { axis: 1, batchDims: 1 });
    return m.mul(picked, reshape(c, m.mul(row.weight, col.weight), [n, points, 1]));
  });
  const sum = terms.reduce((a, b) => m.add(a, b));
  return transpose(c, reshape(c, sum, [n, rows, cols, channels]), [0, 3, 1, 2]);
};

const pairs = <A, B>(as: readonly A[], bs: readonly B[]) => as.flatMap((a) => bs.map((b) => [a, b] as const));

/** Of the pixels at −1, 0, 1 and 2, for a place t behind pixel 0. */
function cubicWeights(c: OnnxContext, t: ValueId): ValueId[] {
  const m = maths(c);
  const a = -0.75;
  const near = (d: ValueId) =>
    m.add(m.mul(m.mul(m.sub(m.mul(d, float(a + 2)), float(a + 3)), d), d), float(1));
  const far = (d: ValueId) =>
    m.sub(m.mul(m.add(m.mul(m.sub(m.mul(d, float(a)), float(5 * a)), d), float(8 * a)), d), float(4 * a));
  const back = m.sub(float(1), t);
  return [far(m.add(t, float(1))), near(t), near(back), far(m.add(back, float(1)))];
}

/** Means over bins of regions [R, (x1, y1, x2, y2)] of the images that `batch_indices` names (He et al. 2017, RoIAlign). */
export const onnxRoiAlign: OnnxReader = (c) => {
  const [x, rois] = [c.input(0), c.input(1)];
  if (rankOf(c, x) !== 4 || c.b.shape(rois)[1] !== 4) c.malformed(`rois [${c.b.shape(rois)}]`);
  const [n, channels, height, width] = c.b.shape(x);
  const [regions] = c.b.shape(rois);
  if (c.config.str('mode', 'avg') !== 'avg') c.unsupported('RoiAlign of maxima');
  const samples = c.config.int('sampling_ratio', 0);
  if (samples < 1) c.unsupported('a number of samples that depends on the region', 'set sampling_ratio');
  const scale = c.config.float('spatial_scale', 1);
  const halfPixel =
    c.config.str('coordinate_transformation_mode', c.opset >= 16 ? 'half_pixel' : '') === 'half_pixel';
  const m = maths(c);

  const along = (from: ValueId, to: ValueId, bins: number, length: number) => {
    const edge = (v: ValueId) => m.sub(m.mul(v, float(scale)), float(halfPixel ? 0.5 : 0));
    const start = reshape(c, edge(from), [regions, 1]);
    const whole = m.sub(reshape(c, edge(to), [regions, 1]), start);
    const bin = m.div(halfPixel ? whole : m.most(whole, float(1)), float(bins));
    const places = Float32Array.from({ length: bins * samples }, (_, k) => (k + 0.5) / samples);
    const steps = c.b.constant({ dtype: 'float32', shape: [1, places.length], data: places });
    const exact = m.add(start, m.mul(steps, bin));
    const seen = m.inside(m.add(exact, float(1)), length + 1);
    const v = m.clip(exact, length - 1);
    const low = m.floor(v);
    const t = m.sub(v, low);
    const high = m.least(m.add(low, float(1)), float(length - 1));
    return [
      { index: cast(c, low, 'int32'), weight: m.mul(seen, m.sub(float(1), t)) },
      { index: cast(c, high, 'int32'), weight: m.mul(seen, t) },
    ];
  };
  const [rows, cols] = [c.config.int('output_height', 1), c.config.int('output_width', 1)];
  const [x1, y1, x2, y2] = range(0, 4).map((k) => column(c, rois, k));
  const [h, w] = [rows * samples, cols * samples];
  const image = m.mul(cast(c, c.input(2), 'int32'), c.b.scalar(height * width, 'int32'));
  const flat = reshape(c, transpose(c, x, [0, 2, 3, 1]), [n * height * width, channels]);
  const terms = pairs(along(y1, y2, rows, height), along(x1, x2, cols, width)).map(([row, col]) => {
    const line = m.mul(reshape(c, row.index, [regions, h, 1]), c.b.scalar(width, 'int32'));
    const pixel = m.add(line, reshape(c, col.index, [regions, 1, w]));
    const index = m.add(pixel, reshape(c, image, [regions, 1, 1]));
    const weight = m.mul(
      reshape(c, row.weight, [regions, h, 1, 1]),
      reshape(c, col.weight, [regions, 1, w, 1]),
    );
    return m.mul(c.one('gather', [flat, index], { axis: 0, batchDims: 0 }), weight);
  });
  const sum = reshape(
    c,
    terms.reduce((a, b) => m.add(a, b)),
    [regions, rows, samples, cols, samples, channels],
  );
  return transpose(c, c.one('reduceMean', [sum], { axes: [2, 4], keepDims: false }), [0, 3, 1, 2]);
};

/** The first `sequence_lens[b]` steps of sequence b backwards, the rest as they are. */
export const onnxReverseSequence: OnnxReader = (c) => {
  const x = c.input(0);
  const rank = rankOf(c, x);
  const [batch, time] = [
    axisOf(c, c.config.int('batch_axis', 1), rank),
    axisOf(c, c.config.int('time_axis', 0), rank),
  ];
  if (batch === time) c.malformed('batch_axis and time_axis are the same');
  const perm = [batch, time, ...range(0, rank).filter((d) => d !== batch && d !== time)];
  const turned = transpose(c, x, perm);
  const [n, steps] = c.b.shape(turned);
  const t = c.b.constant(int32([1, steps], range(0, steps)));
  const length = reshape(c, cast(c, c.input(1), 'int32'), [n, 1]);
  const back = c.one('sub', [c.one('sub', [length, t]), c.b.scalar(1, 'int32')]);
  const index = c.one('where', [c.one('less', [t, length]), back, t]);
  const y = c.one('gather', [turned, index], { axis: 1, batchDims: 1 });
  return transpose(
    c,
    y,
    range(0, rank).map((d) => perm.indexOf(d)),
  );
};
