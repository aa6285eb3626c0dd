/**
 * Images turned, scaled, sheared and moved a little. What the dense network says to them is known: in calibration, beside the images
 * themselves, they make up for moments of few samples (Frantar & Alistarh 2022 calibrate on ten variations of each); in training
 * they are what can't be learnt by heart.
 */
import { type Graph, portsOf } from '../ir/graph.ts';
import { type Random, random } from '../ir/random.ts';
import { calibration, join, type Part, type Parts } from './data.ts';
import { samplesWithin } from './layers.ts';
import type { Augment } from './train/data.ts';

/** Samples below which images are varied, samples with their copies, copies of each, and multiply-accumulates of all, at most. */
const few = 1024;
const enough = 4096;
const mostCopies = 15;
const affordable = 1e10;

/** Radians, shares and pixels of images of 28 × 28. */
const slight = { turn: 0.2, scale: 0.12, shear: 0.16 } as const;
const reach = 2 / 28;

export interface CalibrationSettings {
  readonly calibration?: number;
  readonly vary?: boolean;
  readonly seed: number;
}

/** What layers are fitted on: at most `calibration` samples and, of few images, variations of them. */
export function calibrated(
  graph: Graph,
  parts: Parts,
  { calibration: most, vary, seed }: CalibrationSettings,
): Part {
  const part = calibration(parts, most);
  const change = vary ? variation(graph) : undefined;
  if (!change || part.n >= few) return part;
  const limit = Math.min(enough, samplesWithin(graph, affordable));
  const copies = Math.min(mostCopies, Math.floor(limit / part.n) - 1);
  const chance = random(seed);
  let all = part;
  for (let i = 0; i < copies; i++) {
    const x = part.x.slice();
    change(x, chance);
    all = join(all, { ...part, x });
  }
  return all;
}

/** Varies a batch of the graph's pictures; undefined where its input is none. */
export function variation(graph: Graph): Augment | undefined {
  const image = imageOf(graph);
  return image && warp(image, { ...slight, reach: reach * Math.min(image.height, image.width) });
}

/** How a picture lies in a sample: `pixel` values from one pixel to the next, `plane` from one channel to the next. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixel: number;
  readonly plane: number;
}

const fewestPixels = 8;
/** Of the longer side to the shorter one; spectra are mostly longer, and time is not frequency. */
const longest = 4 / 3;

/** The graph's only input as a picture of 1 or 3 channels; undefined where it is none. */
export function imageOf(graph: Graph): Picture | undefined {
  const [port, ...others] = portsOf(graph, graph.inputs);
  if (others.length > 0 || port.dtype !== 'float32' || port.shape.length !== 4 || port.shape[0] !== 1)
    return undefined;
  const colours = (c: number) => c === 1 || c === 3;
  const [, a, b, c] = port.shape;
  const last = colours(c);
  if (!last && !colours(a)) return undefined;
  const [height, width, channels] = last ? [a, b, c] : [b, c, a];
  const [short, long] = [Math.min(height, width), Math.max(height, width)];
  if (short < fewestPixels || long > longest * short) return undefined;
  return { height, width, channels, pixel: last ? channels : 1, plane: last ? 1 : height * width };
}

/**
 * Turns every picture of a batch by up to `turn` radians, scales it by up to `scale` each way, shears it by up to `shear` and
 * moves it by up to `reach` pixels, about its centre and bilinearly; its edge goes on outside.
 */
export function warp(
  picture: Picture,
  { turn, scale, shear, reach }: Record<'turn' | 'scale' | 'shear' | 'reach', number>,
) {
  const { height: h, width: w, channels, pixel, plane } = picture;
  return (batch: Float32Array, chance: Random): void => {
    const within = (limit: number) => limit * (2 * chance.next() - 1);
    const size = h * w * channels;
    for (let at = 0; at < batch.length; at += size) {
      const image = batch.subarray(at, at + size);
      const source = image.slice();
      const angle = within(turn);
      const [sy, sx, k] = [1 + within(scale), 1 + within(scale), within(shear)];
      const [dy, dx] = [within(reach), within(reach)];
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          const [v, u] = [y - (h - 1) / 2 - dy, x - (w - 1) / 2 - dx];
          const fromY = (sin * u + cos * v) * sy + (h - 1) / 2;
          const fromX = (cos * u - sin * v + k * v) * sx + (w - 1) / 2;
          for (let c = 0; c < channels; c++) {
            image[(y * w + x) * pixel + c * plane] = between(picture, source, c * plane, fromY, fromX);
          }
        }
      }
    }
  };
}

/** A channel, from `offset` on, between the pixels at (y, x). */
function between(
  { height, width, pixel }: Picture,
  source: Float32Array,
  offset: number,
  y: number,
  x: number,
): number {
  const [y0, x0] = [Math.floor(y), Math.floor(x)];
  const inside = (i: number, size: number) => Math.min(size - 1, Math.max(0, i));
  let sum = 0;
  for (let j = 0; j < 2; j++) {
    for (let i = 0; i < 2; i++) {
      const at = (inside(y0 + j, height) * width + inside(x0 + i, width)) * pixel + offset;
      sum += source[at] * (1 - Math.abs(y - y0 - j)) * (1 - Math.abs(x - x0 - i));
    }
  }
  return sum;
}
