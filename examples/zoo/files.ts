/** TensorFlow.js layers models in folders: `model.json` and its weights in shards. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { io, LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';

const shardBytes = 4 << 20;

/** The same model gives the same bytes. */
export async function saveModel(tf: Tf, model: LayersModel, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const write = async (artifacts: io.ModelArtifacts): Promise<io.SaveResult> => {
    const data = new Uint8Array(artifacts.weightData as ArrayBuffer);
    const count = Math.max(1, Math.ceil(data.length / shardBytes));
    const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
    paths.forEach((path, i) => {
      writeFileSync(join(folder, path), data.subarray(i * shardBytes, (i + 1) * shardBytes));
    });
    const { format, generatedBy, convertedBy, modelTopology, weightSpecs } = artifacts;
    const weightsManifest = [{ paths, weights: weightSpecs }];
    const text = JSON.stringify({ format, generatedBy, convertedBy, modelTopology, weightsManifest });
    writeFileSync(join(folder, 'model.json'), `${text}\n`);
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  };
  await model.save(tf.io.withSaveHandler(write));
}

export async function loadModel(tf: Tf, folder: string): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(
    readFileSync(join(folder, 'model.json'), 'utf8'),
  ) as io.ModelJSON;
  const shards = weightsManifest.flatMap((group) =>
    group.paths.map((path) => readFileSync(join(folder, path))),
  );
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}
