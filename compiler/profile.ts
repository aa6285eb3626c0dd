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
  /** Median of one call, with warm caches where it may be repeated. */
  readonly ns: number;
}

/** A sample lasts at least so long. */
const sampleMs = 0.5;
const rounds = 15;

/**
 * Steps run in order, over and over, each often enough for the clock; once where they change what they read (results in the place of an
 * operand, state): of their own results they would soon make denormal numbers, which take a processor many times as long. `emitted` must be
 * made with `profile`.
 */
export async function profile(emitted: Emitted, input: Sample): Promise<StepTime[]> {
  const { exports, values, run } = await instantiate(emitted.wasm, emitted.metadata);
  run(input);
  const times = emitted.functions.map((): number[] => []);
  const calls = emitted.functions.map(({ name }) => {
    const step = exports[name];
    step();
    return canRepeat(step, values) ? callsFor(step) : 1;
  });
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

/** Whether a step that has run computes the same when it runs again; leaves memory as it is. */
export function canRepeat(step: () => void, values: Uint8Array): boolean {
  const before = values.slice();
  step();
  const same = Buffer.compare(before, values) === 0;
  values.set(before);
  return same;
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
