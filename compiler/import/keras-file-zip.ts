/** Files out of a zip archive whose sizes nobody vouches for. */
import { unzipSync } from 'fflate';
import { badFormat, CompileError, overLimit, type Place } from '../errors.ts';

const maxEntries = 1024;

/** Inflated bytes may be this many times those of the archive, and 1 MiB more. */
const maxRatio = 64;

/** The named entries that are there. Throws `E_FORMAT`, `E_LIMIT`; no other entry is inflated. */
export function unzip(bytes: Uint8Array, names: readonly string[], place: Place): Map<string, Uint8Array> {
  const seen = new Set<string>();
  let entries = 0;
  let left = 2 ** 20 + maxRatio * bytes.length;
  const wanted = (file: { name: string; originalSize: number }) => {
    if (++entries > maxEntries) throw overLimit('number of entries', entries, maxEntries, place);
    if (seen.has(file.name))
      throw badFormat(`entry ${JSON.stringify(file.name.slice(0, 100))} is there twice`, place);
    seen.add(file.name);
    if (!names.includes(file.name)) return false;
    left -= file.originalSize;
    if (left < 0) throw overLimit('inflated bytes', file.originalSize, left + file.originalSize, place);
    return true;
  };
  try {
    return new Map(Object.entries(unzipSync(bytes, { filter: wanted })));
  } catch (error) {
    if (error instanceof CompileError) throw error;
    throw badFormat(`zip: ${(error as Error).message}`, place);
  }
}
