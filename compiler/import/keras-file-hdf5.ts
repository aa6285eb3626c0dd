/** HDF5 as Keras uses it: attributes that are text, and datasets of numbers below groups. Nothing outside the file is followed. */
import { badFormat, CompileError, nonFinite, overLimit, type Place, unsupported } from '../errors.ts';
import { allocate, type DType, sizeOf, type Tensor } from '../ir/tensor.ts';
import { checkName } from './json.ts';

/** What is read of one file. */
export interface Hdf5 {
  /** Text in an attribute of the root. */
  attribute(name: string): string | undefined;
  /** All datasets below a group but for those in its group `except`, by path from it; the group may be missing. */
  datasets(group: string, allowNonfinite?: boolean, except?: string): Map<string, Tensor>;
}

const maxDepth = 16;
const maxObjects = 20_000;

/** Compressed data may grow this much, and 16 MiB more. */
const maxRatio = 64;

let opened = 0;

/** Throws `E_FORMAT`, `E_LIMIT`, `E_PATH` (links that leave the file), `E_UNSUPPORTED`; closes the file afterwards. */
export async function withHdf5<T>(bytes: Uint8Array, place: Place, use: (file: Hdf5) => T): Promise<T> {
  const { default: h5, FS } = await loadLibrary();
  const path = `/model-${opened++}.h5`;
  FS.writeFile(path, bytes);
  let file: InstanceType<typeof h5.File> | undefined;
  try {
    file = new h5.File(path, 'r');
    if (file.file_id < 0n) throw badFormat('is no HDF5 file that can be read', place);
    return use(new Reader(file, bytes.length, place));
  } catch (error) {
    if (error instanceof CompileError) throw error;
    throw badFormat(`HDF5: ${(error instanceof Error ? error.message : String(error)).slice(0, 200)}`, place);
  } finally {
    try {
      file?.close();
    } catch {
      // A damaged file may not even close; its memory goes with the next line.
    }
    FS.unlink(path);
  }
}

async function loadLibrary() {
  const { default: h5, ready } = await import('h5wasm');
  const { FS } = await ready;
  silence(FS as unknown as Streams);
  return { default: h5, FS };
}

interface Streams {
  readonly streams: readonly ({ readonly path: string } | null)[];
  close(stream: unknown): void;
  open(path: string, flags: string): unknown;
}

/** The library prints every failure to its standard error, stream 2: the next stream opened takes that number. */
function silence(fs: Streams): void {
  if (fs.streams[2]?.path === '/dev/null') return;
  fs.close(fs.streams[2]);
  fs.open('/dev/null', 'w');
}

type Library = Awaited<ReturnType<typeof loadLibrary>>['default'];
type Group = InstanceType<Library['Group']>;
type Dataset = InstanceType<Library['Dataset']>;

interface Found {
  readonly dataset: Dataset;
  readonly place: Place & { readonly node: string };
}

class Reader implements Hdf5 {
  readonly #root: Group;
  readonly #place: Place;
  #bytesLeft: number;
  #objects = 0;

  constructor(root: Group, fileBytes: number, place: Place) {
    this.#root = root;
    this.#bytesLeft = 2 ** 24 + maxRatio * fileBytes;
    this.#place = place;
  }

  attribute(name: string): string | undefined {
    const value = Object.hasOwn(this.#root.attrs, name) ? this.#root.attrs[name].value : undefined;
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw badFormat(`attribute ${name} is no text`, this.#place);
    return value;
  }

  datasets(group: string, allowNonfinite = false, except?: string): Map<string, Tensor> {
    const out = new Map<string, Tensor>();
    const start = group === '' ? this.#root : this.#child(this.#root, group);
    if (!start) return out;
    // All sizes are known to be fit before the first dataset is read.
    for (const { dataset, place } of this.#walk(start as Group, '', 0, except))
      out.set(place.node, this.#tensor(dataset, place, allowNonfinite));
    return out;
  }

  #child(group: Group, name: string): unknown {
    return group.keys().includes(name) ? group.get(name) : undefined;
  }

  #walk(group: Group, path: string, depth: number, except?: string): Found[] {
    if (depth > maxDepth) throw overLimit('depth of groups', depth, maxDepth, this.#place);
    const keys = group.keys().filter((key) => key !== except);
    this.#objects += keys.length;
    if (this.#objects > maxObjects)
      throw overLimit('number of HDF5 objects', this.#objects, maxObjects, this.#place);
    return keys.flatMap((key) => {
      checkName(key, this.#place);
      const name = checkName(path === '' ? key : `${path}/${key}`, this.#place);
      const place = { ...this.#place, node: name, op: 'weight' };
      const child = group.get(key);
      switch ((child as { type?: string } | null)?.type) {
        case 'Group':
          return this.#walk(child as Group, name, depth + 1);
        case 'Dataset':
          this.#count(child as Dataset, place);
          return [{ dataset: child as Dataset, place }];
        case 'ExternalLink':
          throw new CompileError(
            'E_PATH',
            'links to another file',
            place,
            'weights must be in the file itself',
          );
        default:
          throw badFormat('is neither a group nor a dataset', place);
      }
    });
  }

  #count({ metadata }: Dataset, place: Place): void {
    if ((metadata.virtual_sources?.length ?? 0) > 0)
      throw new CompileError(
        'E_PATH',
        'takes its data from other files',
        place,
        'weights must be in the file itself',
      );
    const elements = sizeOf(metadata.shape ?? [], place);
    this.#bytesLeft -= elements * metadata.size;
    if (this.#bytesLeft < 0)
      throw overLimit(
        'size of a dataset in bytes',
        elements * metadata.size,
        this.#bytesLeft + elements * metadata.size,
        place,
      );
  }

  #tensor(d: Dataset, place: Place, allow: boolean): Tensor {
    const { metadata } = d;
    const shape = metadata.shape ?? [];
    const elements = sizeOf(shape, place);
    const dtype = dtypeOf(metadata.type, metadata.size);
    if (!dtype || !metadata.littleEndian)
      throw unsupported(`elements of HDF5 class ${metadata.type} and ${metadata.size} bytes`, place);
    const value = d.value;
    const list = typeof value === 'number' || typeof value === 'bigint' ? [value] : value;
    if (!ArrayBuffer.isView(list) && !Array.isArray(list)) throw badFormat('holds no numbers', place);
    const numbers = list as ArrayLike<number | bigint>;
    if (numbers.length !== elements) throw badFormat(`${numbers.length} elements in shape [${shape}]`, place);
    const data = allocate(dtype, elements);
    let bad = 0;
    for (let i = 0; i < elements; i++) {
      data[i] = Number(numbers[i]);
      if (!Number.isFinite(data[i])) bad++;
    }
    if (bad > 0 && !allow) throw nonFinite(`weight ${JSON.stringify(place.node)}`, bad, place);
    return { dtype, shape, data };
  }
}

/** HDF5 classes: 0 is integer, 1 is float. */
function dtypeOf(type: number, size: number): DType | undefined {
  if (type === 1 && (size === 4 || size === 8)) return 'float32';
  return type === 0 && size <= 8 ? 'int32' : undefined;
}
