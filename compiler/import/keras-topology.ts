/**
 * The topology of Keras models (tfjs LayersModel, Keras 2 and 3 configs) in one shape: named layers, each called once or more
 * on outputs of other calls. A Sequential is the Functional model of a chain.
 */
import { badGraph, type CompileError, overLimit, type Place, unsupported } from '../errors.ts';
import { asInt, asList, asName, asObject, isObject, type Json, type JsonObject, member } from './json.ts';
import { maxCalls, order } from './keras-order.ts';

/** One output of one call of a layer. */
export interface Ref {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

export interface LayerSpec {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** Present on nested models. */
  readonly model?: ModelSpec;
  /** Inputs of each call; input layers have one call without inputs. */
  readonly calls: readonly (readonly Ref[])[];
}

export interface ModelSpec {
  readonly name: string;
  readonly layers: ReadonlyMap<string, LayerSpec>;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  /** Every call, after those whose outputs it takes. */
  readonly order: readonly { readonly layer: LayerSpec; readonly call: number }[];
}

export const isModelClass = (name: string) =>
  name === 'Sequential' || name === 'Model' || name === 'Functional';

/** Where a topology is read from, and what was met in it that is not supported. */
export class Source {
  readonly file: string;
  readonly items: CompileError[] = [];
  #layers = 0;

  constructor(file: string) {
    this.file = file;
  }

  countLayer(): void {
    if (++this.#layers > maxCalls)
      throw overLimit('number of layers', this.#layers, maxCalls, { file: this.file });
  }
}

/** `json` is `{ class_name, config }`. Throws `E_FORMAT`, `E_GRAPH`, `E_NAME`, `E_UNSUPPORTED`. */
export function parseModel(json: Json, source: Source): ModelSpec {
  const place = { file: source.file };
  const object = asObject(json, 'a model', place);
  const className = asName(member(object, 'class_name'), 'class_name', place);
  const config = member(object, 'config');
  if (!isModelClass(className)) throw unsupported(`a model of class ${JSON.stringify(className)}`, place);
  if (className === 'Sequential') return parseSequential(config ?? null, source);
  return parseFunctional(asObject(config, 'the config of a model', place), source);
}

/** A layer without its calls. */
export function parseLayer(json: Json, source: Source): LayerSpec {
  const outer = { file: source.file };
  source.countLayer();
  const object = asObject(json, 'a layer', outer);
  const className = asName(member(object, 'class_name'), 'class_name of a layer', outer);
  const raw = member(object, 'config') ?? null;
  const named = member(object, 'name') ?? (isObject(raw) ? member(raw, 'name') : undefined);
  const name = asName(named ?? className.toLowerCase(), 'the name of a layer', outer);
  const place = { ...outer, node: name, op: className };
  if (isModelClass(className)) {
    return {
      name,
      className,
      config: isObject(raw) ? raw : {},
      model: parseModel(json, source),
      calls: [],
    };
  }
  return { name, className, config: asObject(raw, 'the config of a layer', place), calls: [] };
}

function parseSequential(config: Json, source: Source): ModelSpec {
  const place = { file: source.file };
  const list = Array.isArray(config)
    ? config
    : asList(member(asObject(config, 'the config of a model', place), 'layers'), 'layers', place);
  const specs = list.map((l) => parseLayer(l, source));
  if (specs.length === 0) throw badGraph('the model has no layers', place);
  if (specs[0].className !== 'InputLayer') specs.unshift(inputOf(specs[0], config));
  const chained = specs.map((spec, i): LayerSpec => {
    if (spec.className === 'InputLayer' && i > 0) throw badGraph('an input layer inside a chain', place);
    return { ...spec, calls: [i === 0 ? [] : [{ layer: specs[i - 1].name, call: 0, output: 0 }]] };
  });
  const name = isObject(config) ? member(config, 'name') : undefined;
  const end = (spec: LayerSpec) => [{ layer: spec.name, call: 0, output: 0 }];
  return order(asName(name ?? 'sequential', 'the name of a model', place), chained, place, {
    inputs: end(specs[0]),
    outputs: end(specs[specs.length - 1]),
  });
}

/** The input that Keras puts before the first layer of a Sequential. */
function inputOf(first: LayerSpec, sequential: Json): LayerSpec {
  const inner = first.model && firstInput(first.model);
  const built = isObject(sequential) ? (member(sequential, 'build_input_shape') ?? null) : null;
  const own = inner?.config ?? first.config;
  const config: JsonObject = {
    batch_input_shape: member(own, 'batch_input_shape') ?? member(own, 'batch_shape') ?? built,
    dtype: member(own, 'dtype') ?? null,
  };
  return { name: inner?.name ?? `${first.name}_input`, className: 'InputLayer', config, calls: [] };
}

const firstInput = ({ inputs, layers }: ModelSpec) =>
  inputs.length > 0 ? layers.get(inputs[0].layer) : undefined;

function parseFunctional(config: JsonObject, source: Source): ModelSpec {
  const place = { file: source.file };
  const name = asName(member(config, 'name') ?? 'model', 'the name of a model', place);
  const specs = asList(member(config, 'layers'), 'layers', place).map((json): LayerSpec => {
    const spec = parseLayer(json, source);
    if (spec.className === 'InputLayer') return { ...spec, calls: [[]] };
    const at = { ...place, node: spec.name, op: spec.className };
    const nodes = member(json as JsonObject, 'inbound_nodes') ?? [];
    return { ...spec, calls: asList(nodes, 'inbound_nodes', at).map((n) => callInputs(n, at, source)) };
  });
  const ends = {
    inputs: refList(member(config, 'input_layers') ?? null, place),
    outputs: refList(member(config, 'output_layers') ?? null, place),
  };
  return order(name, countCallsFromZero(specs, ends), place, ends);
}

/** `input_layers`, `output_layers`: one reference, a list, or (Keras 3) a record of them. */
function refList(json: Json, place: Place): Ref[] {
  if (Array.isArray(json) && typeof json[0] === 'string') return [ref(json, place)];
  const list = isObject(json) ? Object.values(json) : asList(json, 'input_layers or output_layers', place);
  return list.map((r) => ref(r, place));
}

function ref(json: Json, place: Place): Ref {
  const [layer, call, output] = asList(json, 'a reference to a layer', place);
  return {
    layer: asName(layer, 'a reference to a layer', place),
    call: asInt(call ?? 0, 'the call of a reference', place),
    output: asInt(output ?? 0, 'the output of a reference', place),
  };
}

/** Arguments that say nothing about inference. */
const harmless = new Set(['training']);

function checkArguments(
  entries: readonly (readonly [string, Json])[],
  place: Place,
  { items }: Source,
): void {
  for (const [key, value] of entries) {
    if (value === null || harmless.has(key)) continue;
    items.push(unsupported(`the call argument ${JSON.stringify(key.slice(0, 100))}`, place));
  }
}

/** One call: `[[name, call, output, arguments?], …]`, or `{ args, kwargs }` in Keras 3. */
function callInputs(json: Json, place: Place, source: Source): Ref[] {
  if (isObject(json)) {
    const named = Object.entries(asObject(member(json, 'kwargs') ?? {}, 'call arguments', place));
    const states = named.filter(([key]) => key === 'initial_state').map(([, v]) => v);
    const others = named.filter(([key]) => key !== 'initial_state');
    checkArguments(others, place, source);
    return [member(json, 'args') ?? [], ...states].flatMap((v) => tensorsIn(v, place, source));
  }
  const list = asList(json, 'an inbound node', place);
  const items = typeof list[0] === 'string' ? [list] : list;
  return items.map((item) => {
    const parts = asList(item, 'a reference to a layer', place);
    checkArguments(Object.entries(asObject(parts[3] ?? {}, 'call arguments', place)), place, source);
    return ref(parts, place);
  });
}

/** Keras tensors in the order of the arguments. */
function tensorsIn(json: Json, place: Place, source: Source): Ref[] {
  if (json === null) return [];
  if (Array.isArray(json)) return json.flatMap((item) => tensorsIn(item, place, source));
  if (isObject(json) && member(json, 'class_name') === '__keras_tensor__') {
    const config = asObject(member(json, 'config'), 'a tensor', place);
    return [ref(member(config, 'keras_history') ?? null, place)];
  }
  source.items.push(unsupported('a call on something other than tensors', place));
  return [];
}

/**
 * Writers number the calls of a nested model from 1 (0 is the model itself), except some that don't: what is referred to tells
 * which.
 */
function countCallsFromZero(
  specs: readonly LayerSpec[],
  ends: { inputs: Ref[]; outputs: Ref[] },
): LayerSpec[] {
  const all = [...specs.flatMap((s) => s.calls.flat()), ...ends.outputs];
  const fromZero = new Set(all.filter((r) => r.call === 0).map((r) => r.layer));
  const shifted = new Set(specs.filter((s) => s.model && !fromZero.has(s.name)).map((s) => s.name));
  const fix = (r: Ref): Ref => (shifted.has(r.layer) ? { ...r, call: r.call - 1 } : r);
  ends.outputs = ends.outputs.map(fix);
  return specs.map((s) => ({ ...s, calls: s.calls.map((c) => c.map(fix)) }));
}
