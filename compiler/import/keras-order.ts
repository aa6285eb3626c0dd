/** Checks how layers refer to each other, and sorts their calls. */
import { badGraph, overLimit, type Place } from '../errors.ts';
import type { LayerSpec, ModelSpec, Ref } from './keras-topology.ts';

/** Layers of a model, and of one with its nested models unfolded. */
export const maxCalls = 10_000;

interface Call {
  readonly layer: LayerSpec;
  readonly call: number;
}

/** Every call after those it waits for; throws `E_GRAPH` for cycles, dangling references and names given twice. */
export function order(
  name: string,
  specs: readonly LayerSpec[],
  place: Place,
  ends: Pick<ModelSpec, 'inputs' | 'outputs'>,
): ModelSpec {
  const total = specs.reduce((n, s) => n + s.calls.length, 0);
  if (total > maxCalls) throw overLimit('number of layer calls', total, maxCalls, place);
  const layers = byName(specs, place);
  checkReferences(layers, ends, place);

  const inputs = new Set(ends.inputs.map((r) => r.layer));
  const waiting = new Map<string, number>();
  const users = new Map<string, Call[]>();
  const sorted: Call[] = [];
  for (const layer of specs) {
    layer.calls.forEach((refs, call) => {
      for (const r of refs) {
        const list = users.get(keyOf(r));
        if (list) list.push({ layer, call });
        else users.set(keyOf(r), [{ layer, call }]);
      }
      waiting.set(keyOf({ layer: layer.name, call }), refs.length);
      if (refs.length > 0) return;
      if (!inputs.has(layer.name))
        throw badGraph(
          `layer ${JSON.stringify(layer.name)} has no input and is no input of the model`,
          place,
        );
      sorted.push({ layer, call });
    });
  }
  for (let i = 0; i < sorted.length; i++) {
    for (const user of users.get(keyOf({ layer: sorted[i].layer.name, call: sorted[i].call })) ?? []) {
      const key = keyOf({ layer: user.layer.name, call: user.call });
      const left = waiting.get(key)! - 1;
      waiting.set(key, left);
      if (left === 0) sorted.push(user);
    }
  }
  if (sorted.length < total) {
    const stuck = specs.filter((s) =>
      s.calls.some((_, call) => waiting.get(keyOf({ layer: s.name, call }))! > 0),
    );
    const names = stuck.slice(0, 8).map((s) => JSON.stringify(s.name));
    throw badGraph(`layers wait for each other in a cycle: ${names.join(', ')}`, place);
  }
  return { name, layers, ...ends, order: sorted };
}

const keyOf = (r: { layer: string; call: number }) => `${r.call}:${r.layer}`;

function byName(specs: readonly LayerSpec[], place: Place): Map<string, LayerSpec> {
  const layers = new Map<string, LayerSpec>();
  for (const s of specs) {
    if (layers.has(s.name)) throw badGraph(`two layers are named ${JSON.stringify(s.name)}`, place);
    layers.set(s.name, s);
  }
  return layers;
}

function checkReferences(
  layers: ReadonlyMap<string, LayerSpec>,
  { inputs, outputs }: Pick<ModelSpec, 'inputs' | 'outputs'>,
  place: Place,
): void {
  const check = (r: Ref, by: string) => {
    const calls = layers.get(r.layer)?.calls.length ?? 0;
    if (r.call < 0 || r.call >= calls || r.output < 0)
      throw badGraph(`${by} refers to ${JSON.stringify(r.layer)}, call ${r.call}: no such thing`, place);
  };
  for (const layer of layers.values()) {
    for (const r of layer.calls.flat()) check(r, `layer ${JSON.stringify(layer.name)}`);
  }
  for (const r of inputs) {
    check(r, 'the list of inputs');
    if (layers.get(r.layer)!.className !== 'InputLayer')
      throw badGraph(`input ${JSON.stringify(r.layer)} is no input layer`, place);
  }
  if (new Set(inputs.map((r) => r.layer)).size < inputs.length)
    throw badGraph('an input is listed twice', place);
  for (const r of outputs) check(r, 'the list of outputs');
  if (outputs.length === 0) throw badGraph('the model has no outputs', place);
}
