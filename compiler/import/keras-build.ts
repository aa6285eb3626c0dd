/** Keras topology + weights → graph: every call of a layer becomes the nodes that its operator reads it into. */
import {
  badFormat,
  badGraph,
  badShape,
  CompileError,
  overLimit,
  UnsupportedError,
  unsupported,
  usage,
} from '../errors.ts';
import { type Graph, GraphBuilder, type ValueId } from '../ir/graph.ts';
import type { DType, Shape, Tensor } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import { asInt, asList, checkName, isObject, type Json, member } from './json.ts';
import { Layer, type LayerCall, type Shared } from './keras-layer.ts';
import { findUnsupported, layerReaders } from './keras-names.ts';
import { maxCalls } from './keras-order.ts';
import { type LayerSpec, type ModelSpec, parseLayer, type Ref, Source } from './keras-topology.ts';
import { WeightIndex } from './weight-index.ts';

export interface BuildOptions {
  /** Whole shapes of inputs, batch included, by name: for what the model leaves open. */
  readonly shapes?: Readonly<Record<string, Shape>>;
}

/** `undefined` stands for what an unsupported layer would have made. */
type Result = ValueId | undefined;

/**
 * `weights` is called once, after the topology has been found supported. Throws `UnsupportedError` with the whole list, or
 * the first of the other errors.
 */
export function buildKeras(
  model: ModelSpec,
  source: Source,
  weights: () => ReadonlyMap<string, Tensor>,
  options: BuildOptions = {},
): Graph {
  const { file } = source;
  const items = [...source.items, ...findUnsupported(model, file)];
  if (items.length > 0) throw new UnsupportedError(items, { file });
  for (const name of Object.keys(options.shapes ?? {})) {
    if (!model.inputs.some((r) => r.layer === name))
      throw usage(`a shape is given for ${JSON.stringify(name)}, which is no input`);
  }
  const b = new GraphBuilder(semantics, model.name);
  const inputs = model.inputs.map((r) => {
    const { dtype, shape } = inputType(model.layers.get(r.layer)!, file, options.shapes);
    return b.input(r.layer, dtype, shape);
  });
  const builder = new Builder(b, new WeightIndex(weights()), file);
  const results = builder.model(model, inputs, '');
  if (builder.items.length > 0) throw new UnsupportedError(builder.items, { file });
  builder.checkUnused(layerNames(model));
  const taken = new Set<string>();
  results.forEach((id, i) => void b.output(unique(outputName(model.outputs[i]), taken), id!));
  return b.finish();
}

class Builder implements Shared {
  readonly b: GraphBuilder;
  readonly items: CompileError[] = [];
  readonly #weights: WeightIndex;
  readonly #file: string;
  /** One constant per weight, however many layers share it. */
  readonly #constants = new Map<string, ValueId>();
  #calls = 0;

  constructor(b: GraphBuilder, weights: WeightIndex, file: string) {
    this.b = b;
    this.#weights = weights;
    this.#file = file;
  }

  model(model: ModelSpec, inputs: readonly Result[], scope: string): Result[] {
    const made = new Map<LayerSpec, (readonly Result[] | undefined)[]>();
    const results = ({ layer, call, output }: Ref): Result => {
      const outputs = made.get(model.layers.get(layer)!)![call];
      if (outputs && output >= outputs.length)
        throw badGraph(`there is no output ${output}, only ${outputs.length}`, {
          file: this.#file,
          node: scope + layer,
        });
      return outputs?.[output];
    };
    for (const { layer, call } of model.order) {
      const outputs =
        layer.className === 'InputLayer'
          ? [inputs[model.inputs.findIndex((r) => r.layer === layer.name)]]
          : this.#call(layer, call, layer.calls[call].map(results), scope);
      const all = made.get(layer) ?? [];
      all[call] = outputs;
      made.set(layer, all);
    }
    return model.outputs.map(results);
  }

  /** Outputs of one call; `undefined` where they depend on something unsupported. */
  #call(
    layer: LayerSpec,
    call: number,
    inputs: readonly Result[],
    scope: string,
  ): readonly Result[] | undefined {
    if (++this.#calls > maxCalls)
      throw overLimit('number of layers, nested models unfolded,', this.#calls, maxCalls, {
        file: this.#file,
      });
    if (inputs.includes(undefined)) return undefined;
    const path = scope + layer.name;
    const label = call === 0 ? path : `${path}:${call}`;
    const place = { file: this.#file, node: label, op: layer.className };
    try {
      if (layer.model) return this.#nested(layer.model, inputs, `${label}/`);
      const owners = scope === '' ? [layer.name] : [path, layer.name];
      return this.#read(layer, { label, owners, inputs: inputs as ValueId[] });
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      if (error.code !== 'E_UNSUPPORTED') throw error.at(place);
      this.items.push(error.at(place));
      return undefined;
    }
  }

  #nested(model: ModelSpec, inputs: readonly Result[], scope: string): Result[] {
    if (inputs.length !== model.inputs.length)
      throw badGraph(`${inputs.length} inputs, but the model takes ${model.inputs.length}`);
    return this.model(model, inputs, scope);
  }

  #read(layer: LayerSpec, call: Pick<LayerCall, 'label' | 'owners' | 'inputs'>): readonly ValueId[] {
    const read = layerReaders.get(layer.className);
    if (!read) throw unsupported(`layer class ${layer.className}`);
    const context = new Layer(this, { ...call, source: layer.className, config: layer.config }, this.#file);
    const made = read(context);
    const outputs = typeof made === 'number' ? [made] : made;
    context.checkChannels(this.b.shape(outputs[0]));
    return outputs;
  }

  apply(spec: Json, inputs: readonly (ValueId | null)[], within: Layer): readonly ValueId[] {
    const source = new Source(this.#file);
    const layer = parseLayer(spec, source);
    if (source.items.length > 0) throw source.items[0];
    if (layer.model) {
      const outputs = this.#nested(layer.model, inputs as ValueId[], `${within.name}/`);
      if (outputs.includes(undefined)) throw this.items.pop()!;
      return outputs as ValueId[];
    }
    const owners = [...within.owners.flatMap((o) => [`${o}/${layer.name}`, o]), layer.name];
    return this.#read(layer, { label: `${within.name}/${layer.name}`, owners, inputs });
  }

  weight(owners: readonly string[], weight: string): ValueId | undefined {
    const name = this.#weights.find(owners, weight);
    if (name === undefined) return undefined;
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const id = this.b.constant(this.#weights.get(name), name, { weight: name });
    this.#constants.set(name, id);
    return id;
  }

  /** Weights of no layer mean that the topology belongs to other weights. */
  checkUnused(layers: ReadonlySet<string>): void {
    for (const name of this.#weights.names()) {
      if (this.#constants.has(name) || prefixes(name).some((p) => layers.has(p))) continue;
      throw badFormat(`weight ${JSON.stringify(name)} belongs to no layer`, { file: this.#file });
    }
  }
}

function* namesIn(model: ModelSpec): Generator<string> {
  for (const layer of model.layers.values()) {
    yield layer.name;
    if (layer.model) yield* namesIn(layer.model);
  }
}

const layerNames = (model: ModelSpec) => new Set(namesIn(model));

/** Every run of whole parts of a name: of `a/b/c` these are `a`, `a/b`, `b`. */
function prefixes(name: string): string[] {
  const parts = name.split('/').slice(0, 16);
  return parts.flatMap((_, i) => parts.slice(i + 1).map((_, n) => parts.slice(i, i + n + 1).join('/')));
}

const outputName = (r: Ref) => (r.output === 0 ? r.layer : `${r.layer}:${r.output}`);

function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 1; taken.has(free); i++) free = `${name}_${i}`;
  taken.add(free);
  return free;
}

const inputTypes: Readonly<Record<string, DType>> = {
  float32: 'float32',
  mixed_float16: 'float32',
  int32: 'int32',
  bool: 'bool',
  uint8: 'uint8',
  int8: 'int8',
};

function inputType(
  layer: LayerSpec,
  file: string,
  shapes: BuildOptions['shapes'],
): { dtype: DType; shape: Shape } {
  const place = { file, node: layer.name, op: layer.className };
  checkName(layer.name, place);
  const policy = member(layer.config, 'dtype') ?? 'float32';
  const policyConfig = isObject(policy) ? member(policy, 'config') : undefined;
  const name = isObject(policyConfig) ? member(policyConfig, 'name') : policy;
  const dtype = typeof name === 'string' && Object.hasOwn(inputTypes, name) ? inputTypes[name] : undefined;
  if (!dtype)
    throw new UnsupportedError([unsupported(`an input of type ${JSON.stringify(name)}`, place)], { file });
  const declared = member(layer.config, 'batch_input_shape') ?? member(layer.config, 'batch_shape') ?? null;
  const given = shapes && Object.hasOwn(shapes, layer.name) ? shapes[layer.name] : undefined;
  if (declared === null) {
    if (given) return { dtype, shape: given };
    throw badShape(
      'the model does not say the shape of its input',
      place,
      `give the shape of ${JSON.stringify(layer.name)}`,
    );
  }
  const open = asList(declared, 'batch_input_shape', place);
  const sizes = open.map((d) => (d === null ? null : asInt(d, 'a dimension', place)));
  if (given) {
    if (given.length !== sizes.length || sizes.some((d, i) => d !== null && d !== given[i]))
      throw usage(
        `shape [${given}] doesn't fit input ${JSON.stringify(layer.name)} [${sizes.map((d) => d ?? '?')}]`,
      );
    return { dtype, shape: given };
  }
  const shape = sizes.map((d, i) => (d === null && i === 0 ? 1 : d));
  if (shape.includes(null))
    throw badShape(
      `the shape [${sizes.map((d) => d ?? '?')}] leaves dimensions open`,
      place,
      `give the whole shape of ${JSON.stringify(layer.name)}`,
    );
  if (shape.some((d) => d! < 1)) throw badShape(`the shape [${shape}] is empty`, place);
  return { dtype, shape: shape as number[] };
}
