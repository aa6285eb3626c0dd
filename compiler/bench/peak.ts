import createWabt from 'wabt';
import type { MachinePeak } from './types.ts';

/**
 * Independent chains in one turn of a loop: more than latency and throughput of a multiply and an add ask for (12 are just that many where both
 * take three cycles on two ports or four on three, and gave 87 % on Zen 4), few enough for the 15 registers that V8 has.
 */
const chains = 14;
/** In one turn; more of them make V8 spill. */
const loads = 12;
const turns = 20_000;
/** Runs until the engine has optimized a loop. */
const warmUps = 200;

/**
 * What one thread of this machine reaches in plain 128-bit wasm SIMD: the best of several short runs (about 0.1 s in all).
 * A "share of peak" is held against these.
 */
export async function measurePeak(): Promise<MachinePeak> {
  const { multiply, load } = await loops();
  const perSecond = (work: number, run: () => void) => work / (bestMs(run) / 1e3) / 1e9;
  return {
    gmacs: perSecond(turns * chains * 4, () => multiply(turns)),
    l1GBs: perSecond(turns * loads * 16, () => load(turns)),
  };
}

/** For `compare`: milliseconds of a loop that takes about twice as long where another thread shares the core. */
export async function loadProbe(): Promise<() => number> {
  const { multiply } = await loops();
  const probe = () => {
    const start = performance.now();
    multiply(turns);
    return performance.now() - start;
  };
  for (let i = 0; i < warmUps; i++) probe();
  return probe;
}

async function loops(): Promise<Record<'multiply' | 'load', (turns: number) => number>> {
  const wabt = await createWabt();
  const module = wabt.parseWat('peak.wat', source(), { simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  const { instance } = await WebAssembly.instantiate(buffer as Uint8Array<ArrayBuffer>);
  return instance.exports as Record<'multiply' | 'load', (turns: number) => number>;
}

function bestMs(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 50;
  while (performance.now() < end) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function source(): string {
  const names = Array.from({ length: chains }, (_, i) => `$a${i}`);
  const locals = names.map((name) => `(local ${name} v128)`).join(' ');
  const sum = names.reduce((all, name) => `(v128.xor ${all} (local.get ${name}))`, '(v128.const i64x2 0 0)');
  const loop = (body: string) => `
    (loop $turn
      ${body}
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $turn (local.get $n)))
    (i32x4.extract_lane 0 ${sum})`;
  const step = (name: string) =>
    `(local.set ${name} (f32x4.add (f32x4.mul (local.get ${name}) (local.get ${name})) (local.get $c)))`;
  const take = (name: string, i: number) =>
    `(local.set ${name} (v128.xor (local.get ${name}) (v128.load offset=${i * 16} (i32.const 0))))`;
  return `(module
  (memory 1)
  (func (export "multiply") (param $n i32) (result i32) ${locals} (local $c v128)
    (local.set $c (f32x4.splat (f32.const 0.2)))
    ${loop(names.map(step).join('\n      '))})
  (func (export "load") (param $n i32) (result i32) ${locals}
    ${loop(names.slice(0, loads).map(take).join('\n      '))}))`;
}
