/** Labelled images, as the data sets of the examples give them. */

import { type Random, random } from '../../compiler/ir/random.ts';
import { warp as warpPicture } from '../../compiler/prune/vary.ts';

export interface Labelled {
  /** Shape of one image, [height, width, channels]. */
  readonly shape: readonly [number, number, number];
  /** n images in 0..1, NHWC. */
  readonly x: Float32Array;
  /** n class numbers. */
  readonly y: Int32Array;
}

export interface Split {
  readonly train: Labelled;
  readonly validation: Labelled;
  /** Kept out of training, pruning, calibration and every choice. */
  readonly test: Labelled;
}

/** The same, a byte per value, 255 standing for 1. */
export interface LabelledBytes {
  readonly shape: Labelled['shape'];
  readonly x: Uint8Array;
  readonly y: ArrayLike<number>;
}

export function fromBytes(all: LabelledBytes): Labelled {
  return pick(
    all,
    Uint32Array.from(all.y, (_, i) => i),
  );
}

/** The first, second, … of `sizes` images in an order drawn from `seed`; no image is in two parts. */
export function partition(all: LabelledBytes, sizes: readonly number[], seed: number): Labelled[] {
  const order = random(seed).shuffle(Uint32Array.from(all.y, (_, i) => i));
  let at = 0;
  return sizes.map((size) => pick(all, order.subarray(at, (at += size))));
}

function pick({ shape, x, y }: LabelledBytes, indices: Uint32Array): Labelled {
  const size = shape[0] * shape[1] * shape[2];
  const out = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    for (let k = 0; k < size; k++) out[i * size + k] = x[index * size + k]! / 255;
  });
  return { shape, x: out, y: Int32Array.from(indices, (i) => y[i]!) };
}

/**
 * Moves every image of a batch by up to `reach` pixels each way, and mirrors half of them left to right where `mirror`;
 * what comes in from outside is 0.
 */
export function shift([h, w, c]: Labelled['shape'], reach: number, mirror = false) {
  return (batch: Float32Array, chance: Random): void => {
    const size = h * w * c;
    const moved = new Float32Array(size);
    for (let at = 0; at < batch.length; at += size) {
      const image = batch.subarray(at, at + size);
      const dy = chance.int(2 * reach + 1) - reach;
      const dx = chance.int(2 * reach + 1) - reach;
      const flip = mirror && chance.next() < 0.5;
      moved.fill(0);
      for (let y = Math.max(0, dy); y < Math.min(h, h + dy); y++) {
        for (let x = Math.max(0, dx); x < Math.min(w, w + dx); x++) {
          const from = ((y - dy) * w + (flip ? w - 1 - (x - dx) : x - dx)) * c;
          for (let k = 0; k < c; k++) moved[(y * w + x) * c + k] = image[from + k]!;
        }
      }
      image.set(moved);
    }
  };
}

/** `warp` of pictures of this shape. */
export const warp = (
  [height, width, channels]: Labelled['shape'],
  limits: Parameters<typeof warpPicture>[1],
) => warpPicture({ height, width, channels, pixel: channels, plane: 1 }, limits);
