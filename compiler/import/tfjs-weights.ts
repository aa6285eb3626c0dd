/**
 * Weights of tfjs models: `weightsManifest` is a list of groups; the bytes of a group are its weights one behind the other,
 * cut into shard files at any boundary. Little-endian, quantized weights as `q · scale + min`.
 */
import { badFormat, nonFinite, overLimit, type Place, truncated, unsupported } from '../errors.ts';
import { type DType, type Shape, sizeOf, type Tensor, type TensorData } from '../ir/tensor.ts';
import type { ModelFiles } from './files.ts';
import { decodeFloat16 } from './float16.ts';
import { asInt, asList, asName, asNumber, asObject, asString, type Json, member } from './json.ts';

/** How elements lie in the file. */
type Stored = 'float32' | 'int32' | 'bool' | 'int8' | 'uint8' | 'uint16' | 'float16';

const storedBytes: Record<Stored, number> = {
  float32: 4,
  int32: 4,
  bool: 1,
  int8: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly stored: Stored;
  /** Affine quantization; absent: none. */
  readonly affine?: { readonly scale: number; readonly min: number };
  /** Within the bytes of the group. */
  readonly offset: number;
  readonly bytes: number;
  /** State of the optimizer, which training left behind: no part of the network. */
  readonly optimizer: boolean;
}

export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
  readonly bytes: number;
}

/** Throws `E_FORMAT`, `E_SHAPE`, `E_LIMIT`, `E_NAME`, `E_UNSUPPORTED`; reads no weight file. */
export function parseManifest(manifest: Json, place: Place): WeightGroup[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return asList(manifest, 'weightsManifest', place).map((entry) => {
    const group = asObject(entry, 'a group of weightsManifest', place);
    let bytes = 0;
    const weights = asList(member(group, 'weights'), 'weights', place).map((w) => {
      const spec = parseSpec(w, bytes, place);
      once(names, spec.name, 'weight', place);
      bytes += spec.bytes;
      return spec;
    });
    const shards = asList(member(group, 'paths'), 'paths', place).map((p) => {
      const path = asString(p, 'a path of weightsManifest', place);
      once(paths, path, 'path', place);
      return path;
    });
    return { paths: shards, weights, bytes };
  });
}

function once(seen: Set<string>, name: string, what: string, place: Place): void {
  if (seen.has(name)) throw badFormat(`${what} ${JSON.stringify(name)} is listed twice`, place);
  seen.add(name);
}

function parseSpec(entry: Json, offset: number, outer: Place): WeightSpec {
  const spec = asObject(entry, 'a weight', outer);
  const name = asName(member(spec, 'name'), 'the name of a weight', outer);
  const place = { ...outer, node: name, op: 'weight' };
  const shape = asList(member(spec, 'shape'), 'shape', place).map((d) => asInt(d, 'a dimension', place));
  const declared = asString(member(spec, 'dtype'), 'dtype', place);
  const how = storage(declared, member(spec, 'quantization') ?? null, place);
  const optimizer = member(spec, 'group') === 'optimizer';
  return { name, shape, ...how, offset, bytes: sizeOf(shape, place) * storedBytes[how.stored], optimizer };
}

function storage(
  declared: string,
  quantization: Json,
  place: Place,
): Pick<WeightSpec, 'dtype' | 'stored' | 'affine'> {
  if (quantization === null) {
    switch (declared) {
      case 'float16':
        return { dtype: 'float32', stored: 'float16' };
      case 'float32':
      case 'int32':
      case 'bool':
      case 'int8':
      case 'uint8':
        return { dtype: declared, stored: declared };
      default:
        throw unsupported(`weights of type ${JSON.stringify(declared)}`, place);
    }
  }
  const q = asObject(quantization, 'quantization', place);
  const stored = asString(member(q, 'dtype'), 'quantization dtype', place);
  if (declared !== 'float32' && declared !== 'int32') {
    throw badFormat(`weights of type ${JSON.stringify(declared)} can't be quantized`, place);
  }
  if (stored === 'float16' && declared === 'float32') return { dtype: declared, stored };
  if (stored !== 'uint8' && stored !== 'uint16') {
    throw badFormat(`quantization to ${JSON.stringify(stored)} is unknown`, place);
  }
  const affine = {
    scale: asNumber(member(q, 'scale'), 'quantization scale', place),
    min: asNumber(member(q, 'min'), 'quantization min', place),
  };
  return { dtype: declared, stored, affine };
}

export interface WeightOptions {
  /** Takes weights with NaN or infinite values. */
  readonly allowNonfinite?: boolean;
}

/**
 * Every weight of the network by name. All sizes are compared before the first file is read; throws `E_TRUNCATED`, `E_FORMAT` (bytes left
 * over), `E_NONFINITE`, and what `ModelFiles` throws.
 */
export function readWeights(
  files: ModelFiles,
  groups: readonly WeightGroup[],
  options: WeightOptions = {},
): Map<string, Tensor> {
  const place = { file: files.main };
  for (const group of groups) checkSize(files, group, place);
  const out = new Map<string, Tensor>();
  for (const group of groups) {
    const bytes = join(
      group.paths.map((p) => files.read(p)),
      group.bytes,
    );
    for (const spec of group.weights.filter((w) => !w.optimizer)) {
      const t = { dtype: spec.dtype, shape: spec.shape, data: decode(spec, bytes) };
      checkValues(spec, t, options, { ...place, node: spec.name, op: 'weight' });
      out.set(spec.name, t);
    }
  }
  return out;
}

function checkSize(files: ModelFiles, group: WeightGroup, place: Place): void {
  const have = group.paths.reduce((n, p) => n + files.size(p), 0);
  const shards = `${group.paths.slice(0, 3).join(', ')}${group.paths.length > 3 ? ', …' : ''}`;
  const what = `${have} bytes in ${shards || 'no file'}, but the weights need ${group.bytes}`;
  if (have < group.bytes) throw truncated(what, place);
  if (have > group.bytes) throw badFormat(what, place);
  if (have > 2 ** 32) throw overLimit('weight bytes', have, 2 ** 32, place);
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const out = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

function decode(spec: WeightSpec, group: Uint8Array): TensorData {
  const { buffer } = new Uint8Array(group.subarray(spec.offset, spec.offset + spec.bytes));
  switch (spec.stored) {
    case 'float32':
      return new Float32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float16':
      return decodeFloat16(new Uint16Array(buffer));
    case 'int8':
      return new Int8Array(buffer);
    case 'bool':
    case 'uint8':
    case 'uint16': {
      const q = spec.stored === 'uint16' ? new Uint16Array(buffer) : new Uint8Array(buffer);
      if (!spec.affine) return q as Uint8Array;
      const { scale, min } = spec.affine;
      return spec.dtype === 'float32'
        ? Float32Array.from(q, (v) => v * scale + min)
        : Int32Array.from(q, (v) => Math.round(v * scale + min));
    }
  }
}

function checkValues(spec: WeightSpec, t: Tensor, options: WeightOptions, place: Place): void {
  if (t.dtype === 'float32' && !options.allowNonfinite) {
    let bad = 0;
    for (const v of t.data) if (!Number.isFinite(v)) bad++;
    if (bad > 0) throw nonFinite(`weight ${JSON.stringify(spec.name)}`, bad, place);
  }
  if (t.dtype === 'bool' && t.data.some((v) => v > 1)) {
    throw badFormat('booleans must be 0 or 1', place);
  }
}
