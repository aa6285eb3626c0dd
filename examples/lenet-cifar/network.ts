/**
 * The LeNet of the pruning tutorials for CIFAR-10: image [32, 32, 3], 6 and 16 filters of 5 × 5, then 120-84-10; 62,006
 * weights. The weights are drawn from a seed, not trained: CIFAR-10 is not at hand here. It shows size and speed.
 */

import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';
import { seedWeights } from '../zoo/weights.ts';

export function lenetCifar(tf: Tf, seed = 1): LayersModel {
  const { conv2d, dense, flatten, maxPooling2d } = tf.layers;
  const shared = { activation: 'relu', kernelInitializer: 'zeros' } as const;
  const model = tf.sequential({
    name: 'lenet_cifar',
    layers: [
      conv2d({ inputShape: [32, 32, 3], filters: 6, kernelSize: 5, name: 'conv1', ...shared }),
      maxPooling2d({ poolSize: 2, strides: 2, name: 'pool1' }),
      conv2d({ filters: 16, kernelSize: 5, name: 'conv2', ...shared }),
      maxPooling2d({ poolSize: 2, strides: 2, name: 'pool2' }),
      flatten({ name: 'flatten' }),
      dense({ units: 120, name: 'fc1', ...shared }),
      dense({ units: 84, name: 'fc2', ...shared }),
      dense({ units: 10, name: 'logits', kernelInitializer: 'zeros' }),
      tf.layers.softmax({ name: 'probabilities' }),
    ],
  });
  seedWeights(tf, model, seed);
  return model;
}
