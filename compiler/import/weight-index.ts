/** Finds the weights of a layer among the names that the many writers of Keras models give them. */
import type { Tensor } from '../ir/tensor.ts';

export class WeightIndex {
  readonly #tensors: ReadonlyMap<string, Tensor>;
  /** `layer/weight` (the last two parts of a name) → all names that end so. */
  readonly #tails = new Map<string, string[]>();

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
    for (const name of tensors.keys()) {
      const parts = name.split('/');
      const weight = parts.pop();
      // `lstm/lstm_cell/kernel` is found as `lstm/kernel` too: TensorFlow 2.2 began to name cells.
      for (const layer of parts.slice(-2)) push(this.#tails, `${layer}/${weight}`, name);
    }
  }

  names(): Iterable<string> {
    return this.#tensors.keys();
  }

  get(name: string): Tensor {
    return this.#tensors.get(name)!;
  }

  /**
   * The name in the file of a weight of a layer. `owners` are the paths under which the layer may be known, best first; a name
   * is also found below further scopes (`model/layer/weight`) where only one fits.
   */
  find(owners: readonly string[], weight: string): string | undefined {
    for (const owner of owners) {
      const exact = `${owner}/${weight}`;
      if (this.#tensors.has(exact)) return exact;
      const tail = exact.split('/').slice(-2).join('/');
      const inside = (this.#tails.get(tail) ?? []).filter((n) => fits(n, owner, weight));
      if (inside.length === 1) return inside[0];
    }
    return undefined;
  }
}

/** `…/owner/weight` or `…/owner/cell/weight`. */
function fits(name: string, owner: string, weight: string): boolean {
  const body = name.slice(0, -weight.length - 1);
  const below = body.slice(0, Math.max(0, body.lastIndexOf('/')));
  return [body, below].some((path) => path === owner || path.endsWith(`/${owner}`));
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (!list) map.set(key, [value]);
  else if (list.at(-1) !== value) list.push(value);
}
