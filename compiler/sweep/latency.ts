/** Times the modules of a sweep against its dense build: in turn, in one process, when nothing else of the sweep runs. */
import { compare } from '../bench/runner.ts';
import { task } from '../budget/measure.ts';
import { readMetadata } from '../link/metadata.ts';
import { noProgress, type Progress } from '../progress.ts';
import { randomSamples } from '../samples.ts';
import type { Store } from './store.ts';
import type { Latency } from './types.ts';

export interface Timed {
  readonly dense: number;
  readonly points: Readonly<Record<string, Latency>>;
}

/** Linear memory of the modules that are timed together. */
const maxBytes = 2 ** 30;
const minTimeMs = 150;

/** Undefined where this engine can't run the modules. */
export async function timeAll(
  store: Store,
  ids: readonly string[],
  seed: number,
  progress: Progress = noProgress,
): Promise<Timed | undefined> {
  const dense = store.wasm('dense')!;
  if (!WebAssembly.validate(dense)) return undefined;
  const stage = progress.stage('time', 1);
  const points: Record<string, Latency> = {};
  const denseTimes: number[] = [];
  const groups = grouped(store, ids);
  try {
    for (const [i, group] of groups.entries()) {
      const tasks = await Promise.all(['dense', ...group].map((id) => taskOf(store, id, seed)));
      const onRound = (share: number) => stage.update((i + share) / groups.length);
      const [first, ...rest] = await compare(tasks, { seed, minTimeMs, onRound });
      denseTimes.push(first.median);
      for (const { name, median, speedup } of rest) points[name] = { median, speedup };
    }
  } finally {
    stage.done();
  }
  return { dense: denseTimes[0], points };
}

function grouped(store: Store, ids: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  let bytes = 0;
  for (const id of ids) {
    const { memoryBytes } = readMetadata(store.wasm(id)!);
    if (bytes + memoryBytes > maxBytes && groups.at(-1)!.length > 0) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(id);
    bytes += memoryBytes;
  }
  return groups;
}

function taskOf(store: Store, id: string, seed: number) {
  const wasm = store.wasm(id)!;
  const metadata = readMetadata(wasm);
  return task(id, { wasm, metadata }, randomSamples(metadata.inputs, 1, seed)[0]);
}
