/** Arrays from files: `.npy` and `.npz` of NumPy, or plain little-endian float32. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { unzipSync } from 'fflate';
import { badData, ioFailed } from '../errors.ts';
import type { DType, Tensor } from '../ir/tensor.ts';

/** Arrays of a file by name; a `.npy` or a raw file holds one, under the name ''. Raw files have rank 1. */
export function readArrays(path: string): Map<string, Tensor> {
  const file = basename(path);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw ioFailed((error as Error).message, { file });
  }
  if (/\.npy$/i.test(path)) return new Map([['', parseNpy(bytes, file)]]);
  if (/\.npz$/i.test(path)) return parseNpz(bytes, file);
  if (bytes.length % 4 !== 0)
    throw badData(`${bytes.length} bytes are no float32 array`, { file }, 'use .npy, .npz or raw float32');
  const data = new Float32Array(new Uint8Array(bytes).buffer);
  return new Map([['', { dtype: 'float32', shape: [data.length], data }]]);
}

/** The one array of a file. */
export function readArray(path: string): Tensor {
  const arrays = readArrays(path);
  if (arrays.size !== 1) {
    throw badData(`holds ${arrays.size} arrays, one is wanted`, { file: basename(path) });
  }
  return [...arrays.values()][0];
}

/** In all, unpacked. */
const maxUnpacked = 2 ** 31;
const maxEntries = 1000;

function parseNpz(bytes: Uint8Array, file: string): Map<string, Tensor> {
  let entries = 0;
  let total = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ originalSize }) => {
        total += originalSize;
        if (++entries > maxEntries || total > maxUnpacked) throw badData('is too large', { file });
        return true;
      },
    });
  } catch (error) {
    throw badData(`can't be unpacked: ${(error as Error).message}`, { file });
  }
  return new Map(
    Object.entries(files).map(([name, content]) => [
      name.replace(/\.npy$/, ''),
      parseNpy(content, `${file}/${name}`),
    ]),
  );
}

interface Kind {
  readonly dtype: DType;
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

// biome-ignore format: a table
const kinds: Readonly<Record<string, Kind>> = {
  '<f4': { dtype: 'float32', bytes: 4, read: (v, at) => v.getFloat32(at, true) },
  '<f8': { dtype: 'float32', bytes: 8, read: (v, at) => v.getFloat64(at, true) },
  '<i4': { dtype: 'int32', bytes: 4, read: (v, at) => v.getInt32(at, true) },
  '<i8': { dtype: 'int32', bytes: 8, read: (v, at) => Number(v.getBigInt64(at, true)) },
  '|u1': { dtype: 'uint8', bytes: 1, read: (v, at) => v.getUint8(at) },
  '|i1': { dtype: 'int8', bytes: 1, read: (v, at) => v.getInt8(at) },
  '|b1': { dtype: 'bool', bytes: 1, read: (v, at) => v.getUint8(at) },
};

/**
 *     \x93NUMPY  major minor  header length (u16, from version 2 on u32)  header: a Python dict in ASCII  data
 *
 * Float64 becomes float32, int64 becomes int32.
 */
export function parseNpy(bytes: Uint8Array, file: string): Tensor {
  const bad = (reason: string) => badData(reason, { file });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY')
    throw bad('is no .npy file');
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.length) throw bad('is cut off');
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, end));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? '';
  const shapeText = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  const kind = Object.hasOwn(kinds, descr) ? kinds[descr] : undefined;
  if (!kind)
    throw bad(`holds elements of type ${JSON.stringify(descr)}; ${Object.keys(kinds).join(', ')} are read`);
  if (/'fortran_order':\s*True/.test(header))
    throw bad('is in Fortran order; save it with numpy.ascontiguousarray');
  if (shapeText === undefined) throw bad('has no shape');
  const shape = shapeText.split(',').flatMap((d) => (d.trim() === '' ? [] : [Number(d)]));
  const length = shape.reduce((n, d) => n * d, 1);
  if (end + length * kind.bytes !== bytes.length)
    throw bad(`does not hold the ${length} elements of [${shape}]`);
  const types = {
    float32: Float32Array,
    int32: Int32Array,
    int8: Int8Array,
    uint8: Uint8Array,
    bool: Uint8Array,
  };
  const data = new types[kind.dtype](length);
  for (let i = 0; i < length; i++) data[i] = kind.read(view, end + i * kind.bytes);
  return { dtype: kind.dtype, shape, data };
}
