/** Which operator reads which Keras layer and activation; built once from the operators. */
import { assert, type CompileError, unsupported } from '../errors.ts';
import type { LayerReader, Names } from '../ops/define.ts';
import { ops } from '../ops/index.ts';
import { isObject, type Json, member } from './json.ts';
import { isModelClass, type LayerSpec, type ModelSpec } from './keras-topology.ts';

type ActivationReader = NonNullable<Names['activations']>[string];

function collect<T>(of: (names: Names) => Readonly<Record<string, T>> | undefined): ReadonlyMap<string, T> {
  const all = new Map<string, T>();
  for (const op of ops.values()) {
    for (const [name, reader] of Object.entries((op.names && of(op.names)) ?? {})) {
      assert(!all.has(name), `two operators read ${name}`);
      all.set(name, reader);
    }
  }
  return all;
}

export const layerReaders: ReadonlyMap<string, LayerReader> = collect((n) => n.layers);
export const activationReaders: ReadonlyMap<string, ActivationReader> = collect((n) => n.activations);

/** `linear` is no activation at all. */
const identity: ActivationReader = (_c, x) => x;

export function activationReader(name: string): ActivationReader | undefined {
  return activationReaders.get(name) ?? (name === 'linear' ? identity : undefined);
}

/** The name in an activation entry, which may be a serialized function (Keras 3); `undefined`: it is a layer. */
export function activationName(spec: Json): string | undefined {
  if (typeof spec === 'string') return spec;
  if (!isObject(spec)) return undefined;
  const inner = member(spec, 'config');
  if (member(spec, 'class_name') === 'function' && typeof inner === 'string') return inner;
  return undefined;
}

const codeLayers = new Set(['Lambda', 'TFOpLambda', 'SlicingOpLambda']);

/** Everything in a model that no operator reads, nested models and wrapped layers included. */
export function findUnsupported(model: ModelSpec, file: string): CompileError[] {
  return [...model.layers.values()].flatMap((l) =>
    l.model ? findUnsupported(l.model, file) : unread(l, file),
  );
}

function unread(layer: LayerSpec, file: string): CompileError[] {
  const { name, className, config } = layer;
  const place = { file, node: name, op: className };
  if (className === 'InputLayer') return [];
  if (!layerReaders.has(className)) {
    const hint = codeLayers.has(className) ? 'code inside a model is never run' : undefined;
    return [unsupported(`layer class ${className}`, place, hint)];
  }
  const bad: CompileError[] = [];
  for (const key of ['activation', 'recurrent_activation']) {
    const activation = activationName(member(config, key) ?? null);
    if (activation !== undefined && !activationReader(activation))
      bad.push(unsupported(`${key} ${JSON.stringify(activation.slice(0, 100))}`, place));
  }
  const inner = member(config, 'layer');
  const innerClass = isObject(inner) ? member(inner, 'class_name') : undefined;
  if (typeof innerClass === 'string' && !isModelClass(innerClass) && !layerReaders.has(innerClass))
    bad.push(unsupported(`layer class ${innerClass.slice(0, 100)} inside a ${className}`, place));
  return bad;
}
