/** Moving NHWC planes about: spreading by a stride, framing, cutting. */

import type { Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { fill } from './kernel.ts';

export type Pads = [[number, number], [number, number], [number, number], [number, number]];

/**
 * x [n, xh, xw, c] in a plane [n, h, w, c]: pixel (y, x) goes to (top + y·sy, left + x·sx), what falls outside is cut,
 * the rest is zero.
 */
export function place(
  tf: Tf,
  x: Tensor4D,
  [top, left]: readonly [number, number],
  [sy, sx]: readonly [number, number],
  [h, w]: readonly [number, number],
): Tensor4D {
  const [n, xh, xw, c] = x.shape;
  if (top === 0 && left === 0 && sy === 1 && sx === 1 && xh === h && xw === w) return x;
  return fill(tf, [n, h, w, c], [x], (out, from) => {
    out.fill(0);
    for (let i = 0; i < n; i++) {
      for (let y = 0; y < xh; y++) {
        const oy = top + y * sy;
        if (oy < 0 || oy >= h) continue;
        for (let px = 0; px < xw; px++) {
          const ox = left + px * sx;
          if (ox < 0 || ox >= w) continue;
          const a = ((i * xh + y) * xw + px) * c;
          const b = ((i * h + oy) * w + ox) * c;
          for (let k = 0; k < c; k++) out[b + k] = from[a + k]!;
        }
      }
    }
  }) as Tensor4D;
}
