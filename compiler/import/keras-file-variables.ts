/**
 * Names of weights in `.keras` files: a layer is found by its class in snake case, counted per list (`layers/conv2d_1`), and its
 * variables are numbered in the order in which the class makes them (`…/vars/0`).
 */
import { badFormat, type Place } from '../errors.ts';
import type { Tensor } from '../ir/tensor.ts';
import { asName, asObject, isObject, type Json, type JsonObject, member } from './json.ts';

/** Variables of a layer, in order; some are there only if the config says so. */
const variables: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  LayerNormalization: ['gamma', 'beta'],
  GroupNormalization: ['gamma', 'beta'],
  DepthwiseConv1D: ['depthwise_kernel', 'bias'],
  DepthwiseConv2D: ['depthwise_kernel', 'bias'],
  SeparableConv1D: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  SeparableConv2D: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  Embedding: ['embeddings'],
  PReLU: ['alpha'],
  LSTM: ['kernel', 'recurrent_kernel', 'bias'],
  GRU: ['kernel', 'recurrent_kernel', 'bias'],
  SimpleRNN: ['kernel', 'recurrent_kernel', 'bias'],
};
const plain = ['kernel', 'bias'];
const switches: Readonly<Record<string, string>> = { bias: 'use_bias', gamma: 'scale', beta: 'center' };
const recurrent = new Set(['LSTM', 'GRU', 'SimpleRNN']);

/** The weights of `model` (`{ class_name, config }`) under the names of its layers. */
export function nameVariables(
  model: JsonObject,
  stored: ReadonlyMap<string, Tensor>,
  place: Place,
): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  const list = ['layers', '_layer_checkpoint_dependencies'].find((l) =>
    [...stored.keys()].some((k) => k.startsWith(`${l}/`)),
  );
  if (list !== undefined) nameList(model, `${list}/`, list, '', { stored, out, place });
  return out;
}

interface Names {
  readonly stored: ReadonlyMap<string, Tensor>;
  readonly out: Map<string, Tensor>;
  readonly place: Place;
}

function nameList(model: JsonObject, path: string, list: string, scope: string, names: Names): void {
  const config = asObject(member(model, 'config') ?? null, 'config', names.place);
  const layers = Array.isArray(config.layers) ? (config.layers as Json[]) : [];
  const used = new Map<string, number>();
  for (const entry of layers) {
    const layer = asObject(entry, 'a layer', names.place);
    const base = snake(asName(member(layer, 'class_name'), 'class_name', names.place));
    const count = used.get(base) ?? 0;
    used.set(base, count + 1);
    nameLayer(layer, `${path}${count === 0 ? base : `${base}_${count}`}`, list, scope, names);
  }
}

/** As Keras does it: `SeparableConv2D` is `separable_conv2d`. */
export const snake = (name: string) =>
  name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

function nameLayer(
  layer: JsonObject,
  path: string,
  list: string,
  scope: string,
  names: Names,
  called?: string,
): void {
  const className = asName(member(layer, 'class_name'), 'class_name', names.place);
  const config = asObject(member(layer, 'config') ?? {}, 'config', names.place);
  const name =
    called ?? asName(member(config, 'name') ?? member(layer, 'name'), 'the name of a layer', names.place);
  const own = `${scope}${name}`;
  if (Array.isArray(config.layers)) {
    nameList(layer, `${path}/${list}/`, list, `${own}/`, names);
    return;
  }
  const inner = member(config, 'layer');
  if (isObject(inner)) {
    const innerConfig = asObject(member(inner, 'config') ?? {}, 'config', names.place);
    const innerName = asName(member(innerConfig, 'name'), 'the name of a layer', names.place);
    nameLayer(inner, `${path}/layer`, list, `${own}/`, names, innerName);
    for (const way of ['forward', 'backward']) {
      const plain = innerName.replace(/^forward_/, '');
      const turned = innerName.startsWith(`${way}_`) ? innerName : `${way}_${plain}`;
      nameLayer(inner, `${path}/${way}_layer`, list, `${own}/`, names, turned);
    }
    return;
  }
  const at = recurrent.has(className) ? `${path}/cell/vars/` : `${path}/vars/`;
  const numbered = [...names.stored.keys()].filter((k) => k.startsWith(at));
  const made = (Object.hasOwn(variables, className) ? variables[className] : plain).filter(
    (v) => !switches[v] || member(config, switches[v]) !== false,
  );
  for (const key of numbered) {
    const index = Number(key.slice(at.length));
    const variable = made[index];
    if (variable === undefined)
      throw badFormat(`variable ${key} of a ${className}`, { ...names.place, node: own });
    names.out.set(`${own}/${variable}`, names.stored.get(key)!);
  }
}
