/** Resizing by a triangle filter that widens with the reduction, so that nothing aliases (Pillow's `BILINEAR`). */
import type { Pixels } from './decode.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the picture in `box`, which may end between pixels, as `width` × `height` pixels. */
export function resample(pixels: Pixels, box: Box, width: number, height: number): Pixels {
  const { channels } = pixels;
  const columns = weightsOf(pixels.width, box.x, box.width, width);
  const rows = weightsOf(pixels.height, box.y, box.height, height);
  const across = new Float32Array(pixels.height * width * channels);
  for (let y = 0; y < pixels.height; y++) {
    columns.forEach(({ from, weights }, x) => {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          sum += weights[k] * pixels.data[(y * pixels.width + from + k) * channels + c];
        }
        across[(y * width + x) * channels + c] = sum;
      }
    });
  }
  const data = new Float32Array(width * height * channels);
  const line = width * channels;
  rows.forEach(({ from, weights }, y) => {
    for (let i = 0; i < line; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * across[(from + k) * line + i];
      data[y * line + i] = sum;
    }
  });
  return { width, height, channels, data };
}

interface Taps {
  /** The first source pixel. */
  readonly from: number;
  /** Sum to 1. */
  readonly weights: Float64Array;
}

function weightsOf(size: number, start: number, extent: number, count: number): Taps[] {
  const scale = extent / count;
  const reach = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const from = Math.max(0, Math.floor(centre - reach + 0.5));
    const to = Math.min(size, Math.max(from + 1, Math.floor(centre + reach + 0.5)));
    const weights = Float64Array.from({ length: to - from }, (_, k) =>
      Math.max(0, 1 - Math.abs(from + k + 0.5 - centre) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { from, weights: weights.map((w) => w / sum) };
  });
}
