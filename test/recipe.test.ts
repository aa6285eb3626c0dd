/** A run from its recipe makes the same bytes; what is wrong with a recipe is said with its field. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { run } from '../compiler/cli/program.ts';
import { CompileError, followRecipe, load, prune, recipeOf } from '../compiler/index.ts';
import { readRecipe } from '../compiler/recipe.ts';
import { npy } from './data/npy.ts';
import { mlp } from './import/models.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-recipe-'));
const at = (...path: string[]) => join(folder, ...path);

beforeAll(async () => {
  mkdirSync(at('models'));
  for (const [name, bytes] of Object.entries(await mlp(12, 24, 3))) writeFileSync(at('models', name), bytes);
  const values = Float32Array.from({ length: 64 * 12 }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * i));
  writeFileSync(at('x.npy'), npy(values, [64, 12]));
  writeFileSync(
    at('y.npy'),
    npy(
      Int32Array.from({ length: 64 }, (_, i) => i % 3),
      [64],
    ),
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

const quiet = (...argv: string[]) => run([...argv, '--quiet']);
const recipe = () => readRecipe(at('a', 'net.recipe.yaml'));

function contents(path: string): Record<string, string> {
  const names = readdirSync(path).filter((n) => !/recipe\.yaml$|^manifest/.test(n));
  return Object.fromEntries(names.map((n) => [n, readFileSync(join(path, n)).toString('base64')]));
}

describe('the same bytes', () => {
  test('compile, with one-shot pruning on data', async () => {
    const argv = ['compile', at('models'), '-o', at('a'), '--sparsity', '0.8', '--calibrate', at('x.npy')];
    expect(await quiet(...argv, '--granularity', '4x1', '--seed', '7', '--optimize', 'size')).toBe(0);
    expect(await quiet('compile', '--recipe', at('a', 'net.recipe.yaml'), '-o', at('b', 'c'))).toBe(0);
    expect(Object.keys(contents(at('a'))).sort()).toEqual(['net.d.ts', 'net.js', 'net.wasm']);
    expect(contents(at('b', 'c'))).toEqual(contents(at('a')));
    // The recipe that the second run leaves is the first one, seen from elsewhere.
    const again = readRecipe(at('b', 'c', 'net.recipe.yaml'));
    expect(again.model.path).toBe('../../models');
    expect({ ...again, model: { ...again.model, path: '../models' } }).toEqual({
      ...recipe(),
      prune: { ...recipe().prune, data: { ...recipe().prune.data, path: '../../x.npy' } },
    });
  });

  test('every option is explicit', () => {
    expect(recipe()).toMatchObject({
      prune: { allocation: 'lamp', method: 'alps', granularity: '4x1', seed: 7, finetune: false },
      compile: { name: 'net', simd: 'simd', optimize: 'size', target: 'esm', sparse: true },
    });
  });

  test('prune, with labels and training', async () => {
    const data = ['--data', at('x.npy'), '--labels', at('y.npy'), '--epochs', '3'];
    expect(await quiet('prune', at('models'), '-o', at('p'), '--sparsity', '0.7', ...data)).toBe(0);
    expect(await quiet('prune', '--recipe', at('p', 'net.recipe.yaml'), '-o', at('q'))).toBe(0);
    expect(contents(at('q'))).toEqual(contents(at('p')));
    expect(await quiet('compile', '--recipe', at('p', 'net.recipe.yaml'), '-o', at('no'))).toBe(2);
  });

  test('by the programmatic interface', async () => {
    const pruned = await prune(await load(at('models')), { threshold: 0.2 });
    writeFileSync(
      at('mine.yaml'),
      await recipeOf(pruned, undefined, { model: { path: at('models') } }, folder),
    );
    const { model, compiled, notes } = await followRecipe(at('mine.yaml'));
    expect(compiled).toBeUndefined();
    expect(notes).toEqual([]);
    const weights = (m: typeof model) => [...m.graph.values.values()].map((v) => v.data);
    expect(weights(model)).toEqual(weights(pruned));
  });

  test('augmentation by a function is refused', async () => {
    const samples = [
      { hidden_input: { dtype: 'float32', shape: [1, 12], data: new Float32Array(12) } },
    ] as const;
    const model = await load(at('models'));
    const named = samples.map((s) => ({ [model.graph.inputs[0].name]: s.hidden_input }));
    const finetune = { epochs: 1, augment: () => {} };
    const pruned = await prune(model, { sparsity: 0.5, data: { samples: named }, finetune });
    await expect(recipeOf(pruned, undefined, { model: { path: at('models') } }, folder)).rejects.toThrow(
      'augment',
    );
  });
});

test('a recipe stands alone: neither a model nor options go with it', async () => {
  const path = at('a', 'net.recipe.yaml');
  expect(await quiet('compile', at('models'), '--recipe', path)).toBe(2);
  expect(await quiet('compile', '--recipe', path, '--sparsity', '0.5')).toBe(2);
});

test('other data, another model and another version are noticed', async () => {
  const changed = (change: (r: ReturnType<typeof recipe>) => void) => {
    const r = recipe();
    change(r);
    writeFileSync(at('a', 'changed.yaml'), stringify(r));
    return followRecipe(at('a', 'changed.yaml'));
  };
  writeFileSync(at('z.npy'), npy(new Float32Array(64 * 12).fill(0.5), [64, 12]));
  await expect(changed((r) => void (r.prune.data!.path = '../z.npy'))).rejects.toMatchObject({
    code: 'E_DATA',
  });
  await expect(changed((r) => void (r.model.sha256 = '00'))).rejects.toMatchObject({ code: 'E_DATA' });
  const { notes } = await changed((r) => void (r.espalier = '0.0.1'));
  expect(notes).toEqual([expect.stringContaining('made with espalier 0.0.1')]);
});

describe('hostile recipes', () => {
  const refused = (text: string) => {
    writeFileSync(at('bad.yaml'), text);
    try {
      readRecipe(at('bad.yaml'));
    } catch (error) {
      if (error instanceof CompileError) return `${error.code} ${error.message}`;
      throw error;
    }
    return 'accepted';
  };
  const edited = (change: (r: Record<string, Record<string, unknown>>) => void) => {
    const r = parse(readFileSync(at('a', 'net.recipe.yaml'), 'utf8'));
    change(r);
    return refused(stringify(r));
  };

  test('fields are named, with what is expected there', () => {
    expect(edited((r) => void (r.prune.sparsity = '90%'))).toMatch(
      /^E_FORMAT bad.yaml: prune.sparsity: .*expected number/,
    );
    expect(edited((r) => void (r.prune.sparsty = 0.9))).toMatch(/prune: .*"sparsty"/);
    expect(edited((r) => void delete r.prune.seed)).toMatch(/prune.seed/);
    expect(edited((r) => void (r.compile.target = 'beauty'))).toMatch(/compile.target: .*"esm"/);
    expect(edited((r) => void (r.recipe = 2 as never))).toMatch(/recipe/);
  });

  test('what is no plain YAML', () => {
    expect(refused('a: &a [1]\nb: [*a, *a]')).toMatch(/^E_FORMAT/);
    expect(refused('a: !!js/function "x"')).toMatch(/^E_FORMAT/);
    expect(refused('a: 1\na: 2')).toMatch(/^E_FORMAT/);
    expect(refused('\t- ]')).toMatch(/^E_FORMAT/);
    expect(refused('')).toMatch(/^E_FORMAT/);
    expect(refused('['.repeat(100_000))).toMatch(/^E_FORMAT/);
    expect(refused('__proto__:\n  recipe: 1')).toMatch(/^E_FORMAT/);
    expect(refused(`# ${'x'.repeat(300_000)}`)).toMatch(/^E_LIMIT/);
  });

  test('a program is not run unless allowed', async () => {
    const r = recipe();
    writeFileSync(at('a', 'evil.mjs'), 'globalThis.ran = true; export default [];');
    writeFileSync(
      at('a', 'evil.yaml'),
      stringify({ ...r, prune: { ...r.prune, data: { ...r.prune.data, path: 'evil.mjs' } } }),
    );
    await expect(followRecipe(at('a', 'evil.yaml'))).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(globalThis).not.toHaveProperty('ran');
  });
});
