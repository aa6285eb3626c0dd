/**
 * Trains a ResNet-8 and a MobileNetV1 0.25 on Fashion-MNIST and writes them to `examples/fashion/models`, with a table of
 * their accuracies: `npm run build && node dist/examples/fashion/train.js`, about half an hour on one core.
 */

import { join } from 'node:path';
import { usage } from '../../compiler/errors.ts';
import { packageRoot } from '../../compiler/package-root.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';
import { loadFashion } from '../data/fashion.ts';
import { type Labelled, shift } from '../data/labelled.ts';
import { type Recipe, type Trained, trainClassifier, writeReadme } from '../train-classifier.ts';
import { mobileNetV1 } from '../zoo/mobilenet.ts';
import { resNet8 } from '../zoo/tiny.ts';

const fashion = loadFashion();
if (!fashion) throw usage('Fashion-MNIST is not installed', 'apt-get install dataset-fashion-mnist');
const tf = await loadBackend('wasm');
registerGradients(tf);
const folder = join(packageRoot(), 'examples/fashion/models');
const image: [number, number, number] = [28, 28, 1];
const recipe: Recipe = {
  epochs: 3,
  lr: 4e-3,
  batch: 128,
  weightDecay: 1e-2,
  validateEvery: 322,
  augment: shift(image, 0, true),
};

const mobileNet = mobileNetV1(tf, { alpha: 0.25, input: image, classes: 10, firstStride: 1 });
const trained: Trained[] = [
  await trainClassifier(tf, 'resnet-8', resNet8(tf, image), fashion, recipe, folder),
  await trainClassifier(tf, 'mobilenet-v1-0.25', mobileNet, fashion, recipe, folder),
];

const count = (part: Labelled) => part.y.length.toLocaleString('en');
writeReadme(
  folder,
  `# Networks trained on Fashion-MNIST

Made by \`node dist/examples/fashion/train.js\`: TensorFlow.js layers models, float32, input [28, 28, 1] in 0..1, batch
norms unfolded. Trained on ${count(fashion.train)} images, mirrored at random; the state is the best on
${count(fashion.validation)} others. The test is the ${count(fashion.test)} images of the data set's own test, used for nothing else.`,
  trained,
);
