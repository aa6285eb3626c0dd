import { badShape } from '../errors.ts';
import { readsPadding, type View } from '../plan/view.ts';
import { type Attrs, defineOp, type LayerContext, type Lowering, type ValueId } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { onnxPad } from './onnx-shape.ts';
import { channelsFirst, range, unpermute } from './spatial.ts';
import { take } from './take.ts';
import { readBatchToSpace, readMirrorPad, readPad, readSpaceToBatch } from './tensorflow-shape.ts';

/**
 * [before, after] per dimension; negative cuts. `reflect` mirrors without repeating the edge, `symmetric` repeats it,
 * `wrap` continues from the other end.
 */
export type PadAttrs = Attrs & {
  readonly pads: readonly (readonly [number, number])[];
  readonly mode: 'constant' | 'reflect' | 'symmetric' | 'edge' | 'wrap';
  /** What `constant` fills with. */
  readonly value: number;
};

export default defineOp<PadAttrs>({
  kind: 'pad',
  description: 'extends or cuts at both ends of each dimension',
  arity: [1, 1],
  infer([x], { pads, mode }, place) {
    if (pads.length !== x!.shape.length || pads.flat().some((n) => !Number.isInteger(n))) {
      throw badShape(`pads must be ${x!.shape.length} pairs of whole numbers`, place);
    }
    const shape = x!.shape.map((d, i) => d + pads[i][0] + pads[i][1]);
    if (shape.some((d, i) => d < 0 || -pads[i][0] > x!.shape[i] || -pads[i][1] > x!.shape[i])) {
      throw badShape(`pads cut more than [${x!.shape}] has`, place);
    }
    pads.forEach(([before, after], i) => {
      const d = x!.shape[i];
      const most = {
        constant: Infinity,
        edge: d > 0 ? Infinity : 0,
        wrap: d > 0 ? Infinity : 0,
        reflect: d - 1,
        symmetric: d,
      };
      if (Math.max(before, after, 0) > most[mode]) {
        throw badShape(`${mode} padding [${before}, ${after}] is too large for a dimension of ${d}`, place);
      }
    });
    return [{ dtype: x!.dtype, shape }];
  },
  eval([x], { pads, mode, value }) {
    const read = elements(x!);
    const shape = x!.shape.map((d, i) => d + pads[i][0] + pads[i][1]);
    const at = x!.shape.map((d, i) => (k: number) => fold(k - pads[i][0], d, mode));
    return [
      tabulate(x!.dtype, shape, (index) => {
        const from = index.map((k, i) => at[i](k));
        return from.includes(-1) ? value : read(from);
      }),
    ];
  },
  lower(l, a) {
    const { dtype, shape } = l.outputType(0);
    const x = l.view(0);
    if (a.mode === 'constant') return [padConstant(l, x, a)];
    return [
      shape.reduce((v, d, axis) => {
        const [before, after] = a.pads[axis];
        if (before === 0 && after === 0) return v;
        const size = d - before - after;
        return take(
          l,
          v,
          axis,
          range(0, d).map((k) => fold(k - before, size, a.mode)),
          dtype,
        );
      }, x),
    ];
  },
  identity: (_x, { pads }) => (pads.flat().every((n) => n === 0) ? 0 : undefined),
  permute: (attrs, perm) => ({ attrs: { ...attrs, pads: unpermute(attrs.pads, perm) }, perm }),
  channels: ([x], _o, { pads }) =>
    range(0, x!.shape.length)
      .filter((d) => pads[d][0] === 0 && pads[d][1] === 0)
      .map(
        (d) =>
          [
            [0, d],
            [-1, d],
          ] as const,
      ),
  tf: (tf, [x], { pads, mode, value }) => {
    // The gradient of tf.mirrorPad forgets the mirrored elements.
    if (mode !== 'constant') {
      return [
        pads.reduce((y, p, axis) => {
          if (p[0] === 0 && p[1] === 0) return y;
          const size = y.shape[axis]!;
          const at = range(-p[0], size + p[1]).map((k) => fold(k, size, mode));
          return tf.gather(y, tf.tensor1d(at, 'int32'), axis);
        }, x!),
      ];
    }
    const cut = pads.map(([b]) => Math.max(0, -b));
    const size = x!.shape.map((d, i) => d - cut[i] - Math.max(0, -pads[i][1]));
    const around = pads.map(([b, a]) => [Math.max(0, b), Math.max(0, a)] as [number, number]);
    return [tf.pad(tf.slice(x!, cut, size), around, value)];
  },
  names: {
    onnx: { Pad: onnxPad },
    graph: {
      Pad: readPad,
      PadV2: readPad,
      MirrorPad: readMirrorPad,
      SpaceToBatchND: readSpaceToBatch,
      BatchToSpaceND: readBatchToSpace,
    },
    tflite: {
      PAD: readPad,
      PADV2: readPad,
      MIRROR_PAD: readMirrorPad,
      SPACE_TO_BATCH_ND: readSpaceToBatch,
      BATCH_TO_SPACE_ND: readBatchToSpace,
    },
    layers: {
      ZeroPadding1D: readZeroPadding,
      ZeroPadding2D: readZeroPadding,
      ZeroPadding3D: readZeroPadding,
    },
  },
  samples: [
    pad(
      'zeros',
      [1, 2, 3, 3],
      [
        [0, 0],
        [0, 0],
        [1, 2],
        [0, 1],
      ],
    ),
    pad(
      'value',
      [2, 3],
      [
        [1, 1],
        [2, 0],
      ],
      'constant',
      -1.5,
    ),
    pad(
      'negative',
      [1, 5, 6],
      [
        [0, 0],
        [-1, 2],
        [1, -2],
      ],
      'constant',
      3,
    ),
    pad(
      'reflect',
      [1, 2, 4, 5],
      [
        [0, 0],
        [0, 0],
        [3, 2],
        [1, 4],
      ],
      'reflect',
    ),
    pad(
      'symmetric',
      [1, 3, 4],
      [
        [0, 0],
        [3, 1],
        [2, 4],
      ],
      'symmetric',
    ),
    pad(
      'edge',
      [1, 3, 4],
      [
        [0, 0],
        [2, 1],
        [0, 3],
      ],
      'edge',
    ),
    pad(
      'wrap',
      [2, 3],
      [
        [1, 0],
        [4, 5],
      ],
      'wrap',
    ),
    pad(
      'edge_cut',
      [1, 6],
      [
        [0, 0],
        [-2, 2],
      ],
      'edge',
    ),
    { ...pad('int', [4], [[1, 1]], 'constant', 7), inputs: [{ shape: [4], dtype: 'int32' }] },
  ],
});

/** The source index of padded index k, or -1 for the fill. */
function fold(k: number, size: number, mode: PadAttrs['mode']): number {
  if (k >= 0 && k < size) return k;
  switch (mode) {
    case 'constant':
      return -1;
    case 'edge':
      return k < 0 ? 0 : size - 1;
    case 'wrap':
      return ((k % size) + size) % size;
    case 'reflect':
      return k < 0 ? -k : 2 * size - 2 - k;
    case 'symmetric':
      return k < 0 ? -k - 1 : 2 * size - 1 - k;
  }
}

/** Zeros are an alias; every reader of a view takes padding as 0. Other values are written out. */
function padConstant(l: Lowering, x: View, a: PadAttrs): View {
  const before = a.pads.map((p) => p[0]);
  const after = a.pads.map((p) => p[1]);
  if (a.value === 0) return l.pad(x, before, after);
  const solid = readsPadding(x) ? l.materialize(x) : x;
  return l.materialize(l.pad(solid, before, after), a.value);
}

/** Keras: `padding` is n, [n, n] or [[before, after], …] per spatial axis. */
function readZeroPadding(c: LayerContext): ValueId {
  const x = c.input(0);
  const rank = c.b.shape(x).length - 2;
  const given = c.config.has('padding') ? c.config.raw('padding') : 1;
  const pads = pairs(given, rank);
  if (!pads) return c.malformed(`padding ${JSON.stringify(given)} doesn't fit ${rank} spatial axes`);
  return channelsFirst(c, x, (y) =>
    c.one('pad', [y], { pads: [[0, 0], [0, 0], ...pads], mode: 'constant', value: 0 }),
  );
}

/** Keras' ways to give [before, after] per axis; `undefined` where they don't fit. */
export function pairs(given: unknown, rank: number): [number, number][] | undefined {
  const whole = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0;
  if (whole(given)) return range(0, rank).map(() => [given, given]);
  if (!Array.isArray(given)) return undefined;
  if (rank === 1 && given.length === 2 && given.every(whole)) return [[given[0], given[1]]];
  if (given.length !== rank) return undefined;
  const out = given.map((p) => (whole(p) ? [p, p] : p));
  const fits = out.every((p) => Array.isArray(p) && p.length === 2 && p.every(whole));
  return fits ? (out as [number, number][]) : undefined;
}

function pad(
  name: string,
  shape: number[],
  pads: [number, number][],
  mode: PadAttrs['mode'] = 'constant',
  value = 0,
) {
  return {
    name,
    inputs: [{ shape }] as { shape: number[]; dtype?: 'int32' }[],
    attrs: { pads, mode, value } as PadAttrs,
  };
}
