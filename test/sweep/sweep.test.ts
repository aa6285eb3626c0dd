/** Sweeps: what is tried, what is gone on with, what is refused, and what is recommended. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../compiler/cli/program.ts';
import { parseShard, pointsOf, shardOf } from '../../compiler/sweep/grid.ts';
import { mergeSweeps, type SweepSpec, sweep } from '../../compiler/sweep/index.ts';
import { npy } from '../data/npy.ts';
import { mlp } from '../import/models.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), 'espalier-sweep-'));
const at = (...path: string[]) => join(folder, ...path);
const root = resolve(import.meta.dirname, '../..');
const worker = join(root, 'compiler', `.sweep-worker-${process.pid}.mjs`);

beforeAll(async () => {
  for (const [name, bytes] of Object.entries(await mlp(48, 64, 4))) writeFileSync(at(name), bytes);
  const values = (n: number, seed: number) =>
    npy(
      Float32Array.from({ length: n * 48 }, (_, i) => Math.sin(i * seed) + Math.cos(i * i)),
      [n, 48],
    );
  writeFileSync(at('x.npy'), values(80, 0.7));
  writeFileSync(at('other.npy'), values(80, 0.9));
  writeFileSync(at('test.npy'), values(120, 1.3));
  await build({
    entryPoints: [join(root, 'compiler/sweep/worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: worker,
    logLevel: 'silent',
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(worker, { force: true });
});

const spec = (change: Partial<SweepSpec> = {}): SweepSpec => ({
  sources: { model: { path: folder }, data: { path: at('x.npy') }, evaluation: { path: at('test.npy') } },
  prune: { finetune: false, seed: 1 },
  compile: {},
  grid: {
    sparsities: [0.5, 0.8],
    methods: ['auto'],
    granularities: ['element', '2:4'],
    allocations: ['lamp'],
  },
  shard: { index: 1, count: 1 },
  ...change,
});
const here = { jobs: 0, latency: 'predicted' } as const;

describe('the grid', () => {
  const grid = { ...spec().grid, methods: ['magnitude', 'auto'] as const };

  test('has every combination once, and one point of N:M', () => {
    expect(pointsOf(grid).map((p) => p.id)).toEqual([
      'magnitude_element_lamp_0.5',
      'magnitude_element_lamp_0.8',
      'magnitude_2of4_lamp_0.5',
      'auto_element_lamp_0.5',
      'auto_element_lamp_0.8',
      'auto_2of4_lamp_0.5',
    ]);
    expect(pointsOf({ ...grid, sparsities: [0.8, 0.5, 0.5] })).toEqual(pointsOf(grid));
  });

  test('is split into shards that share nothing and leave nothing out', () => {
    for (const count of [1, 2, 4, 9]) {
      const parts = Array.from({ length: count }, (_, i) => shardOf(pointsOf(grid), { index: i + 1, count }));
      const sizes = parts.map((p) => p.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const ids = (list: ReturnType<typeof pointsOf>) => list.map((p) => p.id).sort();
      expect(ids(parts.flat())).toEqual(ids(pointsOf(grid)));
    }
  });

  test.each(['0/2', '3/2', '1', 'a/b', '1/2/3'])('shard %s is refused', (text) => {
    expect(() => parseShard(text)).toThrow('is no shard');
  });

  test('without sense is refused', () => {
    expect(() => pointsOf({ ...grid, sparsities: [1] })).toThrow('below 1');
    expect(() => pointsOf({ ...grid, granularities: ['5y5'] })).toThrow('"5y5"');
    expect(() => pointsOf({ ...grid, methods: [] })).toThrow('empty');
  });
});

describe('a sweep', () => {
  const whole = at('whole');

  test('finds every point, and those that no other beats', async () => {
    const result = (await sweep(spec(), whole, { ...here, latency: 'measured' }))!;
    expect(result.points).toHaveLength(3);
    for (const p of result.points) {
      expect(p.error).toBeUndefined();
      expect(p.zeros!).toBeCloseTo(p.sparsity, 1);
      expect(p.n).toBe(120);
      expect(p.bytes).toBe(statSync(join(whole, 'done', `${p.id}.wasm`)).size);
      expect(p.latency!.median).toBeGreaterThan(0);
    }
    const point = (id: string) => result.points.find((p) => p.id === id)!;
    expect(point('auto_element_lamp_0.8').bytes!).toBeLessThan(point('auto_element_lamp_0.5').bytes!);
    // By definition, in all three directions.
    const worse = (p: (typeof result.points)[number], q: typeof p) =>
      q.agreement! >= p.agreement! && q.brotli! <= p.brotli! && q.latency!.median <= p.latency!.median;
    for (const p of result.points)
      expect(p.pareto, p.id).toBe(!result.points.some((q) => q.id !== p.id && worse(p, q)));
  });

  test('goes on where it was interrupted, and does nothing twice', async () => {
    const abort = new AbortController();
    let seen = 0;
    const progress = {
      stage: () => ({
        update: (done: number) => void (done >= 2 && seen++ === 0 && abort.abort()),
        done() {},
      }),
    };
    const folder = at('again');
    expect(await sweep(spec(), folder, { ...here, progress, signal: abort.signal })).toBeUndefined();
    const kept = readdirSync(join(folder, 'done')).filter((n) => n.endsWith('.json'));
    expect(kept).toHaveLength(2);
    const times = () => kept.map((n) => statSync(join(folder, 'done', n)).mtimeMs);
    const before = times();
    const result = await sweep(spec(), folder, here);
    expect(times()).toEqual(before);
    const plain = (r: typeof result) => r!.points.map(({ seconds: _, latency: __, pareto: ___, ...p }) => p);
    expect(plain(result)).toEqual(plain(await sweep(spec(), whole, here)));
  });

  test('takes further sparsities in', async () => {
    const grid = { ...spec().grid, sparsities: [0.5, 0.8, 0.9] };
    const result = await sweep(spec({ grid }), at('again'), here);
    expect(result!.points).toHaveLength(4);
  });

  test.each<[string, Partial<SweepSpec>]>([
    ['other data', { sources: { ...spec().sources, data: { path: at('other.npy') } } }],
    [
      'other data for the evaluation',
      { sources: { ...spec().sources, evaluation: { path: at('other.npy') } } },
    ],
    ['other options', { prune: { finetune: false, seed: 2 } }],
    ['other options', { compile: { simd: 'scalar' } }],
    ['shard', { shard: { index: 1, count: 2 } }],
  ])('in a folder of one with %s is refused', async (text, change) => {
    await expect(sweep(spec(change), whole, here)).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining(text),
    });
  });

  test('without samples, or over other files, is refused', async () => {
    const { model } = spec().sources;
    await expect(sweep(spec({ sources: { model } }), at('none'), here)).rejects.toThrow('needs samples');
    await expect(sweep(spec(), folder, here)).rejects.toThrow('holds other files');
    writeFileSync(at('whole', 'plan.json'), '{"sweep": 1}');
    await expect(sweep(spec(), whole, here)).rejects.toMatchObject({ code: 'E_DATA' });
  });

  test('in processes finds the same', async () => {
    const alone = await sweep(spec(), at('alone'), here);
    const together = await sweep(spec(), at('together'), { ...here, jobs: 2, worker });
    const plain = (r: typeof alone) => r!.points.map(({ seconds: _, ...p }) => p);
    expect(plain(together)).toEqual(plain(alone));
  });
});

describe('shards', () => {
  const shard = (index: number, count: number, name: string, change: Partial<SweepSpec> = {}) =>
    sweep(spec({ shard: { index, count }, ...change }), at(name), here);

  test('are joined to the whole', async () => {
    for (const i of [1, 2, 3]) expect(await shard(i, 3, `s${i}`)).toBeUndefined();
    const merged = await mergeSweeps([at('s2'), at('s1'), at('s3')], at('merged'), here);
    const whole = await sweep(spec(), at('alone'), here);
    const plain = (r: NonNullable<typeof whole>) => r.points.map(({ seconds: _, ...p }) => p);
    expect(plain(merged)).toEqual(plain(whole!));
    expect(merged.sensitivity).toEqual(whole!.sensitivity);
  });

  test('that do not belong together are refused', async () => {
    const merge = (...names: string[]) =>
      mergeSweeps(
        names.map((n) => at(n)),
        at('bad'),
        here,
      );
    await expect(merge('s1', 's2')).rejects.toThrow('missing: 3/3');
    await expect(merge('s1', 's2', 's2')).rejects.toThrow('the same shard 2/3');
    await expect(merge('s1', 'none-at-all')).rejects.toThrow('holds no sweep');
    await shard(2, 3, 'seed', { prune: { finetune: false, seed: 9 } });
    await expect(merge('s1', 'seed', 's3')).rejects.toThrow('other options');
    await shard(2, 3, 'grid', { grid: { ...spec().grid, sparsities: [0.5] } });
    await expect(merge('s1', 'grid', 's3')).rejects.toThrow('another sweep');
    rmSync(at('s3', 'done', 'auto_2of4_lamp_0.5.json'));
    await expect(merge('s1', 's2', 's3')).rejects.toThrow('not finished: 1');
  });
});

describe('on the command line', () => {
  const argv = [
    ...[
      'sweep',
      folder,
      '--calibrate',
      at('x.npy'),
      '--evaluation',
      at('test.npy'),
      '-o',
      at('cli'),
      '--quiet',
    ],
    ...[
      '--sparsities',
      '0.5,95%',
      '--methods',
      'auto',
      '--granularities',
      'element',
      '--jobs',
      '0',
      '--seed',
      '3',
    ],
    ...['--keep', 'out', '--max-drop', '100', '--latency', 'predicted'],
  ];

  test('the recommended command makes the module of the point', async () => {
    expect(await run(argv)).toBe(0);
    const { recommendation } = JSON.parse(readFileSync(at('cli', 'sweep.json'), 'utf8'));
    const page = readFileSync(at('cli', 'sweep.html'), 'utf8');
    expect(page).toContain('Trade-offs');
    const words = recommendation.command.split(' ');
    expect(words.slice(0, 3)).toEqual(['espalier', 'compile', folder]);
    expect(await run([...words.slice(1), '-o', at('made'), '--quiet'])).toBe(0);
    expect(readFileSync(at('made', 'net.wasm'))).toEqual(
      readFileSync(at('cli', 'done', `${recommendation.point}.wasm`)),
    );
  });

  test('merge takes its own options', async () => {
    for (const i of [1, 2]) expect(await run([...argv, '--shard', `${i}/2`, '-o', at(`part${i}`)])).toBe(0);
    const merge = ['sweep', 'merge', at('part1'), at('part2'), '-o', at('joined'), '--latency', 'predicted'];
    expect(await run([...merge, '--quiet'])).toBe(0);
    const { points } = JSON.parse(readFileSync(at('joined', 'sweep.json'), 'utf8'));
    expect(points).toHaveLength(2);
    expect(points.every((p: object) => !('latency' in p))).toBe(true);
  });

  test('bad lists are usage errors', async () => {
    expect(await run([...argv, '--methods', 'magic'])).toBe(2);
    expect(await run([...argv, '--sparsities', '0.5,2'])).toBe(2);
    expect(await run([...argv, '--shard', '5/4'])).toBe(2);
  });
});
