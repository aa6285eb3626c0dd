/** Samples from what a user names: arrays in a file, a folder of images, or a module that yields them. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { badData, ioFailed, usage } from '../errors.ts';
import type { TypedPort } from '../ir/graph.ts';
import { cutSamples, type Sample } from '../samples.ts';
import { type ImageOptions, readImages } from './images.ts';
import { readYielded } from './module.ts';
import { readArray, readArrays } from './npy.ts';

export interface SampleSource {
  /** A `.npy`, `.npz` or raw float32 file, a folder of PNG and JPEG images, or an ES module (`.mjs`, `.js`). */
  readonly path: string;
  /** A file with the class of every sample; `folder`: each image's class is the sub-folder that it lies in. */
  readonly labels?: string;
  /** How images become inputs. */
  readonly images?: ImageOptions;
  /** At most so many samples of a folder or a module; all by default. */
  readonly limit?: number;
}

export interface Samples {
  readonly samples: readonly Sample[];
  /** The class of each sample. */
  readonly labels?: Int32Array;
}

/** In all, in bytes, as the model takes them. */
export const maxSampleBytes = 2 ** 31;

/** True where reading runs the user's code. */
export const isModule = ({ path }: SampleSource): boolean => /\.[mc]?js$/i.test(path);

/**
 * Throws `E_IO` for what can't be read, `E_DATA` for what doesn't fit the inputs (with the name of the file) and `E_USAGE` for
 * options that don't go with the source.
 */
export async function readSamples(ports: readonly TypedPort[], source: SampleSource): Promise<Samples> {
  const { path, labels, images = {}, limit } = source;
  const folder = isFolder(path);
  if (!folder && labels === 'folder') throw usage('labels by folder are for a folder of images');
  if (!folder && Object.keys(images).length > 0) throw usage('image options are for a folder of images');
  const read = folder
    ? readImages(ports, path, { ...images, limit, labelled: labels === 'folder' })
    : isModule(source)
      ? await readYielded(ports, path, limit)
      : { samples: cutSamples(ports, readArrays(path)) };
  if (labels === undefined || labels === 'folder') return read;
  if (read.labels) throw usage(`${basename(path)} gives labels itself: leave the file of labels out`);
  return { samples: read.samples, labels: readLabels(labels, read.samples.length) };
}

/** Throws `E_DATA` unless there are `count` whole numbers from 0. */
export function readLabels(path: string, count?: number): Int32Array {
  const { data } = readArray(path);
  const file = basename(path);
  const bad = data.findIndex((v) => !Number.isInteger(v) || v < 0);
  if (bad >= 0) throw badData(`label ${bad} is ${data[bad]}: a class is a whole number from 0`, { file });
  if (count !== undefined && data.length !== count)
    throw badData(`holds ${data.length} labels for ${count} samples`, { file });
  return Int32Array.from(data);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw ioFailed((error as Error).message, { file: basename(path) });
  }
}

export type { ImageOptions } from './images.ts';
