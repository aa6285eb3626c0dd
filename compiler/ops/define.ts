/**
 * What an operator is: one record that holds all that the compiler knows of it. Operators are open (one more is one more file
 * and one line in `index.ts`); what they lower to is closed (`plan/forms.ts`).
 */
import type { Place } from '../errors.ts';
import type { Attrs, GraphBuilder, Origin, Value, ValueId } from '../ir/graph.ts';
import type { DType, Shape, Tensor, TensorType } from '../ir/tensor.ts';
import type { Step } from '../plan/forms.ts';
import type { PlanId, View } from '../plan/view.ts';

/** A step without the labels that the lowering adds. */
export type NewStep = Step extends infer S ? (S extends Step ? Omit<S, 'name' | 'op'> : never) : never;

/** What `lower` may do. Views alias wherever they can; only `emit` makes work. */
export interface Lowering {
  /** The input as it is seen; absent optional inputs throw. */
  view(input: number): View;
  has(input: number): boolean;
  /** The constant behind an input, if it is one. */
  constantOf(input: number): Tensor | undefined;
  inputType(input: number): TensorType;
  outputType(output: number): TensorType;
  /** A new temporary, whole. */
  temp(dtype: DType, shape: Shape): View;
  /** A new constant; its `value` is what `weights` and `bias` name. */
  constant(t: Tensor, name?: string): View;
  /** A state value, kept from run to run, and its initial constant. */
  state(initial: Tensor, name?: string): View;
  /** Where the constant of a graph input lives in the plan (for `weights`, `bias`). */
  constantId(input: number): PlanId;
  emit(step: NewStep): void;
  /** Collects what `body` emits instead of emitting it (for the body of a scan). */
  collect(body: () => void): Step[];
  /** `view` copied into a fresh row-major temporary. */
  materialize(view: View, fill?: number): View;
  /** `reshapeView`, or the same after a copy. */
  reshape(view: View, shape: Shape): View;
  /** `padView`, or the same after a copy. */
  pad(view: View, before: readonly number[], after: readonly number[]): View;
}

/** Reads attributes of a source node; throws `E_FORMAT` on a wrong type. */
export interface Config {
  has(key: string): boolean;
  int(key: string, fallback?: number): number;
  /** A list, or one number repeated `length` times. */
  ints(key: string, length?: number, fallback?: readonly number[]): number[];
  float(key: string, fallback?: number): number;
  bool(key: string, fallback?: boolean): boolean;
  str(key: string, fallback?: string): string;
  tensor(key: string): Tensor;
  raw(key: string): unknown;
}

/** How a source file's node becomes graph nodes. */
export interface NodeContext {
  readonly b: GraphBuilder;
  readonly name: string;
  /** The source's operator name. */
  readonly source: string;
  readonly config: Config;
  readonly inputs: readonly (ValueId | null)[];
  /** ONNX: the opset version; else 0. */
  readonly opset: number;
  /** Input `i`; throws `E_GRAPH` if it is missing. */
  input(i: number): ValueId;
  /** TFLite: whether input `i` is a variable of the model, zero at first and changed by every run. */
  variable?(i: number): boolean;
  /** The constant behind input `i`; throws `E_UNSUPPORTED` if it is computed at run time. */
  constant(i: number): Tensor;
  /** Appends nodes under this node's name. */
  node(kind: string, inputs: readonly (ValueId | null)[], attrs?: Attrs): readonly ValueId[];
  one(kind: string, inputs: readonly (ValueId | null)[], attrs?: Attrs): ValueId;
  unsupported(reason: string, hint?: string): never;
  malformed(reason: string): never;
}

export interface LayerContext extends NodeContext {
  hasWeight(name: string): boolean;
  /** A weight of this layer as it lies in the file, with its origin; throws `E_FORMAT` if missing. */
  weight(name: string): ValueId;
  /** Applies a Keras activation, by name or by layer config. */
  activation(id: ValueId, spec: unknown): ValueId;
  /**
   * Applies the layer inside a wrapper, given as `{ class_name, config }`; `changes` replace entries of its config (a new
   * `name` too). Its weights are found as `wrapper/layer/weight` or `wrapper/weight`.
   */
  layer(
    spec: unknown,
    inputs: readonly (ValueId | null)[],
    changes?: Readonly<Record<string, unknown>>,
  ): readonly ValueId[];
}

export interface OnnxContext extends NodeContext {
  /** Names of the outputs; empty where one is not asked for. Readers may return fewer. */
  readonly outputs: readonly string[];
}

type Results = ValueId | readonly ValueId[];
export type NodeReader = (c: NodeContext) => Results;
export type OnnxReader = (c: OnnxContext) => Results;
export type LayerReader = (c: LayerContext) => Results;

/** The names under which sources know an operator. */
export interface Names {
  /** tf.layers / Keras class names. */
  readonly layers?: Readonly<Record<string, LayerReader>>;
  /** Keras activation names. */
  readonly activations?: Readonly<Record<string, (c: NodeContext, x: ValueId) => ValueId>>;
  /** TensorFlow graph ops, as in tfjs GraphModels. */
  readonly graph?: Readonly<Record<string, NodeReader>>;
  /** Operators of the domain `ai.onnx`. */
  readonly onnx?: Readonly<Record<string, OnnxReader>>;
  /** TFLite builtin names. */
  readonly tflite?: Readonly<Record<string, NodeReader>>;
}

/** What a sample feeds to one input. */
export interface SampleInput {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** Seeded values: `normal` (default), `positive` (0.1 … 2), `unit` (−1 … 1), `index` (0 … `below`−1), or given ones. */
  readonly values?: 'normal' | 'positive' | 'unit' | 'index' | readonly number[];
  readonly below?: number;
  /** A constant of the graph rather than an input of the model. */
  readonly constant?: boolean;
  /** Share of zeros among the values. */
  readonly sparsity?: number;
}

/** One case of the test matrix: eval = interpreter = wasm, scalar and SIMD. */
export interface Sample<A> {
  readonly name: string;
  readonly inputs: readonly (SampleInput | null)[];
  readonly attrs: A;
  /** Relative to the largest reference value; 1e-5 unless said. */
  readonly tolerance?: number;
}

/**
 * Axes that must shrink together when channels disappear: `[tensor, axis]`, tensor ≥ 0 an input, −1−i an output. Index i of a
 * link is index i of every end without a part (at least one has none). Index i of an output depends on index i of inputs only.
 */
export type AxisLink = readonly AxisEnd[];
export type AxisEnd = readonly [tensor: number, axis: number, part?: AxisPart];

/** Of an axis, indices `start` … `start + length − 1`; index k belongs to ⌊(k − start) / inner⌋ modulo the size of the link. */
export interface AxisPart {
  readonly start: number;
  readonly length: number;
  readonly inner: number;
}

/**
 * Along `axis` of x and y (−1: the last): y[r] is the sum of row r of the input `weights` [rows, columns, …taps] times x, plus
 * input `bias`[r]. x has a whole number of groups of columns; each belongs to as many rows.
 */
export interface Linear<A> {
  readonly weights: number;
  readonly bias: number;
  readonly axis: number;
  /** True where every output sees all weights of its row: no padding, no edges. */
  uniform(attrs: A): boolean;
}

export interface Permuted<A> {
  readonly attrs: A;
  readonly perm: readonly number[];
}

/** tf namespace, kept opaque: only training loads it. */
export type Tf = typeof import('@tensorflow/tfjs');
export type TfTensor = import('@tensorflow/tfjs').Tensor;

export interface Op<A extends Attrs = Attrs> {
  readonly kind: string;
  readonly description: string;
  /** Fewest and most inputs. */
  readonly arity: readonly [min: number, max: number];
  /** Output types; does *all* validation of inputs and attributes (`E_SHAPE`, `E_UNSUPPORTED`). Constants carry `data`. */
  infer(inputs: readonly (Value | null)[], attrs: A, place: Place): TensorType[];
  /** The slow, obvious reference, with float64 accumulation; never derived from `lower`. */
  eval(inputs: readonly (Tensor | null)[], attrs: A): Tensor[];
  /** One view per output. */
  lower(l: Lowering, attrs: A): View[];
  /** Multiply-accumulates of the dense operator; absent: none. */
  macs?(inputs: readonly (TensorType | null)[], outputs: readonly TensorType[], attrs: A): number;
  /** Constant inputs that may be pruned; axis 0 is outputs, all others columns. `groups`: independent blocks of rows. */
  prunable?(attrs: A): readonly { readonly input: number; readonly groups: number }[];
  /** Which axes shrink together when channels are removed; an axis in no link can't shrink. */
  channels?(
    inputs: readonly (TensorType | null)[],
    outputs: readonly TensorType[],
    attrs: A,
  ): readonly AxisLink[];
  /** Attributes after links have shrunk to the old indices that `kept` lists; absent: they stay. */
  shrink?(attrs: A, kept: (tensor: number, axis: number) => readonly number[]): A;
  readonly linear?: Linear<A>;
  /** The input that comes out unchanged, where one does. */
  identity?(inputs: readonly (Value | null)[], attrs: A): number | undefined;
  /**
   * Commutes with transposition: `op(transpose(x, perm)…, attrs)` is `transpose(op(x…, result.attrs), result.perm)` for all
   * outputs. `inputs` are transposed ones; lower ranks count as leading axes of size 1, moved too. `undefined`: it doesn't.
   */
  permute?(
    attrs: A,
    perm: readonly number[],
    inputs: readonly (TensorType | null)[],
  ): Permuted<A> | undefined;
  /** The same in tfjs, differentiable, for fine-tuning. */
  tf?(tf: Tf, inputs: readonly (TfTensor | null)[], attrs: A): TfTensor[];
  /** `tf` where the first input and the outputs are [N, …spatial, C]; for operators that tfjs runs so (`onChannelsLast`). */
  tfLast?(tf: Tf, inputs: readonly (TfTensor | null)[], attrs: A): TfTensor[];
  readonly names?: Names;
  readonly samples: readonly Sample<A>[];
}

/** Types one operator's record. */
export const defineOp = <A extends Attrs>(op: Op<A>): Op<A> => op;

export type { Attrs, DType, GraphBuilder, Origin, Place, Shape, Tensor, TensorType, Value, ValueId, View };
