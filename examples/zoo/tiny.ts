/** The networks of MLPerf Tiny (Banbury et al. 2021), but its MobileNet, which is in `mobilenet.ts`. */

import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';
import { blocks } from './blocks.ts';

/** Three residual stages of 16, 32 and 64 channels. */
export function resNet8(tf: Tf, input: [number, number, number] = [32, 32, 3], classes = 10): LayersModel {
  const b = blocks(tf);
  const x = tf.input({ shape: input, name: 'image' });
  let y = b.conv(x, 'conv1', 16, { kernel: 3 });
  [16, 32, 64].forEach((filters, i) => {
    const name = `stage${i + 1}`;
    const stride = i === 0 ? 1 : 2;
    const first = b.conv(y, `${name}_a`, filters, { kernel: 3, stride });
    const second = b.conv(first, `${name}_b_project`, filters, { kernel: 3, activation: 'none' });
    const shortcut =
      i === 0 ? y : b.conv(y, `${name}_short_project`, filters, { stride, norm: false, activation: 'none' });
    y = b.activate(b.add(shortcut, second, `${name}_add`), `${name}_act`, 'relu');
  });
  return b.classify(x, y, classes, 'resnet_8');
}

/** Keyword spotting on [49, 10, 1] cepstra: one convolution of 10 × 4 and four depthwise-separable layers of 64. */
export function dsCnn(tf: Tf): LayersModel {
  const b = blocks(tf);
  const x = tf.input({ shape: [49, 10, 1], name: 'cepstra' });
  let y = b.conv(x, 'conv1', 64, { kernel: [10, 4], stride: 2 });
  for (let i = 1; i <= 4; i++) y = b.conv(b.depthwise(y, `dw${i}`), `pw${i}`, 64);
  return b.classify(x, y, 12, 'ds_cnn');
}

/** Anomaly detection: 640-128×4-8-128×4-640, a batch norm and a ReLU after all but the last. */
export function autoencoder(tf: Tf): LayersModel {
  const x = tf.input({ shape: [640], name: 'spectrum' });
  let y: SymbolicTensor = x;
  const dense = (units: number, name: string) =>
    tf.layers.dense({ units, name, kernelInitializer: 'zeros' }).apply(y) as SymbolicTensor;
  [128, 128, 128, 128, 8, 128, 128, 128, 128].forEach((units, i) => {
    y = dense(units, `fc${i + 1}`);
    y = tf.layers.batchNormalization({ name: `fc${i + 1}_bn` }).apply(y) as SymbolicTensor;
    y = tf.layers.reLU({ name: `fc${i + 1}_act` }).apply(y) as SymbolicTensor;
  });
  return tf.model({ inputs: x, outputs: dense(640, 'fc10_project'), name: 'autoencoder' });
}
