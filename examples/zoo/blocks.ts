/** Pieces that the convolutional networks of the zoo are made of. */

import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';

export type Activation = 'relu' | 'relu6' | 'none';

/** One network under construction: what a block takes, gives and is named. */
export interface Blocks {
  conv(x: SymbolicTensor, name: string, filters: number, options?: ConvOptions): SymbolicTensor;
  depthwise(x: SymbolicTensor, name: string, options?: ConvOptions): SymbolicTensor;
  add(a: SymbolicTensor, b: SymbolicTensor, name: string): SymbolicTensor;
  activate(x: SymbolicTensor, name: string, kind: Activation): SymbolicTensor;
  /** Global average, dense, softmax. */
  classify(input: SymbolicTensor, x: SymbolicTensor, classes: number, name: string): LayersModel;
}

export interface ConvOptions {
  readonly kernel?: number | [number, number];
  readonly stride?: number | [number, number];
  readonly activation?: Activation;
  /** Batch norm instead of a bias; the default. */
  readonly norm?: boolean;
}

export function blocks(tf: Tf): Blocks {
  const zeros = 'zeros' as const;
  const finish = (x: SymbolicTensor, name: string, { norm = true, activation = 'relu' }: ConvOptions) => {
    const y = norm ? (tf.layers.batchNormalization({ name: `${name}_bn` }).apply(x) as SymbolicTensor) : x;
    return activate(y, `${name}_act`, activation);
  };
  const activate = (x: SymbolicTensor, name: string, kind: Activation) =>
    kind === 'none'
      ? x
      : (tf.layers.reLU({ name, ...(kind === 'relu6' && { maxValue: 6 }) }).apply(x) as SymbolicTensor);

  return {
    activate,
    conv(x, name, filters, options = {}) {
      const { kernel = 1, stride = 1, norm = true } = options;
      const layer = tf.layers.conv2d({
        name,
        filters,
        kernelSize: kernel,
        strides: stride as number,
        padding: 'same',
        useBias: !norm,
        kernelInitializer: zeros,
      });
      return finish(layer.apply(x) as SymbolicTensor, name, options);
    },
    depthwise(x, name, options = {}) {
      const { kernel = 3, stride = 1, norm = true } = options;
      const layer = tf.layers.depthwiseConv2d({
        name,
        kernelSize: kernel as number,
        strides: stride as number,
        padding: 'same',
        useBias: !norm,
        depthwiseInitializer: zeros,
      });
      return finish(layer.apply(x) as SymbolicTensor, name, options);
    },
    add: (a, b, name) => tf.layers.add({ name }).apply([a, b]) as SymbolicTensor,
    classify(input, x, classes, name) {
      const pooled = tf.layers.globalAveragePooling2d({ name: 'pool' }).apply(x);
      const dense = tf.layers.dense({ units: classes, name: 'logits', kernelInitializer: zeros });
      const output = tf.layers
        .softmax({ name: 'probabilities' })
        .apply(dense.apply(pooled)) as SymbolicTensor;
      return tf.model({ inputs: input, outputs: output, name });
    },
  };
}
