/** Time of every step of a module. */
import { median } from 'd3-array';
import { instantiate } from './instance.ts';
import type { Emitted } from './pipeline.ts';
import type { Sample } from './samples.ts';

export interface StepTime {
  /** Of the layer. */
  readonly name: string;
  readonly op: string;
  readonly form: string;
  /** Median of one call, with warm caches. */
  readonly ns: number;
}

/** A sample lasts at least so long. */
const sampleMs = 0.5;
const rounds = 15;

/** Steps run in order, over and over, each often enough for the clock. `emitted` must be made with `profile`. */
export async function profile(emitted: Emitted, input: Sample): Promise<StepTime[]> {
  const { exports, run } = await instantiate(emitted.wasm, emitted.metadata);
  run(input);
  const times = emitted.functions.map((): number[] => []);
  const calls = emitted.functions.map(({ name }) => callsFor(exports[name]));
  for (let round = 0; round < rounds; round++) {
    emitted.functions.forEach(({ name }, i) => {
      times[i].push((1e6 * timed(exports[name], calls[i])) / calls[i]);
    });
  }
  return emitted.functions.map(({ step }, i) => ({
    name: step.name,
    op: step.op,
    form: step.form,
    ns: median(times[i])!,
  }));
}

function callsFor(run: () => void): number {
  for (let calls = 1; ; calls *= 2) {
    const ms = timed(run, calls);
    if (ms >= sampleMs) return Math.max(1, Math.ceil((calls * sampleMs) / ms));
  }
}

function timed(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return performance.now() - start;
}
