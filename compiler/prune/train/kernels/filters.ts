/**
 * Gradients of filters: products of x and dy summed over images and pixels, block by block, from where both lie.
 *
 * Notation: x [n, h, w, c], dy [n, oh, ow, oc], filter [kh, kw, c, oc] or, depthwise, [kh, kw, c].
 */

import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import type { ConvInfo } from './convolution.ts';
import { fill } from './kernel.ts';
import { addressOf, blockColumns, blockRows, simd } from './simd.ts';

const float = 4;
/** Pixels of one image, or of several that lie as one, that the caches hold. */
const fewPixels = 512;

export function convolutionFilter(tf: Tf, x: Tensor, dy: Tensor, info: ConvInfo): Tensor {
  const { inChannels: c, outChannels: o } = info;
  const kernels = simd(tf);
  const blocks = blocksOf(c, blockRows).flatMap((i) =>
    blocksOf(o, blockColumns).map((j) => ({ i: i.at, j: j.at, run: kernels.outer(i.size, j.size) })),
  );
  return eachTap(tf, x, dy, pooled(info), [info.filterHeight, info.filterWidth, c, o], (s) => {
    for (const { i, j, run } of blocks) {
      const acc = s.out + float * (s.tap * c * o + i * o + j);
      run(acc, s.x + float * i, s.dy + float * j, s.rows, s.columns, ...s.steps, float * o);
    }
  });
}

/** One output for each channel. */
export function depthwiseFilters(tf: Tf, x: Tensor, dy: Tensor, info: ConvInfo): Tensor {
  const { inChannels: c } = info;
  const kernels = simd(tf);
  const blocks = blocksOf(c, blockColumns).map(({ at, size }) => ({ at, run: kernels.along(size) }));
  return eachTap(tf, x, dy, info, [info.filterHeight, info.filterWidth, c, 1], (s) => {
    for (const { at, run } of blocks) {
      const from = float * at;
      run(s.out + float * (s.tap * c + at), s.x + from, s.dy + from, s.rows, s.columns, ...s.steps, 0);
    }
  });
}

type Geometry = Pick<
  ConvInfo,
  | 'batchSize'
  | 'inHeight'
  | 'inWidth'
  | 'inChannels'
  | 'outHeight'
  | 'outWidth'
  | 'outChannels'
  | 'strideHeight'
  | 'strideWidth'
  | 'dilationHeight'
  | 'dilationWidth'
  | 'filterHeight'
  | 'filterWidth'
> & { readonly padInfo: { readonly top: number; readonly left: number } };

/** Images of a 1×1 convolution as one, where they are small. */
function pooled(info: Geometry): Geometry {
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, batchSize: n } = info;
  const pixels = inHeight * inWidth;
  if (filterHeight * filterWidth > 1 || inHeight !== outHeight || inWidth !== outWidth) return info;
  if (info.padInfo.top !== 0 || info.padInfo.left !== 0) return info;
  let joined = 1;
  for (let k = 2; k <= n && k * pixels <= fewPixels; k++) if (n % k === 0) joined = k;
  const row = { inHeight: 1, outHeight: 1, inWidth: joined * pixels, outWidth: joined * pixels };
  return { ...info, ...row, batchSize: n / joined };
}

interface Slab {
  readonly out: number;
  /** ky · kw + kx. */
  readonly tap: number;
  /** The first pixel of x and of dy that belong together; rows and columns of such pixels. */
  readonly x: number;
  readonly dy: number;
  readonly rows: number;
  readonly columns: number;
  /** Bytes from row to row of x and of dy, and from pixel to pixel. */
  readonly steps: readonly [number, number, number, number];
}

/** Image by image, so that both stay in the caches; sums of images are added up in the result, which keeps them short. */
function eachTap(
  tf: Tf,
  x: Tensor,
  dy: Tensor,
  g: Geometry,
  shape: number[],
  sum: (slab: Slab) => void,
): Tensor {
  const result = fill(tf, shape, [], (out) => out.fill(0));
  const [out, xs, dys] = [result, x, dy].map((t) => addressOf(tf, t)) as [number, number, number];
  const [inPixel, outPixel] = [float * g.inChannels, float * g.outChannels];
  const steps = [
    g.strideHeight * g.inWidth * inPixel,
    g.outWidth * outPixel,
    g.strideWidth * inPixel,
    outPixel,
  ] as const;
  for (let n = 0; n < g.batchSize; n++) {
    for (let ky = 0; ky < g.filterHeight; ky++) {
      const y = ky * g.dilationHeight - g.padInfo.top;
      const [top, rows] = inside(y, g.strideHeight, g.inHeight, g.outHeight);
      for (let kx = 0; kx < g.filterWidth && rows > 0; kx++) {
        const left = kx * g.dilationWidth - g.padInfo.left;
        const [first, columns] = inside(left, g.strideWidth, g.inWidth, g.outWidth);
        if (columns <= 0) continue;
        const row = n * g.inHeight + y + top * g.strideHeight;
        const pixel = row * g.inWidth + left + first * g.strideWidth;
        sum({
          out,
          tap: ky * g.filterWidth + kx,
          x: xs + pixel * inPixel,
          dy: dys + ((n * g.outHeight + top) * g.outWidth + first) * outPixel,
          rows,
          columns,
          steps,
        });
      }
    }
  }
  return result;
}

/** The first of `count` positions o with 0 ≤ start + o · stride < size, and how many there are. */
function inside(start: number, stride: number, size: number, count: number): [number, number] {
  const first = Math.max(0, Math.ceil(-start / stride));
  const end = Math.min(count, Math.ceil((size - start) / stride));
  return [first, end - first];
}

function blocksOf(total: number, sizes: readonly number[]): { at: number; size: number }[] {
  const blocks: { at: number; size: number }[] = [];
  for (let at = 0; at < total; at += blocks.at(-1)!.size) {
    blocks.push({ at, size: sizes.find((s) => s <= total - at)! });
  }
  return blocks;
}
