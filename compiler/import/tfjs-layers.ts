/** tfjs LayersModel (`model.json` with weight shards), and bare Keras configs. */

import type { ModelFiles } from './files.ts';
import { asObject, isObject, type Json, type JsonObject, member, parseJson } from './json.ts';
import { buildKeras } from './keras-build.ts';
import { parseModel, Source } from './keras-topology.ts';
import type { Model, Reader, ReadOptions } from './read.ts';
import { parseManifest, readWeights } from './tfjs-weights.ts';

export default {
  name: 'tfjs layers model',
  detect: (files) => files.main.endsWith('.json') && topologyOf(files.json(files.main)) !== undefined,
  read: readLayers,
} satisfies Reader;

/** `{ class_name, config }`, wherever the many writers put it. */
function topologyOf(json: Json): JsonObject | undefined {
  let at = json;
  for (const key of ['modelTopology', 'model_config']) {
    if (isObject(at) && isObject(member(at, key))) at = member(at, key)!;
    else if (isObject(at) && typeof member(at, key) === 'string') at = embedded(member(at, key) as string);
  }
  return isObject(at) && member(at, 'class_name') !== undefined ? at : undefined;
}

/** The config attribute of Keras files is JSON inside a string. */
const embedded = (text: string) => parseJson(new TextEncoder().encode(text), {});

export function readLayers(files: ModelFiles, options: ReadOptions = {}): Model {
  const file = files.main;
  const json = asObject(files.json(file), 'the model', { file });
  const source = new Source(file);
  const model = parseModel(topologyOf(json) ?? null, source);
  const groups = parseManifest(member(json, 'weightsManifest') ?? [], { file });
  const graph = buildKeras(model, source, () => readWeights(files, groups, options), options);
  const producer = member(json, 'generatedBy');
  return { graph, producer: typeof producer === 'string' ? producer : undefined };
}
