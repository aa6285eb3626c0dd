import { badShape } from '../errors.ts';
import { type Expr, e } from '../plan/expr.ts';
import { groupView, windowView } from '../plan/view.ts';
import { type Attrs, defineOp, type NodeContext } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { inverseRoot } from './norm.ts';
import { unary } from './onnx.ts';
import { checkFloat, range, toChannelsFirst, toChannelsLast } from './spatial.ts';

/** Krizhevsky et al., ImageNet classification, 2012. x [N, C, …]; the window reaches ⌊(size − 1)/2⌋ channels back. */
type LrnAttrs = Attrs & {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
};

export default defineOp<LrnAttrs>({
  kind: 'lrn',
  description: 'x / (bias + α/size · Σ x²)^β, the sum over `size` neighbouring channels',
  arity: [1, 1],
  infer([x], { size }, place) {
    checkFloat([x], place);
    if (x!.shape.length < 2) throw badShape(`[${x!.shape}] has no channel axis`, place);
    if (!Number.isInteger(size) || size < 1) throw badShape(`a window of ${size} channels`, place);
    return [{ dtype: 'float32', shape: x!.shape }];
  },
  eval([x], { size, alpha, beta, bias }) {
    const read = elements(x!);
    const back = (size - 1) >> 1;
    return [
      tabulate('float32', x!.shape, (index) => {
        const [n, c, ...at] = index;
        let sum = 0;
        for (let k = Math.max(0, c - back); k < Math.min(x!.shape[1], c - back + size); k++) {
          sum += read([n, k, ...at]) ** 2;
        }
        return read(index) / (bias + (alpha / size) * sum) ** beta;
      }),
    ];
  },
  lower(l, { size, alpha, beta, bias }) {
    const { shape } = l.outputType(0);
    const back = (size - 1) >> 1;
    const around = (n: number) => shape.map((_, d) => (d === 1 ? n : 0));
    const flat = (v: typeof y) => groupView(v, [[0], [], range(1, shape.length)]);
    const squares = l.temp('float32', shape);
    const y = l.temp('float32', shape);
    l.emit({ form: 'pointwise', args: [l.view(0)], expr: e.mul(e.arg(0), e.arg(0)), y: squares });
    const padded = l.pad(squares, around(back), around(size - 1 - back));
    const windows = windowView(padded, 1, size, shape[1], 1, 1)!;
    const base = e.add(e.mul(e.arg(0), e.f32(alpha / size)), e.f32(bias));
    l.emit({
      form: 'window',
      reduce: 'sum',
      x: groupView(windows, [[0], [], [1], range(2, shape.length + 1)]),
      epilogue: { expr: e.mul(e.arg(1), inversePower(base, beta)), args: [flat(l.view(0))] },
      y: flat(y),
    });
    return [y];
  },
  tf: (tf, [x], { size, alpha, beta, bias }) => {
    const rank = x!.shape.length;
    const back = (size - 1) >> 1;
    const pads = range(0, rank).map((d) => (d === 1 ? [back, size - 1 - back] : [0, 0]) as [number, number]);
    const squares = tf.pad(tf.square(x!), pads);
    const begin = (k: number) => range(0, rank).map((d) => (d === 1 ? k : 0));
    const terms = range(0, size).map((k) => tf.slice(squares, begin(k), x!.shape));
    return [tf.div(x!, tf.pow(tf.add(tf.mul(tf.addN(terms), alpha / size), bias), beta))];
  },
  names: {
    onnx: {
      LRN: unary('lrn', (c) => ({
        size: c.config.int('size'),
        alpha: c.config.float('alpha', 1e-4),
        beta: c.config.float('beta', 0.75),
        bias: c.config.float('bias', 1),
      })),
    },
    graph: { LRN: readLrn },
    tflite: { LOCAL_RESPONSE_NORMALIZATION: readLrn },
  },
  samples: [
    {
      name: 'alexnet',
      inputs: [{ shape: [1, 8, 3, 3] }],
      attrs: { size: 5, alpha: 0.5, beta: 0.75, bias: 1 },
    },
    { name: 'even', inputs: [{ shape: [2, 5, 2] }], attrs: { size: 4, alpha: 1, beta: 0.5, bias: 2 } },
    { name: 'power', inputs: [{ shape: [1, 6, 2, 2] }], attrs: { size: 3, alpha: 1, beta: 0.6, bias: 1 } },
    { name: 'wide', inputs: [{ shape: [1, 3, 4] }], attrs: { size: 9, alpha: 1, beta: 1, bias: 1 } },
  ],
});

/** x^−β; roots are cheaper than a power. */
function inversePower(x: Expr, beta: number): Expr {
  if (beta === 1) return e.unary('recip', x);
  if (beta === 0.5) return inverseRoot(x);
  if (beta === 0.75) return inverseRoot(e.mul(x, e.unary('sqrt', x)));
  return e.binary('pow', x, e.f32(-beta));
}

/** TensorFlow: α is not divided by the size of the window, which is 2 · radius + 1. */
function readLrn(c: NodeContext) {
  const name = c.config.has('depth_radius') ? 'depth_radius' : 'radius';
  const size = 2 * c.config.int(name, 5) + 1;
  const y = c.one('lrn', [toChannelsFirst(c, c.input(0))], {
    size,
    alpha: c.config.float('alpha', 1) * size,
    beta: c.config.float('beta', 0.5),
    bias: c.config.float('bias', 1),
  });
  return toChannelsLast(c, y);
}
