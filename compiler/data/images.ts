/**
 * A folder of PNG and JPEG files as inputs of a model. Pixels are fitted to the input's height and width by an antialiased
 * triangle filter, as Pillow and torchvision do it, and become (p / 255 · scale − mean) / std.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { badData, CompileError, ioFailed, overLimit, usage } from '../errors.ts';
import type { TypedPort } from '../ir/graph.ts';
import { allocate, sizeOf, type Tensor } from '../ir/tensor.ts';
import type { Sample } from '../samples.ts';
import { decodeImage, type Pixels } from './decode.ts';
import { maxSampleBytes, type Samples } from './index.ts';
import { resample } from './resample.ts';

export const imageFits = ['cover', 'contain', 'fill'] as const;

export interface ImageOptions {
  /**
   * What becomes of other proportions: `cover`, the default, cuts the longer side off evenly; `contain` leaves black margins;
   * `fill` distorts.
   */
  readonly fit?: (typeof imageFits)[number];
  /** What the brightest value becomes: 1 by default; 255 keeps bytes as they are. */
  readonly scale?: number;
  /** Subtracted from the scaled values, one number or one a channel; 0 by default. */
  readonly mean?: readonly number[];
  /** Then divided by; 1 by default. */
  readonly std?: readonly number[];
}

export interface FolderOptions extends ImageOptions {
  /** At most so many, spread evenly over the sorted files. */
  readonly limit?: number;
  /** Classes by sub-folder. */
  readonly labelled?: boolean;
}

const maxFileBytes = 2 ** 27;
const maxFiles = 2_000_000;

/** Throws `E_DATA`, with the name of the file, `E_LIMIT`, `E_IO`, and `E_USAGE` for a model that takes no image. */
export function readImages(ports: readonly TypedPort[], folder: string, options: FolderOptions): Samples {
  const layout = layoutOf(ports);
  const [port] = ports;
  const change = normalization(options, layout.channels);
  const all = imagesIn(folder);
  if (all.length === 0) throw badData('holds no .png, .jpg or .jpeg file', { file: folder });
  const files = spread(all, options.limit ?? all.length);
  const size = sizeOf(port.shape);
  if (files.length * size * 4 > maxSampleBytes) {
    throw badData(
      `${files.length} images make more than ${maxSampleBytes / 2 ** 30} GiB of samples`,
      { file: folder },
      'take fewer with --samples',
    );
  }
  const samples = files.map((file): Sample => {
    try {
      const pixels = decodeImage(bytesOf(join(folder, file)), layout.channels);
      return { [port.name]: inputOf(port, layout, fitted(pixels, layout, options.fit), change) };
    } catch (error) {
      throw error instanceof CompileError ? error.at({ file }) : error;
    }
  });
  return { samples, ...(options.labelled && { labels: labelsOf(all, files) }) };
}

interface Layout {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly channelsFirst: boolean;
}

/** [1, H, W, C] or [1, C, H, W] with 1, 3 or 4 channels; [1, H, W] or [H, W] is grey. */
function layoutOf(ports: readonly TypedPort[]): Layout {
  const [{ shape, name }] = ports;
  const dims = shape.length > 2 && shape[0] === 1 ? shape.slice(1) : shape;
  const [a, b, c] = dims;
  if (ports.length === 1 && dims.length === 2 && (shape.length === 3 || shape[0] !== 1))
    return { height: a, width: b, channels: 1, channelsFirst: false };
  if (ports.length === 1 && dims.length === 3) {
    // Four channels last, as few models have them: a width of four is as likely.
    const few = (n: number) => n === 1 || n === 3;
    if (few(c) || (c === 4 && !few(a))) return { height: a, width: b, channels: c, channelsFirst: false };
    if (few(a) || a === 4) return { height: b, width: c, channels: a, channelsFirst: true };
  }
  throw usage(
    `images don't fit a model with input ${name} [${shape}]`,
    'images go into one input of [1, height, width, channels] or [1, channels, height, width]; for others write an ES module',
  );
}

/** Paths in `folder`, sorted by code unit: the same everywhere. */
function imagesIn(folder: string): string[] {
  const found: string[] = [];
  const visit = (inside: string) => {
    for (const entry of readdirSync(join(folder, inside), { withFileTypes: true })) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) visit(path);
      else if (/\.(png|jpe?g)$/i.test(entry.name)) found.push(path);
      if (found.length > maxFiles) throw overLimit('the number of images', found.length, maxFiles);
    }
  };
  try {
    visit('');
  } catch (error) {
    if (error instanceof CompileError) throw error;
    throw ioFailed((error as Error).message, { file: folder });
  }
  return found.sort();
}

function spread<T>(list: readonly T[], count: number): T[] {
  const n = Math.min(count, list.length);
  return Array.from({ length: n }, (_, i) => list[Math.floor((i * list.length) / n)]);
}

function bytesOf(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > maxFileBytes) throw overLimit('file size in bytes', size, maxFileBytes);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof CompileError) throw error;
    throw ioFailed((error as Error).message);
  }
}

/**
 * Classes are the sub-folders in order of their names; where all names are whole numbers, they are the classes. They are
 * counted over all images, also where only some are taken.
 */
function labelsOf(all: readonly string[], taken: readonly string[]): Int32Array {
  const folderOf = (path: string) => {
    const at = path.indexOf('/');
    if (at < 0) throw badData('lies in no sub-folder that says its class', { file: path });
    return path.slice(0, at);
  };
  const names = [...new Set(all.map(folderOf))].sort();
  const numbered = names.every((n) => /^\d{1,9}$/.test(n));
  const classes = new Map(names.map((n, i) => [n, numbered ? Number(n) : i]));
  return Int32Array.from(taken, (path) => classes.get(folderOf(path))!);
}

function fitted(pixels: Pixels, { height, width }: Layout, fit: ImageOptions['fit'] = 'cover'): Pixels {
  const { width: w, height: h } = pixels;
  if (fit === 'fill') return resample(pixels, { x: 0, y: 0, width: w, height: h }, width, height);
  const [sx, sy] = [width / w, height / h];
  if (fit === 'cover') {
    const scale = Math.max(sx, sy);
    const [cw, ch] = [width / scale, height / scale];
    const box = { x: (w - cw) / 2, y: (h - ch) / 2, width: cw, height: ch };
    return resample(pixels, box, width, height);
  }
  const scale = Math.min(sx, sy);
  const iw = Math.max(1, Math.round(w * scale));
  const ih = Math.max(1, Math.round(h * scale));
  const inner = resample(pixels, { x: 0, y: 0, width: w, height: h }, iw, ih);
  return framed(inner, width, height);
}

/** In the middle of a black canvas. */
function framed({ width: w, height: h, channels, data }: Pixels, width: number, height: number): Pixels {
  const out = new Float32Array(width * height * channels);
  const [x, y] = [Math.floor((width - w) / 2), Math.floor((height - h) / 2)];
  for (let row = 0; row < h; row++) {
    const from = row * w * channels;
    out.set(data.subarray(from, from + w * channels), ((row + y) * width + x) * channels);
  }
  return { width, height, channels, data: out };
}

type Normalization = (value: number, channel: number) => number;

function normalization({ scale = 1, mean = [0], std = [1] }: ImageOptions, channels: number): Normalization {
  for (const [name, list] of Object.entries({ mean, std })) {
    if (list.length !== 1 && list.length !== channels)
      throw usage(`image ${name} has ${list.length} numbers for ${channels} channels`);
  }
  if (std.some((v) => v === 0)) throw usage('image std must not be 0');
  const of = (list: readonly number[], c: number) => list[list.length === 1 ? 0 : c];
  return (value, c) => ((value / 255) * scale - of(mean, c)) / of(std, c);
}

function inputOf({ dtype, shape }: TypedPort, layout: Layout, pixels: Pixels, change: Normalization): Tensor {
  const { height, width, channels, channelsFirst } = layout;
  const data = allocate(dtype, sizeOf(shape));
  const plane = height * width;
  for (let p = 0; p < plane; p++) {
    for (let c = 0; c < channels; c++) {
      data[channelsFirst ? c * plane + p : p * channels + c] = change(pixels.data[p * channels + c], c);
    }
  }
  return { dtype, shape, data };
}
