/** The two networks that papers on pruning start with. Images [28, 28, 1], classes 10. */

import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';

/** Three dense layers, 784-300-100-10 (LeCun et al. 1998); 266,610 weights. */
export function lenet300100(tf: Tf): LayersModel {
  const { dense, flatten } = tf.layers;
  return tf.sequential({
    name: 'lenet_300_100',
    layers: [
      flatten({ inputShape: [28, 28, 1], name: 'flatten' }),
      dense({ units: 300, activation: 'relu', name: 'fc1', kernelInitializer: 'zeros' }),
      dense({ units: 100, activation: 'relu', name: 'fc2', kernelInitializer: 'zeros' }),
      dense({ units: 10, name: 'logits', kernelInitializer: 'zeros' }),
      tf.layers.softmax({ name: 'probabilities' }),
    ],
  });
}

/** The LeNet-5 of Caffe, 20 and 50 filters of 5 × 5, then 500-10; 431,080 weights. */
export function lenet5(tf: Tf): LayersModel {
  const { conv2d, dense, flatten, maxPooling2d } = tf.layers;
  return tf.sequential({
    name: 'lenet_5',
    layers: [
      conv2d({
        inputShape: [28, 28, 1],
        filters: 20,
        kernelSize: 5,
        name: 'conv1',
        kernelInitializer: 'zeros',
      }),
      maxPooling2d({ poolSize: 2, strides: 2, name: 'pool1' }),
      conv2d({ filters: 50, kernelSize: 5, name: 'conv2', kernelInitializer: 'zeros' }),
      maxPooling2d({ poolSize: 2, strides: 2, name: 'pool2' }),
      flatten({ name: 'flatten' }),
      dense({ units: 500, activation: 'relu', name: 'fc1', kernelInitializer: 'zeros' }),
      dense({ units: 10, name: 'logits', kernelInitializer: 'zeros' }),
      tf.layers.softmax({ name: 'probabilities' }),
    ],
  });
}

/** What comes before the softmax, for training. */
export function logitsOf(tf: Tf, model: LayersModel): (x: Tensor, training: boolean) => Tensor {
  const trunk = tf.model({ inputs: model.inputs, outputs: model.getLayer('logits').output });
  return (x, training) => trunk.apply(x, { training }) as Tensor;
}
