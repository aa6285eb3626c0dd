/** What a pruned model really costs: its module is built, weighed and timed. */
import { median } from 'd3-array';
import { compare, type Task } from '../bench/runner.ts';
import { describe } from '../describe.ts';
import { instantiate } from '../instance.ts';
import type { Linked } from '../link/link.ts';
import type { Metadata } from '../link/metadata.ts';
import type { Model } from '../model.ts';
import { findLayers } from '../prune/layers.ts';
import type { Sample } from '../samples.ts';
import { type CostKind, macsLeft } from './costs.ts';

/** Builds the module of a model; `sparse: false` with all weights stored. */
export type Build = (model: Model, sparse: boolean) => Promise<Linked>;

export type Measured = Partial<Record<CostKind, number>>;

/** Timed for each module, milliseconds, and rounds at least. */
const timed = { minTimeMs: 200, minRounds: 25, warmupMs: 50 } as const;

/**
 * Weighs and times models. Modules are timed in turn with the dense build of the first model, so that what the machine does
 * meanwhile falls on both: a latency is the median time of the dense build, over all that was measured of it, divided by the
 * median of how many times faster the module was.
 */
export class Meter {
  readonly #build: Build;
  readonly #kinds: readonly CostKind[];
  readonly #dense: Task | undefined;
  readonly #sample: Sample;
  readonly #denseMs: number[] = [];

  private constructor(build: Build, kinds: readonly CostKind[], sample: Sample, dense?: Task) {
    this.#build = build;
    this.#kinds = kinds;
    this.#sample = sample;
    this.#dense = dense;
  }

  /** `sample` is what is timed. */
  static async of(model: Model, build: Build, kinds: readonly CostKind[], sample: Sample): Promise<Meter> {
    if (!kinds.includes('latencyMs')) return new Meter(build, kinds, sample);
    return new Meter(build, kinds, sample, await task('dense', await build(model, false), sample));
  }

  /** Median time of the dense build so far, where times are measured. */
  get denseMs(): number | undefined {
    return median(this.#denseMs);
  }

  async measure(model: Model): Promise<Measured> {
    const wants = (kind: CostKind) => this.#kinds.includes(kind);
    const built = wants('bytes') || wants('latencyMs') ? await this.#build(model, true) : undefined;
    return {
      ...(wants('bytes') && { bytes: built!.wasm.length }),
      ...(wants('latencyMs') && { latencyMs: await this.#latency(built!) }),
      ...(wants('macs') && { macs: macsOf(model) }),
    };
  }

  async #latency(built: Linked): Promise<number> {
    const [dense, own] = await compare([this.#dense!, await task('own', built, this.#sample)], timed);
    this.#denseMs.push(...dense.samples);
    return this.denseMs! / own.speedup.value;
  }
}

/** A module as something to be timed on a sample. */
export async function task(
  name: string,
  { wasm, metadata }: Pick<Linked, 'wasm'> & { readonly metadata: Metadata },
  sample: Sample,
): Promise<Task> {
  return { name, run: (await instantiate(wasm, metadata)).caller(sample) };
}

/** Of the whole network, layers that can't be pruned included. */
function macsOf({ graph }: Model): number {
  const all = describe(graph).reduce((n, node) => n + node.macs, 0);
  return findLayers(graph).reduce((n, l) => n - l.macs + macsLeft(l, l.weights), all);
}
