/** The memory map: what lives together lies apart; the checker itself finds planted faults. */
import { expect, test } from 'vitest';
import { OVERREAD } from '../../compiler/kernels.ts';
import { DataPool } from '../../compiler/plan/memory.ts';
import { Sketch } from '../passes/graphs.ts';
import { type Stages, stages } from '../random/compile.ts';
import { violations } from '../random/memory-map.ts';
import { randomMatrix } from '../sparse/random.ts';

const chain = (): Stages => {
  const s = new Sketch();
  let x = s.input([1, 8, 16, 16]);
  for (let i = 0; i < 6; i++) x = s.op('relu', [s.conv(x, 8, 3, { pad: 1 })]);
  return stages(s.done(x));
};

const withAddresses = (s: Stages, change: (addresses: Map<number, number>) => void): Stages => {
  const addresses = new Map(s.module.memory.addresses);
  change(addresses);
  return { ...s, module: { ...s.module, memory: { ...s.module.memory, addresses } } };
};

test('temporaries of a chain share two places', () => {
  const s = chain();
  expect(violations(s)).toEqual([]);
  const temps = [...s.module.memory.addresses].filter(
    ([id]) => s.staged.plan.values.get(id)!.role === 'temp',
  );
  expect(temps.length).toBeGreaterThanOrEqual(5);
  expect(new Set(temps.map(([, at]) => at)).size).toBe(2);
});

test('sums and activations of what nobody reads again lie in its place', () => {
  const s = new Sketch();
  const x = s.conv(s.input([1, 8, 16, 16]), 8, 1);
  const kept = s.op('sigmoid', [x]);
  const y = s.op('add', [s.conv(kept, 8, 3, { pad: 1 }), x]);
  const z = s.op('tanh', [s.op('concat', [y, kept], { axis: 1 })]);
  const made = stages(s.done(s.conv(z, 8, 1)));
  expect(violations(made)).toEqual([]);
  const { addresses } = made.module.memory;
  const { steps } = made.staged.plan;
  const residual = steps.find((step) => step.form === 'linear' && step.epilogue?.args.length === 1)!;
  expect(residual.form === 'linear' && addresses.get(residual.epilogue!.args[0].value)).toBe(
    addresses.get((residual as { y: { value: number } }).y.value),
  );
});

test('planted faults are found', () => {
  const s = chain();
  const [a, b] = s.staged.plan.steps.filter((step) => step.form === 'linear').map((step) => step.y.value);
  const overlap = withAddresses(s, (m) => void m.set(b, m.get(a)! + 16));
  expect(violations(overlap).some((v) => v.includes('overlap'))).toBe(true);
  expect(violations(withAddresses(s, (m) => void m.set(a, 64))).join()).toContain('among the weights');
  expect(violations(withAddresses(s, (m) => void m.set(a, s.module.memory.end))).join()).toContain(
    'outside memory',
  );
  const layouts = new Map(s.staged.layouts);
  layouts.set(a, { ...layouts.get(a)!, before: [0, 0, 3, 0] });
  expect(violations({ ...s, staged: { ...s.staged, layouts } }).join()).toContain('leaves value');
});

test('weights lie low, ports behind them, temporaries last, with room to overread', () => {
  const { module, staged } = chain();
  const { memory, pool } = module;
  const at = (role: string) =>
    [...memory.addresses].flatMap(([id, a]) => (staged.plan.values.get(id)!.role === role ? [a] : []));
  expect(Math.min(...at('input'))).toBeGreaterThanOrEqual(pool.end);
  expect(Math.min(...at('temp'))).toBeGreaterThan(Math.max(...at('input'), ...at('output')));
  const [id, last] = [...memory.addresses].reduce((x, y) => (y[1] > x[1] ? y : x));
  expect(last + 4 * staged.layouts.get(id)!.elements + OVERREAD).toBeLessThanOrEqual(memory.end);
});

test('copies of tiles lie behind all temporaries', () => {
  const s = new Sketch();
  const x = s.conv(s.input([1, 96, 20, 40]), 96, 1);
  const w = s.constant([70, 96, 1, 1], [...randomMatrix(70, 96, 0.4, 2).data]);
  const made = stages(s.done(s.op('tanh', [s.conv(x, 70, 1, { w })])));
  const copied = [...made.selections.values()].flatMap(({ parts }) =>
    parts.flat().flatMap((p) => p.tile ?? []),
  );
  expect(copied.length).toBeGreaterThan(0);
  expect(violations(made)).toEqual([]);
  const { memory } = made.module;
  const moved = (tiles: number) => ({ ...made, module: { ...made.module, memory: { ...memory, tiles } } });
  expect(violations(moved(memory.tiles + 16)).join()).toContain('end outside memory');
  expect(violations(moved(memory.tiles - 4096)).join()).toContain('among the tiles');
});

test('equal constants are stored once, at multiples of 16', () => {
  const pool = new DataPool();
  const a = pool.add(Float32Array.of(1, 2, 3), 'a');
  const b = pool.add(Float32Array.of(4), 'b');
  expect(pool.add(Float32Array.of(1, 2, 3), 'c')).toBe(a);
  expect([a % 16, b % 16, pool.segments.length]).toEqual([0, 0, 2]);
  expect(b).toBeGreaterThanOrEqual(a + 12);
});
