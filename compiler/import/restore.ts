/** From the constants of a graph back to the weights of its source file: the inverse of what `Origin` says. */
import { type Place, unsupported } from '../errors.ts';
import type { Graph, Value } from '../ir/graph.ts';
import { rowMajor, type Tensor } from '../ir/tensor.ts';

/** Values this close to the source, relatively, are the source: folding rounds. */
const rounding = 2 ** -21;

/**
 * The weights that constants of the graph come from, by name in the file. `source` gives the values in the file: elements that
 * nothing changed are taken from it, so that they stay the same to the bit. Throws `E_UNSUPPORTED` where channels were removed.
 */
export function restoreWeights(
  graph: Graph,
  source: ReadonlyMap<string, Tensor>,
  place: Place = {},
): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  for (const value of graph.values.values()) {
    const name = value.origin?.weight;
    const original = name === undefined ? undefined : source.get(name);
    if (name === undefined || !original || out.has(name)) continue;
    if (original.dtype !== 'float32' || !value.data) continue;
    if (value.data.length !== original.data.length) {
      throw unsupported(
        `weight ${JSON.stringify(name)} [${original.shape}] has become [${value.shape}]`,
        place,
        'channels were removed: the topology of the source no longer fits',
      );
    }
    out.set(name, { ...original, data: restore(value, original) });
  }
  return out;
}

function restore(value: Value, original: Tensor): Float32Array {
  const from = unfold(value);
  const { perm } = value.origin!;
  const at = perm ? sourceIndex(original.shape, perm) : (i: number) => i;
  const out = Float32Array.from(original.data);
  for (let i = 0; i < from.length; i++) {
    const j = at(i);
    const changed = Math.abs(from[i] - out[j]) > rounding * Math.abs(out[j]);
    if (changed) out[j] = from[i];
  }
  return out;
}

/** `(constant − shift) / scale`, row by row. A row with scale 0 holds nothing of the source: it stays `NaN`, which changes nothing. */
function unfold(value: Value): Float64Array {
  const { scale, shift } = value.origin!;
  const row = value.data!.length / (value.shape[0] ?? 1);
  return Float64Array.from(value.data!, (v, i) => {
    const r = Math.floor(i / row);
    const s = scale?.[r] ?? 1;
    return s === 0 ? Number.NaN : (v - (shift?.[r] ?? 0)) / s;
  });
}

/** Row-major index in `transpose(source, perm)` → index in the source. */
function sourceIndex(source: readonly number[], perm: readonly number[]): (i: number) => number {
  const strides = rowMajor(source);
  const shape = perm.map((p) => source[p]);
  const outer = rowMajor(shape);
  return (i) => {
    let at = 0;
    for (let d = 0; d < shape.length; d++) at += (Math.floor(i / outer[d]) % shape[d]) * strides[perm[d]];
    return at;
  };
}
