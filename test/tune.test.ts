/** Tuning: what is measured, kept, and chosen by. No time is held to anything. */
import { beforeAll, expect, test } from 'vitest';
import type { TuningRecord } from '../compiler/options.ts';
import { fuse } from '../compiler/plan/fuse.ts';
import { lower } from '../compiler/plan/lower.ts';
import { select } from '../compiler/plan/select.ts';
import { stage } from '../compiler/plan/stage.ts';
import type { Progress } from '../compiler/progress.ts';
import { readTuning, timingOf, tune } from '../compiler/tune.ts';
import { Sketch } from './passes/graphs.ts';
import { randomMatrix } from './sparse/random.ts';

/** Two convolutions of one shape and one pattern, and a third of another shape. */
function plan() {
  const s = new Sketch();
  let x = s.input([1, 8, 6, 6]);
  for (const [rows, seed] of [
    [8, 1],
    [8, 1],
    [12, 3],
  ]) {
    const { data } = randomMatrix(rows, 8, 0.25, seed);
    x = s.conv(x, rows, 1, { w: s.constant([rows, 8, 1, 1], [...data]) });
  }
  return stage(fuse(lower(s.done(x))));
}

const counting = () => {
  const stages: number[] = [];
  const progress: Progress = {
    stage(_, total) {
      stages.push(total ?? 0);
      return { update() {}, done() {} };
    },
  };
  return { stages, progress };
};

const staged = plan();
const first = counting();
let measured: TuningRecord;
beforeAll(async () => {
  measured = await tune(staged, 'simd', undefined, first.progress);
}, 180_000);

test('layers of one shape and density share their measurements; what is known is not measured again', async () => {
  expect(first.stages).toEqual([2]);
  const again = counting();
  expect(await tune(staged, 'simd', measured, again.progress)).toBe(measured);
  expect(again.stages).toEqual([]);
  for (const key of Object.keys(measured.ns))
    expect(key).toMatch(/^simd f32_linear_\w+ (8|12)x8x36 144 0\.\d+$/);
});

test('the fastest by the record is chosen', () => {
  for (const format of ['csr', 'csr16', 'dense']) {
    const ns = Object.fromEntries(
      Object.keys(measured.ns).map((key) => [key, key.includes(`_${format}_`) ? 1 : 1000]),
    );
    const options = { build: 'simd', objective: 'speed', sparse: true } as const;
    const chosen = select(staged, { ...options, timing: timingOf({ ...measured, ns }) });
    expect([...chosen.values()].map((s) => s.choice!.format)).toEqual([format, format, format]);
    for (const { choice } of chosen.values())
      expect(choice!.reason).toContain(format === 'dense' ? 'no sparse format' : 'measured');
  }
});

test('a record survives its file; what is none is refused', async () => {
  const record = { version: 1, cpu: 'some', ns: { a: 1.5 } };
  expect(readTuning(JSON.stringify(record), 'f')).toEqual(record);
  for (const bad of ['', '[]', '{"version":2,"cpu":"","ns":{}}', '{"version":1,"cpu":"","ns":{"a":-1}}'])
    expect(() => readTuning(bad, 'f')).toThrow('f: holds no tuning record');
});
