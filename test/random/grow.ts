/**
 * Random small networks from a seed: any shapes that inference accepts, weights scaled by their fan-in, values kept small. What
 * is discontinuous in its inputs (rounding, comparisons) is left out: a last bit must not decide.
 */
import { CompileError } from '../../compiler/errors.ts';
import { type Graph, GraphBuilder, type ValueId } from '../../compiler/ir/graph.ts';
import { type Random, random } from '../../compiler/ir/random.ts';
import { allocate, type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { opOf, semantics } from '../../compiler/semantics/evaluate.ts';

export interface Network {
  readonly graph: Graph;
  readonly inputs: Record<string, Tensor>;
}

/** An operand: a value of the network, or a constant to be made. */
type Operand = ValueId | Tensor | null;

interface Node {
  readonly kind: string;
  readonly inputs: readonly Operand[];
  readonly attrs?: Readonly<Record<string, unknown>>;
}

interface Limits {
  readonly elements: number;
  readonly macs: number;
}

/** The networks of several seeds side by side: outputs of seed s are named `s.…`. */
export function networks(
  seeds: readonly number[],
  limits: Limits = { elements: 6000, macs: 150_000 },
): Network {
  const b = new GraphBuilder(semantics, 'random');
  const inputs: Record<string, Tensor> = {};
  for (const seed of seeds) new Growth(b, seed, limits, inputs).grow();
  return { graph: b.finish(), inputs };
}

const sides = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33];

class Growth {
  readonly #b: GraphBuilder;
  readonly #rng: Random;
  readonly #limits: Limits;
  readonly #inputs: Record<string, Tensor>;
  readonly #prefix: string;
  /** All values of the network, with what they hold. */
  readonly #values = new Map<ValueId, Tensor>();
  readonly #used = new Set<ValueId>();

  constructor(b: GraphBuilder, seed: number, limits: Limits, inputs: Record<string, Tensor>) {
    this.#b = b;
    this.#rng = random(seed * 7919 + 13);
    this.#limits = limits;
    this.#inputs = inputs;
    this.#prefix = String(seed);
  }

  grow(): void {
    const { int } = this.#rng;
    for (let i = 0; i <= int(2); i++) this.#input(i);
    const want = 1 + int(12);
    for (let made = 0, tries = 0; made < want && tries < 200; tries++) if (this.#add(this.#node())) made++;
    // What nothing uses is an output; some of what is used is one too.
    let n = 0;
    for (const id of this.#values.keys()) {
      if (!this.#used.has(id) || int(8) === 0) this.#b.output(`${this.#prefix}.y${n++}`, id);
    }
  }

  #input(i: number): void {
    const { int } = this.#rng;
    const rank = this.#pick([1, 2, 3, 4, 4, 4, 4, 4, 5]);
    const shape: number[] = [];
    for (let a = 0; a < rank; a++) {
      const options = a === 0 ? [1, 1, 1, 2] : a === 1 && rank > 2 ? [1, 2, 3, 4, 6, 8] : sides;
      shape.push(options[int(options.length)]);
    }
    while (sizeOf(shape) > this.#limits.elements / 2) shape[shape.indexOf(Math.max(...shape))] >>= 1;
    const name = `${this.#prefix}.x${i}`;
    const data = this.#data(shape);
    this.#inputs[name] = { dtype: 'float32', shape, data };
    this.#values.set(this.#b.input(name, 'float32', shape), this.#inputs[name]);
  }

  /** False where inference refuses the node or its results are too many or too large. */
  #add(node: Node | undefined): boolean {
    if (!node) return false;
    const { kind, inputs, attrs = {} } = node;
    const tensors = inputs.map((o) => (typeof o === 'number' ? this.#values.get(o)! : o));
    if (tensors.every((t, i) => t === null || typeof inputs[i] !== 'number')) return false;
    let results: Tensor[];
    try {
      const typed = tensors.map(
        (t, id) => t && { ...t, id, name: '', data: typeof inputs[id] === 'number' ? undefined : t.data },
      );
      const types = opOf(kind).infer(typed, attrs, {});
      if (types.some((t) => sizeOf(t.shape) > this.#limits.elements || sizeOf(t.shape) === 0)) return false;
      if ((opOf(kind).macs?.(tensors, types, attrs) ?? 0) > this.#limits.macs) return false;
      results = opOf(kind).eval(tensors, attrs);
    } catch (error) {
      if (error instanceof CompileError) return false;
      throw error;
    }
    const small = (t: Tensor) =>
      t.dtype === 'float32' && (t.data as Float32Array).every((v) => Math.abs(v) <= 1000);
    if (!results.every(small)) return false;
    const ids = inputs.map((o) => (o === null || typeof o === 'number' ? o : this.#b.constant(o, 'c')));
    const made = this.#b.node(kind, ids, attrs, { name: `${this.#prefix}.${kind}${this.#values.size}` });
    if (made.some((id) => this.#values.has(id))) return false;
    for (const id of ids) if (id !== null) this.#used.add(id);
    made.forEach((id, i) => void this.#values.set(id, results[i]));
    return true;
  }

  #node(): Node | undefined {
    const x = this.#value();
    const rank = this.#shape(x).length;
    const make = this.#pick(rank >= 3 && this.#rng.next() < 0.6 ? spatial : general);
    return make(this.#tools, x, this.#shape(x));
  }

  get #tools(): Tools {
    return {
      rng: this.#rng,
      pick: (list) => this.#pick(list),
      shape: (id) => this.#shape(id),
      peer: (fits) => this.#pick([...this.#values.keys()].filter((id) => fits(this.#shape(id)))),
      noise: (shape, scale = 1) => this.#noise(shape, scale),
      weights: (shape, axis = 0) => this.#weights(shape, axis),
    };
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#rng.int(list.length)];
  }

  #shape(id: ValueId): Shape {
    return this.#values.get(id)!.shape;
  }

  /** Late values are likelier: chains grow long. */
  #value(): ValueId {
    const ids = [...this.#values.keys()];
    return this.#rng.next() < 0.6 ? ids[ids.length - 1] : this.#pick(ids);
  }

  #data(shape: Shape, scale = 1): Float32Array {
    const data = allocate('float32', sizeOf(shape)) as Float32Array;
    for (let i = 0; i < data.length; i++) data[i] = scale * this.#rng.normal();
    return data;
  }

  #noise(shape: Shape, scale: number): Tensor {
    return { dtype: 'float32', shape, data: this.#data(shape, scale) };
  }

  /** Of any sparsity; whole rows (indices of `axis`) and whole columns may be empty. */
  #weights(shape: Shape, axis: number): Tensor {
    const { next } = this.#rng;
    const t = this.#noise(shape, 1 / Math.sqrt(Math.max(1, sizeOf(shape) / shape[axis])));
    const sparsity = this.#pick([0, 0, 0.5, 0.8, 0.95, 1]);
    const [rowLoss, columnLoss] = [this.#pick([0, 0, 0.3]), this.#pick([0, 0, 0.3])];
    const inner = sizeOf(shape.slice(axis + 1));
    const row = (i: number) => Math.floor(i / inner) % shape[axis];
    const column = (i: number) => Math.floor(i / (inner * shape[axis])) * inner + (i % inner);
    const gone = (n: number, share: number) => Array.from({ length: n }, () => next() < share);
    const rows = gone(shape[axis], rowLoss);
    const columns = gone(sizeOf(shape) / shape[axis], columnLoss);
    for (let i = 0; i < t.data.length; i++) {
      if (next() < sparsity || rows[row(i)] || columns[column(i)]) t.data[i] = 0;
    }
    return t;
  }
}

interface Tools {
  readonly rng: Random;
  pick<T>(list: readonly T[]): T;
  shape(id: ValueId): Shape;
  /** Some value whose shape fits; undefined where there is none. */
  peer(fits: (shape: Shape) => boolean): ValueId | undefined;
  noise(shape: Shape, scale?: number): Tensor;
  weights(shape: Shape, axis?: number): Tensor;
}

type Make = (t: Tools, x: ValueId, shape: Shape) => Node | undefined;

const each = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));
const some = (t: Tools, options: readonly number[], n: number) => each(n, () => t.pick(options));
const pairs = (t: Tools, options: readonly number[], n: number) =>
  Array.from({ length: n }, () => [t.pick(options), t.pick(options)]);
const perhaps = (t: Tools, shape: Shape) => (t.rng.int(3) > 0 ? t.noise(shape) : null);
const divisors = (n: number) => each(n, (i) => i + 1).filter((d) => n % d === 0);

/** Half of all windows are the common 1×1 or "same" 3×3, the other half anything. */
function window(t: Tools, n: number) {
  if (t.rng.int(2) === 0) {
    const k = t.pick([1, 3, 3, 3]);
    const stride = t.pick([1, 1, 1, 2]);
    return {
      kernel: each(n, () => k),
      strides: each(n, () => stride),
      dilations: each(n, () => 1),
      pads: each(n, () => k >> 1).map((p) => [p, p]),
    };
  }
  return {
    kernel: some(t, [1, 2, 3, 4, 5], n),
    strides: some(t, [1, 1, 2, 3], n),
    dilations: some(t, [1, 1, 1, 2], n),
    pads: pairs(t, [0, 0, 1, 2, 3], n),
  };
}

const conv: Make = (t, x, [, channels, ...space]) => {
  const { kernel, ...w } = window(t, space.length);
  const groups = t.pick([1, 1, 1, channels, t.pick(divisors(channels))]);
  const rows = groups * t.pick(groups > 1 ? [1, 1, 2, 3] : [1, 2, 3, 4, 5, 8, 11]);
  return {
    kind: 'conv',
    inputs: [x, t.weights([rows, channels / groups, ...kernel]), perhaps(t, [rows])],
    attrs: { ...w, groups },
  };
};

const convTranspose: Make = (t, x, [, channels, ...space]) => {
  const { kernel, ...w } = window(t, space.length);
  const groups = t.pick([1, 1, 1, channels]);
  const rows = groups * t.pick([1, 2, 3, 5]);
  const outputPadding = w.strides.map((s) => t.rng.int(s));
  return {
    kind: 'convTranspose',
    inputs: [x, t.weights([rows, channels / groups, ...kernel]), perhaps(t, [rows])],
    attrs: { ...w, groups, outputPadding },
  };
};

const pool: Make = (t, x, [, , ...space]) => {
  const attrs = { ...window(t, space.length), ceil: t.rng.int(3) === 0 };
  const kind = t.pick(['maxPool', 'averagePool']);
  return {
    kind,
    inputs: [x],
    attrs: kind === 'maxPool' ? attrs : { ...attrs, countIncludePad: t.rng.int(2) === 0 },
  };
};

const resize: Make = (t, x, [n, c, ...space]) => {
  const shape = [n, c, ...space.map((s) => Math.max(1, Math.round(s * t.pick([1, 2, 2, 0.5, 1.5, 3]))))];
  const scales = shape.map((s, a) => s / [n, c, ...space][a]);
  const coordinates = t.pick(['halfPixel', 'asymmetric', 'alignCorners']);
  return t.rng.int(2) === 0
    ? {
        kind: 'resizeNearest',
        inputs: [x],
        attrs: { shape, scales, coordinates: 'asymmetric', rounding: 'floor' },
      }
    : { kind: 'resizeLinear', inputs: [x], attrs: { shape, scales, coordinates, antialias: false } };
};

const blocks: Make = (t, x) => ({
  kind: t.pick(['depthToSpace', 'spaceToDepth']),
  inputs: [x],
  attrs: { block: t.pick([2, 3]), mode: t.pick(['DCR', 'CRD']) },
});

const pointwise: Make = (t, x) => {
  const alpha: Record<string, unknown> = {
    elu: { alpha: 0.7 },
    leakyRelu: { alpha: 0.2 },
    celu: { alpha: 1.3 },
    clip: { min: -0.5, max: 0.8 },
    gelu: { approximate: false },
  };
  const kinds =
    'relu relu relu sigmoid tanh neg abs exp square elu leakyRelu celu hardSwish gelu clip softplus sin swish softsign identity';
  const kind = t.pick(kinds.split(' '));
  return { kind, inputs: [x], attrs: (alpha[kind] ?? {}) as Node['attrs'] };
};

/** With a peer of the same shape, with one that broadcasts, or with a constant of any broadcast shape. */
const binary: Make = (t, x, shape) => {
  const kind = t.pick(['add', 'add', 'add', 'mul', 'sub', 'maximum', 'minimum']);
  const peer = t.peer((s) => String(s) === String(shape));
  const looser = t.peer(
    (s) => s.length <= shape.length && s.every((n, i) => n === 1 || n === shape[shape.length - s.length + i]),
  );
  const choice = t.rng.int(4);
  if (choice < 2 && peer !== undefined && peer !== x)
    return { kind, inputs: t.rng.int(2) ? [x, peer] : [peer, x] };
  if (choice === 2 && looser !== undefined) return { kind, inputs: t.rng.int(2) ? [x, looser] : [looser, x] };
  const cut = shape.map((n) => (t.rng.int(2) ? n : 1)).slice(t.rng.int(shape.length + 1));
  const perChannel = shape.map((n, a) => (a === 1 ? n : 1));
  const c = t.noise(t.rng.int(3) === 0 ? cut : perChannel);
  return { kind, inputs: t.rng.int(4) ? [x, c] : [c, x] };
};

const affine: Make = (t, x, shape) => {
  const c = t.noise(shape.map((n, a) => (a === 1 ? n : 1)));
  return { kind: t.pick(['mul', 'add', 'prelu']), inputs: [x, c] };
};

const concat: Make = (t, x, shape) => {
  const axis = t.rng.int(shape.length);
  const like = (s: Shape) => s.length === shape.length && s.every((n, a) => a === axis || n === shape[a]);
  const inputs = [x, t.peer(like)!];
  if (t.rng.int(3) === 0) inputs.push(t.peer(like)!);
  return { kind: 'concat', inputs: t.rng.shuffle(inputs), attrs: { axis } };
};

const slice: Make = (t, x, shape) => {
  const steps = some(t, [1, 1, 1, 1, 2, -1], shape.length);
  const sizes = shape.map((n, a) => 1 + t.rng.int(Math.ceil(n / Math.abs(steps[a]))));
  const starts = shape.map((n, a) => {
    const span = (sizes[a] - 1) * Math.abs(steps[a]);
    const low = t.rng.int(n - span);
    return steps[a] > 0 ? low : low + span;
  });
  return { kind: 'slice', inputs: [x], attrs: { starts, sizes, steps } };
};

const transpose: Make = (t, x, shape) => ({
  kind: 'transpose',
  inputs: [x],
  attrs: { perm: t.rng.shuffle(each(shape.length, (a) => a)) },
});

/** Neighbouring axes merge, an axis is cut in two, or both. */
const reshape: Make = (t, x, shape) => {
  const out = [...shape];
  if (out.length > 1 && t.rng.int(3) > 0) {
    const a = t.rng.int(out.length - 1);
    out.splice(a, 2, out[a] * out[a + 1]);
  }
  if (out.length < 5 && t.rng.int(2) === 0) {
    const a = t.rng.int(out.length);
    const d = t.pick(divisors(out[a]));
    out.splice(a, 1, out[a] / d, d);
  }
  return { kind: 'reshape', inputs: [x], attrs: { shape: out } };
};

const flatten: Make = (_t, x, shape) => ({
  kind: 'reshape',
  inputs: [x],
  attrs: { shape: [shape[0] ?? 1, sizeOf(shape.slice(1))] },
});

const pad: Make = (t, x, shape) => {
  const mode = t.pick(['constant', 'constant', 'reflect', 'symmetric', 'edge', 'wrap']);
  const inner = (a: number) => (a < shape.length - 2 ? [0, 0, 0, 1] : [0, 1, 2]);
  const pads = shape.map((_, a) => [t.pick(inner(a)), t.pick(inner(a))]);
  return { kind: 'pad', inputs: [x], attrs: { pads, mode, value: t.pick([0, 0, 1.5]) } };
};

const reduce: Make = (t, x, shape) => {
  const axes = each(shape.length, (a) => a).filter((a) => (a < 2 ? t.rng.int(3) === 0 : t.rng.int(3) > 0));
  if (axes.length === 0) return undefined;
  const kind = t.pick([
    'reduceMean',
    'reduceMean',
    'reduceSum',
    'reduceMax',
    'reduceMin',
    'reduceL1',
    'reduceL2',
    'reduceLogSumExp',
  ]);
  return { kind, inputs: [x], attrs: { axes, keepDims: t.rng.int(3) > 0 } };
};

const alongAxis: Make = (t, x, shape) => {
  const axis = t.rng.int(shape.length);
  return t.pick<Node>([
    { kind: 'softmax', inputs: [x], attrs: { axis } },
    { kind: 'logSoftmax', inputs: [x], attrs: { axis } },
    { kind: 'layerNorm', inputs: [x, null, null], attrs: { axes: [axis], epsilon: 0.1 } },
    {
      kind: 'cumSum',
      inputs: [x],
      attrs: { axis, exclusive: t.rng.int(2) === 0, reverse: t.rng.int(2) === 0 },
    },
  ]);
};

const dense: Make = (t, x, shape) => {
  const rows = t.pick([1, 2, 3, 4, 7, 8, 10, 17]);
  return { kind: 'dense', inputs: [x, t.weights([rows, shape.at(-1) ?? 1]), perhaps(t, [rows])] };
};

const matmul: Make = (t, x, shape) => {
  if (shape.length < 2) return undefined;
  const columns = shape.at(-1)!;
  const peer = t.peer((s) => s.length >= 2 && s.at(-2) === columns);
  if (peer !== undefined) return { kind: 'matmul', inputs: [x, peer] };
  return { kind: 'matmul', inputs: [x, t.weights([columns, t.pick([1, 3, 8])], 1)] };
};

const gather: Make = (t, x, shape) => {
  const axis = t.rng.int(shape.length);
  const n = 1 + t.rng.int(5);
  const data = Int32Array.from({ length: n }, () => t.rng.int(shape[axis]));
  return {
    kind: 'gather',
    inputs: [x, { dtype: 'int32', shape: [n], data }],
    attrs: { axis, batchDims: 0 },
  };
};

const recurrent: Make = (t, x, shape) => {
  if (shape.length !== 3) return undefined;
  const units = t.pick([1, 3, 5]);
  const gates = t.pick([1, 3, 4]);
  const kind = gates === 1 ? 'simpleRnn' : gates === 3 ? 'gru' : 'lstm';
  const names = { simpleRnn: ['tanh'], gru: ['sigmoid', 'tanh'], lstm: ['sigmoid', 'tanh', 'tanh'] }[kind];
  const [w, u] = [t.weights([gates * units, shape[2]]), t.weights([gates * units, units])];
  const biases = [t.noise([gates * units]), ...(kind === 'gru' ? [t.noise([gates * units])] : [])];
  const states = kind === 'lstm' ? [null, null] : [null];
  return {
    kind,
    inputs: [x, w, u, ...biases, ...states],
    attrs: {
      reverse: t.rng.int(2) === 0,
      sequence: t.rng.int(3) > 0,
      stateful: false,
      clip: 0,
      activations: names.map((name) => ({ name })),
      ...(kind === 'gru' ? { resetAfter: t.rng.int(2) === 0 } : {}),
    },
  };
};

const choose: Make = (t, x, shape) => {
  const data = Uint8Array.from({ length: sizeOf(shape) }, () => t.rng.int(2));
  const peer = t.peer((s) => String(s) === String(shape))!;
  return { kind: 'where', inputs: [{ dtype: 'bool', shape, data }, x, t.rng.int(2) ? peer : t.noise([])] };
};

const normalize: Make = (t, x, shape) => {
  const axes = [t.rng.int(shape.length)];
  return t.pick<Node>([
    { kind: 'l2Normalize', inputs: [x], attrs: { axes, epsilon: 0.1 } },
    { kind: 'rmsNorm', inputs: [x, null], attrs: { axes, epsilon: 0.1 } },
    { kind: 'lrn', inputs: [x], attrs: { size: t.pick([3, 4, 5]), alpha: 0.5, beta: 0.75, bias: 1 } },
    { kind: 'trilu', inputs: [x], attrs: { upper: t.rng.int(2) === 0, k: t.rng.int(3) - 1 } },
  ]);
};

const repeat: Make = (t, x, shape) =>
  t.rng.int(2) === 0
    ? { kind: 'tile', inputs: [x], attrs: { repeats: some(t, [1, 1, 2], shape.length) } }
    : {
        kind: 'broadcastTo',
        inputs: [x],
        attrs: { shape: [t.pick([1, 2]), ...shape.map((n) => (n === 1 ? t.pick([1, 3]) : n))] },
      };

const spatial: readonly Make[] = [
  conv,
  conv,
  conv,
  conv,
  conv,
  convTranspose,
  pool,
  pool,
  resize,
  blocks,
  affine,
  binary,
  binary,
  pointwise,
  pointwise,
  concat,
];
const general: readonly Make[] = [
  pointwise,
  pointwise,
  binary,
  binary,
  binary,
  concat,
  concat,
  slice,
  slice,
  transpose,
  transpose,
  reshape,
  reshape,
  flatten,
  pad,
  reduce,
  reduce,
  alongAxis,
  dense,
  dense,
  matmul,
  gather,
  repeat,
  recurrent,
  recurrent,
  choose,
  normalize,
];
