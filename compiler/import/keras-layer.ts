/** What a layer's reader may ask: config, inputs, weights, and new nodes under the layer's name. */
import { badFormat, badGraph, badShape, type Place, unsupported } from '../errors.ts';
import type { Attrs, GraphBuilder, ValueId } from '../ir/graph.ts';
import type { Shape, Tensor } from '../ir/tensor.ts';
import type { Config, LayerContext } from '../ops/define.ts';
import { isObject, type Json, JsonConfig, type JsonObject } from './json.ts';
import { activationName, activationReader } from './keras-names.ts';

/** What all layers of one model share. */
export interface Shared {
  readonly b: GraphBuilder;
  /** The constant of a weight and its name in the file, by the paths of its owner; `undefined` if there is none. */
  weight(owners: readonly string[], weight: string): ValueId | undefined;
  apply(spec: Json, inputs: readonly (ValueId | null)[], within: Layer): readonly ValueId[];
}

export interface LayerCall {
  /** Unique in the graph as far as the source is. */
  readonly label: string;
  readonly source: string;
  readonly config: JsonObject;
  readonly inputs: readonly (ValueId | null)[];
  /** Paths under which the layer's weights may be named, best first. */
  readonly owners: readonly string[];
}

/** Config entries that say whether a weight exists. */
const switches: Readonly<Record<string, string>> = { bias: 'use_bias', gamma: 'scale', beta: 'center' };

/** Weights whose shape begins with the kernel size. */
const spatial = new Set(['kernel', 'depthwise_kernel']);

export class Layer implements LayerContext {
  readonly b: GraphBuilder;
  readonly name: string;
  readonly source: string;
  readonly config: Config;
  readonly inputs: readonly (ValueId | null)[];
  readonly opset = 0;
  readonly owners: readonly string[];
  readonly #shared: Shared;
  readonly #place: Place;

  constructor(shared: Shared, call: LayerCall, file: string) {
    this.b = shared.b;
    this.name = call.label;
    this.source = call.source;
    this.inputs = call.inputs;
    this.owners = call.owners;
    this.#shared = shared;
    this.#place = { file, node: call.label, op: call.source };
    this.config = new JsonConfig(call.config, this.#place);
  }

  input(i: number): ValueId {
    const id = this.inputs[i] ?? null;
    if (id === null)
      throw badGraph(`input ${i} is missing; the layer has ${this.inputs.length}`, this.#place);
    return id;
  }

  constant(i: number): Tensor {
    return this.b.constantOf(this.input(i)) ?? this.unsupported(`input ${i} computed at run time`);
  }

  node(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): readonly ValueId[] {
    return this.b.node(kind, inputs, attrs, { name: this.name, source: this.source });
  }

  one(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.node(kind, inputs, attrs)[0];
  }

  hasWeight(name: string): boolean {
    const key = switches[name];
    if (key && this.config.has(key)) return this.config.bool(key);
    return this.#shared.weight(this.owners, name) !== undefined;
  }

  weight(name: string): ValueId {
    const id = this.#shared.weight(this.owners, name);
    if (id === undefined)
      throw badFormat(`weight ${JSON.stringify(`${this.owners[0]}/${name}`)} is missing`, this.#place);
    if (spatial.has(name) && this.config.has('kernel_size')) this.#checkKernel(this.b.shape(id), name);
    return id;
  }

  #checkKernel(shape: Shape, name: string): void {
    const rank = shape.length - 2;
    const one = typeof this.config.raw('kernel_size') === 'number';
    const size = this.config.ints('kernel_size', one ? Math.max(1, rank) : undefined);
    if (size.length !== rank || size.some((k, i) => k !== shape[i]))
      throw badShape(`${name} [${shape}] is none of kernel_size [${size}]`, this.#place);
  }

  /** Keras says the channels of the output; throws `E_SHAPE` where the weights say something else. */
  checkChannels(output: Shape): void {
    const first = this.config.raw('data_format') === 'channels_first';
    for (const key of ['units', 'filters']) {
      const channels = output[first && key === 'filters' ? 1 : output.length - 1];
      if (this.config.has(key) && this.config.int(key) !== channels)
        throw badShape(`${key} is ${this.config.int(key)}, but the weights make ${channels}`, this.#place);
    }
  }

  activation(id: ValueId, spec: unknown): ValueId {
    if (spec === null || spec === undefined) return id;
    const name = activationName(spec as Json);
    if (name !== undefined) {
      const read = activationReader(name);
      return read ? read(this, id) : this.unsupported(`activation ${JSON.stringify(name.slice(0, 100))}`);
    }
    return this.layer(spec, [id])[0];
  }

  layer(
    spec: unknown,
    inputs: readonly (ValueId | null)[],
    changes: Readonly<Record<string, unknown>> = {},
  ): readonly ValueId[] {
    if (!isObject(spec) || !isObject(spec.config)) this.malformed('the layer inside has no config');
    const config = { ...(spec.config as JsonObject), ...(changes as JsonObject) };
    return this.#shared.apply({ ...spec, name: config.name, config }, inputs, this);
  }

  unsupported(reason: string, hint?: string): never {
    throw unsupported(reason, this.#place, hint);
  }

  malformed(reason: string): never {
    throw badFormat(reason, this.#place);
  }
}
