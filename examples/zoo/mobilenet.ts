/** MobileNets, versions 1 (Howard et al. 2017) and 2 (Sandler et al. 2018), batch norms unfolded. */

import type { LayersModel } from '@tensorflow/tfjs';
import type { Tf } from '../../compiler/prune/train/backend.ts';
import { blocks } from './blocks.ts';

export interface MobileNetOptions {
  /** Width multiplier. */
  readonly alpha: number;
  readonly input: [number, number, number];
  readonly classes: number;
  /** Of the first convolution; 1 suits small images. */
  readonly firstStride?: number;
}

/** [filters, stride] of the depthwise-separable layers. */
const v1Layers: [number, number][] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, (): [number, number] => [512, 1]),
  [1024, 2],
  [1024, 1],
];

export function mobileNetV1(
  tf: Tf,
  { alpha, input, classes, firstStride = 2 }: MobileNetOptions,
): LayersModel {
  const b = blocks(tf);
  const x = tf.input({ shape: input, name: 'image' });
  const relu6 = { activation: 'relu6' } as const;
  let y = b.conv(x, 'conv1', Math.round(32 * alpha), { kernel: 3, stride: firstStride, ...relu6 });
  v1Layers.forEach(([filters, stride], i) => {
    y = b.depthwise(y, `dw${i + 1}`, { stride, ...relu6 });
    y = b.conv(y, `pw${i + 1}`, Math.round(filters * alpha), relu6);
  });
  return b.classify(x, y, classes, 'mobilenet_v1');
}

/** [expansion, filters, repeats, stride of the first]. */
const v2Stages: [number, number, number, number][] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

export function mobileNetV2(
  tf: Tf,
  { alpha, input, classes, firstStride = 2 }: MobileNetOptions,
): LayersModel {
  const b = blocks(tf);
  const x = tf.input({ shape: input, name: 'image' });
  const relu6 = { activation: 'relu6' } as const;
  let channels = eighths(32 * alpha);
  let y = b.conv(x, 'conv1', channels, { kernel: 3, stride: firstStride, ...relu6 });
  let block = 0;
  for (const [expansion, filters, repeats, firstOfStage] of v2Stages) {
    for (let i = 0; i < repeats; i++) {
      const name = `block${block++}`;
      const stride = i === 0 ? firstOfStage : 1;
      const out = eighths(filters * alpha);
      const wide = expansion === 1 ? y : b.conv(y, `${name}_expand`, channels * expansion, relu6);
      const deep = b.depthwise(wide, `${name}_dw`, { stride, ...relu6 });
      const narrow = b.conv(deep, `${name}_project`, out, { activation: 'none' });
      y = stride === 1 && out === channels ? b.add(y, narrow, `${name}_add`) : narrow;
      channels = out;
    }
  }
  y = b.conv(y, 'conv_last', Math.max(1280, eighths(1280 * alpha)), relu6);
  return b.classify(x, y, classes, 'mobilenet_v2');
}

/** The nearest multiple of 8, not below 8 nor more than a tenth under the value. */
function eighths(value: number): number {
  const near = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return near < 0.9 * value ? near + 8 : near;
}
