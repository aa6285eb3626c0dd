/** Samples that an ES module of the user yields. */
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { badData, CompileError } from '../errors.ts';
import type { TypedPort } from '../ir/graph.ts';
import { sizeOf, type TensorData } from '../ir/tensor.ts';
import { cutSamples, type Sample } from '../samples.ts';
import { maxSampleBytes, type Samples } from './index.ts';

/**
 * The module's default export is an iterable or an async iterable, or a function that gives one when it is called with
 * `{ inputs, limit }`. Each item is one sample or several after the other: numbers (an array, a typed array, or an object
 * with them under `data`) for a model with one input, such numbers by the name of the input otherwise, or
 * `{ inputs, labels }` with either of these and the class or classes.
 */
export async function readYielded(
  ports: readonly TypedPort[],
  path: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<Samples> {
  const file = basename(path);
  const samples: Sample[] = [];
  const labels: number[] = [];
  const perSample = 4 * ports.reduce((n, p) => n + sizeOf(p.shape), 0);
  let item = 0;
  try {
    for await (const given of await iterated(path, file, ports, limit)) {
      const place = { file: `${file}, item ${item++}` };
      const { inputs, classes } = parts(given, ports, place);
      const cut = cutSamples(ports, inputs);
      if (classes && classes.length !== cut.length)
        throw badData(`has ${cut.length} samples, but ${classes.length} labels`, place);
      samples.push(...cut);
      labels.push(...(classes ?? []));
      if (labels.length > 0 && labels.length !== samples.length)
        throw badData('has no labels, but others have', place);
      if (samples.length * perSample > maxSampleBytes)
        throw badData(`more than ${maxSampleBytes / 2 ** 30} GiB of samples`, { file });
      if (samples.length >= limit) break;
    }
  } catch (error) {
    if (error instanceof CompileError) throw error.at({ file: `${file}, item ${item - 1}` });
    throw badData(`failed: ${(error as Error)?.message ?? error}`, { file });
  }
  if (samples.length === 0) throw badData('yields no sample', { file });
  const n = Math.min(samples.length, limit);
  return {
    samples: samples.slice(0, n),
    ...(labels.length > 0 && { labels: Int32Array.from(labels.slice(0, n)) }),
  };
}

type Items = AsyncIterable<unknown> | Iterable<unknown>;

async function iterated(
  path: string,
  file: string,
  ports: readonly TypedPort[],
  limit: number,
): Promise<Items> {
  const exported: unknown = (await import(pathToFileURL(resolve(path)).href)).default;
  const inputs = ports.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const items: unknown = typeof exported === 'function' ? await exported({ inputs, limit }) : exported;
  if (
    typeof items === 'object' &&
    items !== null &&
    (Symbol.asyncIterator in items || Symbol.iterator in items)
  )
    return items as Items;
  throw badData(
    'has no default export that can be iterated',
    { file },
    'export default async function* () { yield sample; }',
  );
}

type Place = { readonly file: string };

function parts(given: unknown, ports: readonly TypedPort[], place: Place) {
  const record = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  const wrapped = 'inputs' in record && !ports.some((p) => p.name === 'inputs');
  const values = wrapped ? record.inputs : given;
  const said = wrapped ? (record.labels ?? record.label) : undefined;
  const listed = typeof said === 'number' ? [said] : numbersOf(said);
  const classes = listed && Array.from(listed);
  if (said !== undefined && !classes?.every((c) => Number.isInteger(c) && c >= 0))
    throw badData('has a label that is no whole number from 0', place);
  const single = numbersOf(values);
  const named = (p: TypedPort) => {
    const of = single ? undefined : numbersOf((values as Record<string, unknown> | null)?.[p.name]);
    if (!of) throw badData(`has no numbers for input ${JSON.stringify(p.name)}`, place);
    return [p.name, tensor(of)] as const;
  };
  if (single && ports.length > 1) throw badData(`has numbers for one input of ${ports.length}`, place);
  const inputs = new Map(single ? [['', tensor(single)] as const] : ports.map(named));
  return { inputs, classes };
}

function tensor(values: ArrayLike<number>) {
  const data: TensorData = values instanceof Float32Array ? values.slice() : Float32Array.from(values);
  return { dtype: 'float32' as const, shape: [data.length], data };
}

function numbersOf(value: unknown): (ArrayLike<number> & Iterable<number>) | undefined {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as Float32Array;
  if (Array.isArray(value)) {
    const flat = value.flat(Number.POSITIVE_INFINITY);
    return flat.every((v) => typeof v === 'number') ? (flat as number[]) : undefined;
  }
  if (typeof value === 'object' && value !== null && 'data' in value) return numbersOf(value.data);
  return undefined;
}
