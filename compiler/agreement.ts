/** How far two sets of results are apart. */
import { largest, type Tensor } from './ir/tensor.ts';

/** ‖error‖₂ against ‖reference‖₂, the largest error against the largest reference value, and by itself. */
export interface Tolerance {
  readonly relL2: number;
  readonly maxRel: number;
  readonly maxAbs?: number;
}

export interface Flip {
  /** Index of the sample. */
  readonly sample: number;
  readonly expected: number;
  readonly got: number;
  /** What separates the reference's first from the class that was taken for it. */
  readonly margin: number;
}

export interface AgreementFacts {
  readonly n: number;
  readonly maxAbs: number;
  readonly meanAbs: number;
  /** ‖got − want‖₂ / ‖want‖₂ over everything. */
  readonly relL2: number;
  /** Largest magnitude of the reference. */
  readonly maxRef: number;
  /** Share of samples with the same largest element of the first output. */
  readonly top1Agreement: number;
  readonly flips: readonly Flip[];
}

export function within(facts: AgreementFacts, tolerance: Tolerance): boolean {
  const { relL2, maxRel, maxAbs = Number.POSITIVE_INFINITY } = tolerance;
  const { maxAbs: worst, maxRef } = facts;
  return (
    facts.relL2 <= relL2 &&
    worst <= maxAbs &&
    (maxRel === Number.POSITIVE_INFINITY || worst <= maxRel * maxRef)
  );
}

type Results = Readonly<Record<string, Tensor>>;

export class Agreement {
  #n = 0;
  #elements = 0;
  #sum = 0;
  #squares = 0;
  #reference = 0;
  #max = 0;
  #maxRef = 0;
  readonly #flips: Flip[] = [];

  add(want: Results, got: Results): void {
    for (const [name, { data }] of Object.entries(want)) {
      const other = got[name].data;
      for (let i = 0; i < data.length; i++) {
        if (Number.isFinite(data[i])) {
          this.#reference += data[i] ** 2;
          this.#maxRef = Math.max(this.#maxRef, Math.abs(data[i]));
        }
        if (Object.is(data[i], other[i])) continue;
        const d = Math.abs(data[i] - other[i]);
        // A NaN or an infinity that the other side doesn't have is as far away as can be.
        const off = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
        this.#max = Math.max(this.#max, off);
        this.#sum += off;
        this.#squares += off ** 2;
      }
      this.#elements += data.length;
    }
    const [name] = Object.keys(want);
    const expected = largest(want[name].data);
    const actual = largest(got[name].data);
    if (expected !== actual) {
      const margin = want[name].data[expected] - want[name].data[actual];
      this.#flips.push({ sample: this.#n, expected, got: actual, margin });
    }
    this.#n++;
  }

  facts(): AgreementFacts {
    return {
      n: this.#n,
      maxAbs: this.#max,
      meanAbs: this.#elements === 0 ? 0 : this.#sum / this.#elements,
      relL2: this.#squares === 0 ? 0 : Math.sqrt(this.#squares / this.#reference),
      maxRef: this.#maxRef,
      top1Agreement: this.#n === 0 ? 1 : 1 - this.#flips.length / this.#n,
      flips: this.#flips,
    };
  }
}
