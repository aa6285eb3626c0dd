/** Keras' own files: `.h5` (a config and weights in HDF5) and `.keras` (both in a zip archive). */
import { badFormat, type Place } from '../errors.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { ModelFiles } from './files.ts';
import { asObject, type JsonObject, member, parseJson } from './json.ts';
import { buildKeras } from './keras-build.ts';
import { withHdf5 } from './keras-file-hdf5.ts';
import { nameVariables } from './keras-file-variables.ts';
import { unzip } from './keras-file-zip.ts';
import { parseModel, Source } from './keras-topology.ts';
import type { Model, Reader, ReadOptions } from './read.ts';

const magic = { hdf5: '\x89HDF\r\n\x1a\n', zip: 'PK\x03\x04' };

const startsWith = (bytes: Uint8Array, text: string) =>
  [...text].every((c, i) => bytes[i] === c.charCodeAt(0));

export const kerasHdf5: Reader = {
  name: 'keras h5',
  detect: (files) => !files.main.endsWith('.json') && startsWith(files.read(files.main), magic.hdf5),
  read: readHdf5,
};

export const kerasZip: Reader = {
  name: 'keras',
  detect: (files) => !files.main.endsWith('.json') && startsWith(files.read(files.main), magic.zip),
  read: readZip,
};

async function readHdf5(files: ModelFiles, options: ReadOptions = {}): Promise<Model> {
  const place = { file: files.main };
  return withHdf5(files.read(files.main), place, (file) => {
    const config = file.attribute('model_config');
    if (config === undefined)
      throw badFormat('holds weights but no model', place, 'save the whole model, not only its weights');
    const topology = asObject(parseJson(new TextEncoder().encode(config), place), 'model_config', place);
    const weights = () => named(file.datasets('model_weights', options.allowNonfinite));
    const version = file.attribute('keras_version');
    return build(topology, weights, place, options, version);
  });
}

/** `dense/dense/kernel:0` is `dense/dense/kernel`. */
const named = (all: ReadonlyMap<string, Tensor>) =>
  new Map(
    [...all]
      .filter(([name]) => !name.startsWith('top_level_model_weights'))
      .map(([name, t]) => [name.replace(/:\d+$/, ''), t]),
  );

async function readZip(files: ModelFiles, options: ReadOptions = {}): Promise<Model> {
  const place = { file: files.main };
  const entries = unzip(files.read(files.main), ['config.json', 'metadata.json', 'model.weights.h5'], place);
  const config = entries.get('config.json');
  const stored = entries.get('model.weights.h5');
  if (!config || !stored) throw badFormat('is a zip archive without config.json and model.weights.h5', place);
  const topology = asObject(parseJson(config, place), 'config.json', place);
  return withHdf5(stored, place, (file) =>
    build(
      topology,
      // The state of the optimizer, twice as large as the network, is no part of it.
      () => nameVariables(topology, file.datasets('', options.allowNonfinite, 'optimizer'), place),
      place,
      options,
      versionOf(entries.get('metadata.json'), place),
    ),
  );
}

function versionOf(metadata: Uint8Array | undefined, place: Place): string | undefined {
  const version =
    metadata && member(asObject(parseJson(metadata, place), 'metadata.json', place), 'keras_version');
  return typeof version === 'string' ? version : undefined;
}

function build(
  topology: JsonObject,
  weights: () => ReadonlyMap<string, Tensor>,
  place: Place & { readonly file: string },
  options: ReadOptions,
  version?: string,
): Model {
  const source = new Source(place.file);
  const model = parseModel(topology, source);
  const graph = buildKeras(model, source, weights, options);
  return { graph, producer: version === undefined ? undefined : `Keras ${version}` };
}
