/**
 * Fashion-MNIST (MIT licence) from the Debian package `dataset-fashion-mnist`: 70,000 images of 28 × 28 in 10 classes.
 * The 10,000 of its test set are the test; of the 60,000 others 5,000 are for validation, the same on every machine.
 */

import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromBytes, type LabelledBytes, partition, type Split } from './labelled.ts';

const folder = '/usr/share/datasets/fashion-mnist';

export const fashionSeed = 20240;

export const fashionInstalled = (): boolean => existsSync(folder);

/** Undefined where the package is not installed (`apt-get install dataset-fashion-mnist`). */
export function loadFashion(): Split | undefined {
  if (!fashionInstalled()) return undefined;
  const parts = partition(read('train'), [5000, 55000], fashionSeed);
  return { validation: parts[0]!, train: parts[1]!, test: fromBytes(read('t10k')) };
}

/**
 * IDX files: big-endian words, then bytes.
 *
 * ```
 *   images   0x803  n  rows  columns   n·rows·columns pixels
 *   labels   0x801  n                  n labels
 * ```
 */
function read(part: 'train' | 't10k'): LabelledBytes {
  const images = gunzipSync(readFileSync(`${folder}/${part}-images-idx3-ubyte.gz`));
  const labels = gunzipSync(readFileSync(`${folder}/${part}-labels-idx1-ubyte.gz`));
  const shape = [images.readUInt32BE(8), images.readUInt32BE(12), 1] as const;
  return { shape, x: images.subarray(16), y: labels.subarray(8) };
}
