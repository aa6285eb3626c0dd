/**
 * Trains a ResNet-8 and a MobileNetV1 0.25 on Fashion-MNIST and writes them to `examples/fashion/models`, with a table of
 * their accuracies: `npm run build && node dist/examples/fashion/train.js`, about an hour on one core. Names after it choose
 * networks, whose accuracies are only told.
 */

import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs';
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
const networks = {
  'resnet-8': () => trainClassifier(tf, 'resnet-8', resNet8(tf, image), fashion, recipe, folder),
  'mobilenet-v1-0.25': () => {
    const model = mobileNetV1(tf, { alpha: 0.25, input: image, classes: 10, firstStride: 1 });
    quickNorms(model);
    const longer: Recipe = { ...recipe, epochs: 9, augment: shift(image, 1, true) };
    return trainClassifier(tf, 'mobilenet-v1-0.25', model, fashion, longer, folder);
  },
};

/** Moving statistics that follow so few steps: their default remembers more than a hundred. */
function quickNorms({ layers }: LayersModel): void {
  for (const layer of layers) if ('momentum' in layer) layer.momentum = 0.9;
}

const names = process.argv.slice(2);
const trained: Trained[] = [];
for (const [name, make] of Object.entries(networks)) {
  if (names.length === 0 || names.includes(name)) trained.push(await make());
}

const count = (part: Labelled) => part.y.length.toLocaleString('en');
if (names.length === 0)
  writeReadme(
    folder,
    `# Networks trained on Fashion-MNIST

Made by \`node dist/examples/fashion/train.js\`: TensorFlow.js layers models, float32, input [28, 28, 1] in 0..1, batch
norms unfolded. Trained on ${count(fashion.train)} images, mirrored at random, those of the MobileNet moved by up to a pixel as well; the
state is the best on ${count(fashion.validation)} others. The test is the ${count(fashion.test)} images of the data set's own test, used for nothing else.`,
    trained,
  );
