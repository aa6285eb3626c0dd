/** Inputs to run a model on: what the user supplies, or seeded noise. */
import { badData } from './errors.ts';
import type { TypedPort } from './ir/graph.ts';
import { type Random, random } from './ir/random.ts';
import { allocate, type DType, sizeOf, type Tensor } from './ir/tensor.ts';

export type Sample = Readonly<Record<string, Tensor>>;

/**
 * Cuts arrays into samples: each array holds k inputs one after the other, whatever its shape. One array without a name is
 * for a model with one input. Throws `E_DATA`.
 */
export function cutSamples(ports: readonly TypedPort[], arrays: ReadonlyMap<string, Tensor>): Sample[] {
  let count: number | undefined;
  const cut = ports.map((p) => {
    const given =
      arrays.get(p.name) ?? (ports.length === 1 && arrays.size === 1 ? [...arrays.values()][0] : undefined);
    if (!given) throw badData(`has no array for input ${JSON.stringify(p.name)}`);
    const size = sizeOf(p.shape);
    const n = given.data.length / size;
    if (!Number.isInteger(n) || n === 0)
      throw badData(
        `${given.data.length} values for input ${JSON.stringify(p.name)} are no multiple of [${p.shape}]`,
      );
    if (count !== undefined && n !== count) throw badData(`inputs have ${count} and ${n} samples`);
    count = n;
    const data = given.dtype === p.dtype ? given.data : convert(given.data, p.dtype);
    return (i: number): Tensor => ({ ...p, data: data.subarray(i * size, (i + 1) * size) as typeof data });
  });
  return Array.from({ length: count ?? 0 }, (_, i) =>
    Object.fromEntries(ports.map((p, k) => [p.name, cut[k](i)])),
  );
}

function convert(values: ArrayLike<number>, dtype: DType): Tensor['data'] {
  const out = allocate(dtype, values.length);
  for (let i = 0; i < values.length; i++) out[i] = values[i];
  return out;
}

/** Normal where floats are wanted, every step where bytes are; 0 and 1 elsewhere: every table has these two rows. */
export function randomSamples(ports: readonly TypedPort[], count: number, seed: number): Sample[] {
  const rng = random(seed);
  return Array.from({ length: count }, () => Object.fromEntries(ports.map((p) => [p.name, noise(p, rng)])));
}

function noise({ dtype, shape }: TypedPort, rng: Random): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  const value = {
    float32: () => rng.normal(),
    uint8: () => rng.int(256),
    int8: () => rng.int(256) - 128,
    int32: () => rng.int(2),
    bool: () => rng.int(2),
  }[dtype];
  for (let i = 0; i < data.length; i++) data[i] = value();
  return { dtype, shape, data };
}
