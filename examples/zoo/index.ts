/** The networks of the benchmarks as TensorFlow.js layers models, with seeded weights. */

import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';
import { lenet5, lenet300100 } from '../lenet/networks.ts';
import { lenetCifar } from '../lenet-cifar/network.ts';
import { mobileNetV1, mobileNetV2 } from './mobilenet.ts';
import { recurrent } from './recurrent.ts';
import { autoencoder, dsCnn, resNet8 } from './tiny.ts';
import { seedWeights } from './weights.ts';

export { loadModel, saveModel } from './files.ts';

const builders = {
  'mobilenet-v1-1.0-224': (tf) => mobileNetV1(tf, { alpha: 1, input: [224, 224, 3], classes: 1000 }),
  'mobilenet-v1-0.25-96': (tf) => mobileNetV1(tf, { alpha: 0.25, input: [96, 96, 3], classes: 2 }),
  'mobilenet-v2-1.0-224': (tf) => mobileNetV2(tf, { alpha: 1, input: [224, 224, 3], classes: 1000 }),
  'resnet-8': (tf) => resNet8(tf),
  'ds-cnn': dsCnn,
  autoencoder,
  'lstm-2': (tf) => recurrent(tf, 'lstm'),
  'gru-2': (tf) => recurrent(tf, 'gru'),
  'lenet-5': lenet5,
  'lenet-300-100': lenet300100,
  'lenet-cifar': (tf) => lenetCifar(tf),
} satisfies Record<string, (tf: Tf) => LayersModel>;

export type ZooName = keyof typeof builders;

export const zooNames = Object.keys(builders) as ZooName[];

/** The same name and seed give the same weights, bit for bit. */
export function build(tf: Tf, name: ZooName, seed = 1): LayersModel {
  const model = builders[name](tf);
  seedWeights(tf, model, seed);
  return model;
}
