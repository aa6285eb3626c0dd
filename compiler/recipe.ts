/**
 * Recipes: the steps of a run as a YAML file beside its result. All options are explicit, so that other defaults can't change
 * a run, and what went in is known by its hash.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { targets } from '../targets/index.ts';
import { installedVersions } from './bench/machine.ts';
import { imageFits } from './data/images.ts';
import { isModule, type SampleSource } from './data/index.ts';
import { badData, badFormat, ioFailed, overLimit, usage } from './errors.ts';
import { type Compiled, compile, load, prune, readSamples, version } from './index.ts';
import type { Model } from './model.ts';
import { buildOf, type CompileOptions, type FollowOptions } from './options.ts';
import { allocations, granularityText, methods, type PruneOptions, parseGranularity } from './prune/index.ts';
import { fingerprint } from './record.ts';
import { tuningSchema } from './tune.ts';

/** Where a run read from; paths are those of this machine. */
export interface RunSources {
  readonly model: {
    readonly path: string;
    readonly shapes?: Readonly<Record<string, readonly number[]>>;
    readonly fixed?: Readonly<Record<string, number>>;
    readonly allowNonfinite?: boolean;
  };
  readonly data?: SampleSource;
  readonly evaluation?: SampleSource;
}

const share = z.number().min(0).lt(1);
const positive = z.number().positive();
const count = z.int().min(0);
const numbers = z.array(z.number()).min(1).max(4);

const sourceSchema = z.strictObject({
  path: z.string().min(1),
  labels: z.string().min(1).optional(),
  images: z
    .strictObject({
      fit: z.enum(imageFits).optional(),
      scale: positive.optional(),
      mean: numbers.optional(),
      std: numbers.optional(),
    })
    .optional(),
  limit: z.int().positive().optional(),
  sha256: z.string(),
});

const finetuneSchema = z.strictObject({
  epochs: positive,
  lr: positive,
  batch: z.int().positive(),
  schedule: z.enum(['fixed', 'gradual']),
  optimizer: z.enum(['adam', 'momentum', 'sgd']),
  weightDecay: z.number().min(0),
  l1: z.number().min(0),
  l2: z.number().min(0),
  features: z.number().min(0),
  patience: z.int().positive().optional(),
});

const pruneSchema = z.strictObject({
  sparsity: share.optional(),
  threshold: z.number().min(0).optional(),
  method: z.enum(['auto', ...methods]),
  budget: z
    .strictObject({
      bytes: positive.optional(),
      latencyMs: positive.optional(),
      macs: positive.optional(),
      drop: z.number().min(0).optional(),
    })
    .optional(),
  allocation: z.enum(allocations).optional(),
  granularity: z.string(),
  layers: z.array(
    z.strictObject({ pattern: z.string(), sparsity: share.optional(), keep: z.boolean().optional() }),
  ),
  data: sourceSchema.optional(),
  calibration: count.optional(),
  vary: z.boolean().optional(),
  evaluation: sourceSchema.optional(),
  finetune: z.union([z.literal(false), finetuneSchema]),
  seed: count,
  backend: z.enum(['wasm', 'cpu', 'node']).optional(),
} satisfies Record<keyof PruneOptions, z.ZodType>);

const compileSchema = z.strictObject({
  name: z.string().min(1),
  target: z.enum(Object.keys(targets) as [keyof typeof targets]),
  simd: z.enum(['scalar', 'simd', 'relaxed']),
  optimize: z.enum(['speed', 'size']),
  sparse: z.boolean(),
  profile: z.boolean(),
  emitSource: z.boolean(),
  emitWat: z.boolean(),
  tune: tuningSchema.optional(),
} satisfies Record<Exclude<keyof CompileOptions, 'progress'>, z.ZodType>);

const recipeSchema = z.strictObject({
  recipe: z.literal(1),
  espalier: z.string(),
  /** Versions that may change bits. */
  with: z.record(z.string(), z.string()),
  model: z.strictObject({
    path: z.string().min(1),
    sha256: z.string(),
    shapes: z.record(z.string(), z.array(count)).optional(),
    fixed: z.record(z.string(), z.number()).optional(),
    allowNonfinite: z.boolean().optional(),
  }),
  prune: pruneSchema,
  compile: compileSchema.optional(),
});

export type Recipe = z.infer<typeof recipeSchema>;

/**
 * The recipe of a pruned model, to be kept in `folder`: paths are relative to it.
 *
 * @throws {CompileError} E_USAGE for what no file can hold, such as augmentation by a function.
 */
export async function recipeText(
  pruned: Model,
  compile: CompileOptions | undefined,
  sources: RunSources,
  folder: string,
): Promise<string> {
  const { granularity, finetune, ...options } = pruned.pruning!.options as Record<string, never>;
  if (finetune && 'augment' in (finetune as object)) throw usage("a recipe can't hold augmentation");
  const source = (of: SampleSource | undefined, sha256: unknown) =>
    of && {
      ...of,
      path: between(folder, of.path),
      ...(of.labels !== undefined && {
        labels: of.labels === 'folder' ? 'folder' : between(folder, of.labels),
      }),
      sha256,
    };
  const { data, evaluation } = options;
  const recipe = {
    recipe: 1,
    espalier: version(),
    with: await versions(),
    model: { ...sources.model, path: between(folder, sources.model.path), sha256: pruned.source.hash },
    prune: {
      ...options,
      granularity: granularityText(granularity),
      finetune,
      ...(data !== undefined && { data: source(sources.data, data) }),
      ...(evaluation !== undefined && { evaluation: source(sources.evaluation, evaluation) }),
    },
    ...(compile && { compile: settledCompile(pruned, compile) }),
  };
  const text = stringify(JSON.parse(JSON.stringify(recipe)), { aliasDuplicateObjects: false });
  return `# How this was made: \`espalier ${compile ? 'compile' : 'prune'} --recipe FILE\` makes the same bytes.\n${text}`;
}

function settledCompile(model: Model, o: CompileOptions): Recipe['compile'] {
  const { name = model.name, target = 'esm', simd, optimize = 'speed', sparse = true } = o;
  return {
    name,
    target,
    simd: buildOf(simd),
    optimize,
    sparse,
    profile: o.profile ?? false,
    emitSource: o.emitSource ?? false,
    emitWat: o.emitWat ?? false,
    ...(typeof o.tune === 'object' && { tune: o.tune }),
  };
}

/** From a folder to a file, in the notation of recipes. */
function between(folder: string, path: string): string {
  const way = relative(resolve(folder), resolve(path));
  return isAbsolute(way) ? way : way.split(sep).join('/') || '.';
}

const maxBytes = 2 ** 18;
const maxDepth = 64;

/** Throws `E_FORMAT` with the field and what was expected there, `E_LIMIT`, `E_IO`. */
export function readRecipe(path: string): Recipe {
  const file = basename(path);
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw overLimit('the size of the recipe in bytes', size, maxBytes, { file });
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw ioFailed((error as Error).message, { file });
  }
  const found = recipeSchema.safeParse(plainYaml(text, file));
  if (found.success) return found.data;
  const [{ path: where, message }, ...more] = found.error.issues;
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  throw badFormat(`${where.join('.') || 'the recipe'}: ${message}${others}`, { file });
}

/** Data only: no anchors, aliases, tags or merges, which can make much of little. */
function plainYaml(text: string, file: string): unknown {
  // The parser takes quadratic time for what is nested deeply.
  let depth = 0;
  for (const letter of text) {
    if (letter === '[' || letter === '{') depth++;
    else if (letter === ']' || letter === '}') depth--;
    if (depth > maxDepth) throw badFormat('is nested too deeply', { file });
  }
  try {
    const document = parseDocument(text, { schema: 'core', merge: false, uniqueKeys: true, strict: true });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw badFormat(problem.message.split('\n')[0], { file });
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'E_FORMAT') throw error;
    throw badFormat(`is no plain YAML: ${(error as Error).message.split('\n')[0]}`, { file });
  }
}

export interface Followed {
  readonly model: Model;
  /** Absent where the recipe ends with pruning. */
  readonly compiled?: Compiled;
  readonly compileOptions?: CompileOptions;
  readonly sources: RunSources;
  /** What may make other bytes than before. */
  readonly notes: readonly string[];
}

/**
 * Does what the recipe says; paths in it are relative to it.
 *
 * @throws {CompileError} as `readRecipe`, `load`, `prune` and `compile` do; E_DATA where model or data are not those of the recipe;
 * E_USAGE where its data come from a module, unless `allowCode`.
 */
export async function follow(path: string, options: FollowOptions = {}): Promise<Followed> {
  const { progress, signal, checkpoint, allowCode = false } = options;
  const recipe = readRecipe(path);
  const { model: source, prune: steps, compile: build } = recipe;
  const file = basename(path);
  const base = dirname(resolve(path));
  const sources: RunSources = {
    model: { ...source, path: resolve(base, source.path) },
    data: steps.data && located(steps.data, base),
    evaluation: steps.evaluation && located(steps.evaluation, base),
  };
  for (const data of [sources.data, sources.evaluation]) {
    if (data && isModule(data) && !allowCode)
      throw usage(
        `${file} takes its data from the program ${data.path}`,
        '--allow-code runs it, if you trust the recipe',
      );
  }
  const { shapes, fixed, allowNonfinite } = source;
  const model = await load(sources.model.path, { shapes, fixed, allowNonfinite, progress });
  if (model.source.hash !== source.sha256) {
    throw badData(`is not the model of ${file}: its SHA-256 is ${model.source.hash}`, { file: source.path });
  }
  const samples = async (given: Recipe['prune']['data'], of: SampleSource | undefined) => {
    if (!given || !of) return undefined;
    const read = await readSamples(model, of);
    const found = fingerprint(read);
    if (found !== given.sha256)
      throw badData(`holds other samples than ${file} was made with`, { file: given.path });
    return read;
  };
  const pruned = await prune(model, {
    ...steps,
    granularity: parseGranularity(steps.granularity),
    data: await samples(steps.data, sources.data),
    evaluation: await samples(steps.evaluation, sources.evaluation),
    progress,
    signal,
    checkpoint,
    compile: build,
  });
  return {
    model: pruned,
    ...(build && { compiled: await compile(pruned, { ...build, progress }), compileOptions: build }),
    sources,
    notes: await differences(recipe),
  };
}

function located({ sha256: _, ...source }: z.infer<typeof sourceSchema>, base: string): SampleSource {
  const { path, labels } = source;
  const at = (p: string) => join(base, p);
  return {
    ...source,
    path: isAbsolute(path) ? path : at(path),
    ...(labels !== undefined && {
      labels: labels === 'folder' || isAbsolute(labels) ? labels : at(labels),
    }),
  };
}

/** Of what has a part in the bits. */
async function versions(): Promise<Record<string, string>> {
  return { node: process.versions.node, ...(await installedVersions(packages)) };
}

const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'assemblyscript'];

async function differences(recipe: Recipe): Promise<string[]> {
  const here: Record<string, string> = { espalier: version(), ...(await versions()) };
  const made: Record<string, string> = { espalier: recipe.espalier, ...recipe.with };
  return Object.entries(made)
    .filter(([name, v]) => here[name] !== undefined && here[name] !== v)
    .map(([name, v]) => `made with ${name} ${v}, this is ${here[name]}: bytes may differ`);
}
