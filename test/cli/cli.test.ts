/** The command line as a user meets it: what is printed, what is written, with which code it ends. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMetadata } from '../../compiler/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { edited, mlp } from '../import/models.ts';
import { espalier } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
const model = join(folder, 'model.json');

beforeAll(async () => {
  const files = await mlp(20, 40, 4);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const strange = edited(files, (json) => {
    json.modelTopology.config.layers[0].class_name = 'Nothing';
  });
  writeFileSync(join(folder, 'strange.json'), strange['model.json']);
  writeFileSync(join(folder, 'broken.json'), '{');
});

afterAll(() => rmSync(folder, { recursive: true }));

const outFolder = (name: string) => join(folder, name);

test('inspect shows layers and a prediction', async () => {
  const { code, out, err } = await espalier('inspect', model);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/hidden +Dense +1×40 +840/);
  expect(out).toContain('90 %');
  expect(out).toMatch(/Copies for the sake of layout: \d+ /);
});

test('inspect --json prints one object', async () => {
  const { out } = await espalier('inspect', model, '--json');
  const { layers, predictions } = JSON.parse(out);
  expect(layers.map((l: { macs: number }) => l.macs)).toContain(800);
  expect(predictions.map((p: { sparsity: number }) => p.sparsity)).toEqual([0, 0.5, 0.8, 0.9, 0.95]);
  expect(predictions[4].ns).toBeLessThan(predictions[0].ns);
});

test('compile prunes, verifies and writes a whole folder', async () => {
  const out = outFolder('compiled');
  const { code, err } = await espalier(
    ...['compile', model, '-o', out, '--name', 'mine', '--sparsity', '80%', '--verify'],
    ...['--layer', 'out=0.5', '--emit-source', '--emit-wat'],
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { files } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  const names = ['mine.wasm', 'mine.js', 'mine.d.ts', 'mine.as.ts', 'mine.wat', 'mine.recipe.yaml'];
  expect(files.map((f: { name: string }) => f.name)).toEqual(names);
  expect(readdirSync(out).sort()).toEqual([...names, 'manifest.json'].sort());
  const metadata = readMetadata(readFileSync(join(out, 'mine.wasm')));
  // Weights at dead channels are gone too.
  for (const [i, kept] of [160, 80].entries()) {
    expect(metadata.layers[i].nnz).toBeLessThanOrEqual(kept);
    expect(metadata.layers[i].nnz).toBeGreaterThan(0.8 * kept);
  }
  expect(metadata.options.pruning).toMatchObject({
    sparsity: 0.8,
    layers: [{ pattern: 'out', sparsity: 0.5 }],
  });
});

test('training flags reach the training', async () => {
  const [out, data] = [outFolder('trained'), join(folder, 'x.f32')];
  writeFileSync(data, Float32Array.from({ length: 48 * 20 }, random(5).normal));
  const flags = { '--schedule': 'gradual', '--epochs': '2', '--batch': '8', '--lr': '1e-3', '--l2': '1e-4' };
  const { code, err } = await espalier(
    ...['compile', model, '-o', out, '--name', 'mine', '--sparsity', '0.8', '--data', data],
    ...Object.entries(flags).flat(),
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { options, layers } = readMetadata(readFileSync(join(out, 'mine.wasm')));
  const finetune = { schedule: 'gradual', epochs: 2, batch: 8, lr: 1e-3, l2: 1e-4 };
  expect(options.pruning).toMatchObject({ finetune });
  expect(layers.reduce((n, l) => n + l.nnz, 0)).toBeLessThanOrEqual(0.2 * 960);
});

test('prune writes a model that compiles and verifies', async () => {
  const out = outFolder('pruned');
  expect((await espalier('prune', model, '-o', out, '--sparsity', '0.75', '--quiet')).out).toBe('');
  const { layers } = JSON.parse((await espalier('inspect', out, '--json')).out);
  const zeros = layers.reduce((n: number, l: { zeros: number }) => n + l.zeros, 0);
  expect(zeros).toBeGreaterThanOrEqual(0.75 * 960);
  const found = JSON.parse((await espalier('verify', out, '--json', '--random', '20')).out);
  expect(found).toMatchObject({
    ok: true,
    comparisons: [
      { n: 20, ok: true },
      { n: 20, ok: true },
    ],
  });
});

test('verify fails a module that computes something else', async () => {
  const out = outFolder('wrong');
  await espalier('compile', model, '-o', out, '--name', 'm', '--sparsity', '0.9');
  const loose = await espalier('verify', model, join(out, 'm.wasm'), '--random', '5');
  expect(loose.code).toBe(0);
  const strict = await espalier('verify', model, join(out, 'm.wasm'), '--random', '5', '--max-error', '1e-4');
  expect(strict.code).toBe(1);
  expect(strict.out).toContain('✗ source model');
});

test('--dry-run writes nothing', async () => {
  const { code, out } = await espalier('compile', model, '-o', outFolder('dry'), '--dry-run');
  expect(code).toBe(0);
  expect(out).toContain('nothing written');
  expect(readdirSync(folder)).not.toContain('dry');
});

test('--tune keeps what it measured, and builds the same bytes from it', async () => {
  const times = join(folder, 'times.json');
  const compiled = async (out: string) => {
    const argv = [
      'compile',
      model,
      '--name',
      'm',
      '-o',
      outFolder(out),
      '--sparsity',
      '0.9',
      '--tune',
      times,
    ];
    expect((await espalier(...argv)).code).toBe(0);
    return readFileSync(join(outFolder(out), 'm.wasm'));
  };
  const first = await compiled('tuned');
  const kept = readFileSync(times, 'utf8');
  expect(Object.keys(JSON.parse(kept).ns).length).toBeGreaterThan(2);
  expect(readMetadata(first).options.tune).toBe(true);
  expect((await compiled('again')).equals(first)).toBe(true);
  expect(readFileSync(times, 'utf8')).toBe(kept);
  const again = [
    'compile',
    '--recipe',
    join(outFolder('tuned'), 'm.recipe.yaml'),
    '-o',
    outFolder('followed'),
  ];
  expect((await espalier(...again)).code).toBe(0);
  expect(readFileSync(join(outFolder('followed'), 'm.wasm')).equals(first)).toBe(true);
}, 180_000);

test.each<[code: number, name: string, argv: string[]]>([
  [2, 'E_USAGE', ['compile']],
  [2, 'E_USAGE', ['compile', model, '--simd', 'mmx']],
  [2, 'E_USAGE', ['compile', model, '--sparsity', '1.5']],
  [2, 'E_USAGE', ['prune', model, '--sparsity', '0.5', '--layer', 'nothing=0.5']],
  [2, 'E_USAGE', ['inspect', model, '--sparsit', '1']],
  [2, 'E_USAGE', ['inspect', model, '--config', join(folder, 'none.json')]],
  [3, 'E_UNSUPPORTED', ['inspect', join(folder, 'strange.json')]],
  [4, 'E_FORMAT', ['inspect', join(folder, 'broken.json')]],
  [4, 'E_FORMAT', ['compile', model, '--tune', join(folder, 'broken.json')]],
  [5, 'E_IO', ['inspect', join(folder, 'none')]],
])('exit code %i, %s: %s', async (code, name, argv) => {
  const people = await espalier(...argv);
  expect(people.code).toBe(code);
  expect(people.out).toBe('');
  expect(people.err).toMatch(/^error: /);
  const machine = await espalier(...argv, '--json');
  expect(machine.code).toBe(code);
  expect(machine.err).toBe('');
  expect(JSON.parse(machine.out).error.code).toBe(name);
});

test('flags go before the configuration, defaults behind', async () => {
  const config = join(folder, 'espalier.config.json');
  writeFileSync(config, JSON.stringify({ sparsity: 0.8, optimize: 'size', keep: ['out'], emitWat: true }));
  const argv = ['compile', model, '--config', config, '--optimize', 'speed', '--print-config', '--json'];
  const { out } = await espalier(...argv);
  expect(JSON.parse(out)).toMatchObject({
    sparsity: 0.8,
    optimize: 'speed',
    keep: ['out'],
    emitWat: true,
    target: 'esm',
    seed: 1,
  });
  writeFileSync(config, JSON.stringify({ sparsty: 0.8 }));
  expect(JSON.parse((await espalier(...argv)).out).error.message).toContain('"sparsty"');
  writeFileSync(config, JSON.stringify({ target: 'beauty' }));
  expect(JSON.parse((await espalier(...argv)).out).error.message).toContain('"beauty"');
});

test('every command has help with examples', async () => {
  for (const name of ['inspect', 'prune', 'compile', 'verify', 'bench', 'demo', 'doctor']) {
    const { code, out } = await espalier(name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`$ espalier ${name}`);
  }
});
