/**
 * Trains a ResNet-8 on CIFAR-10 and writes it to `examples/cifar/models`, with its accuracy: `npm run build && node
 * dist/examples/cifar/train.js`, about an hour on one core.
 */
import { join } from 'node:path';
import { packageRoot } from '../../compiler/package-root.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';
import { cifarImage, loadCifar } from '../data/cifar.ts';
import { shift } from '../data/labelled.ts';
import { trainClassifier, writeReadme } from '../train-classifier.ts';
import { resNet8 } from '../zoo/tiny.ts';

const tf = await loadBackend('wasm');
registerGradients(tf);
const folder = join(packageRoot(), 'examples/cifar/models');
const recipe = { epochs: 12, lr: 4e-3, batch: 128, weightDecay: 1e-2, augment: shift(cifarImage, 4, true) };
const trained = await trainClassifier(
  tf,
  'resnet-8',
  resNet8(tf, [...cifarImage]),
  loadCifar(),
  recipe,
  folder,
);

writeReadme(
  folder,
  `# A network trained on CIFAR-10

Made by \`node dist/examples/cifar/train.js\`: a TensorFlow.js layers model, float32, input [32, 32, 3] in 0..1, batch norms
unfolded. Trained on 45,000 images, mirrored at random and moved by up to 4 pixels, for 12 epochs; the state is the best on 5,000 others. The
test is the 10,000 images of the data set's own test, used for nothing else.`,
  [trained],
);
