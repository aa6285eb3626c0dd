/** Two recurrent layers of 128 units over 32 steps of 40 features, and a classifier on the last state. */

import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';

export function recurrent(tf: Tf, kind: 'lstm' | 'gru'): LayersModel {
  const layer = (name: string, returnSequences: boolean, inputShape?: [number, number]) => {
    const zeros = { kernelInitializer: 'zeros', recurrentInitializer: 'zeros' } as const;
    return tf.layers[kind]({
      units: 128,
      name,
      returnSequences,
      ...zeros,
      ...(inputShape && { inputShape }),
    });
  };
  return tf.sequential({
    name: `${kind}_2`,
    layers: [
      layer(`${kind}1`, true, [32, 40]),
      layer(`${kind}2`, false),
      tf.layers.dense({ units: 12, name: 'logits', kernelInitializer: 'zeros' }),
      tf.layers.softmax({ name: 'probabilities' }),
    ],
  });
}
