import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type TargetName, targets } from '../../targets/index.ts';
import { usage } from '../errors.ts';
import { writeFiles } from '../import/write-files.ts';
import type { Model } from '../model.ts';
import type { TuningRecord } from '../options.ts';
import type { Objective } from '../plan/select.ts';
import type { Followed } from '../recipe.ts';
import { type CommandSpec, type Context, checkFailed, option } from './command.ts';
import { type ModelOptions, modelOptions, modelSource, openModel } from './inputs.ts';
import {
  dataSources,
  type PruneFlags,
  pruneModel,
  pruneOptions,
  type TrainFlags,
  trainOptions,
  wantsPruning,
} from './prune.ts';
import { followed, type RecipeFlags, recipeName, recipeOptions } from './recipe.ts';
import * as format from './ui/format.ts';

export interface CompileFlags extends ModelOptions, PruneFlags, TrainFlags, RecipeFlags {
  readonly out: string;
  readonly name?: string;
  readonly target: TargetName;
  readonly simd: 'auto' | 'scalar' | 'simd' | 'relaxed';
  readonly optimize: Objective;
  readonly tune?: string;
  readonly emitSource?: boolean;
  readonly emitWat?: boolean;
  readonly verify?: boolean;
}

export const compileOptions = () => [
  option(
    '--target <name>',
    'what comes out: a module and a loader as ES module or CommonJS, or both in one file',
  )
    .choices(Object.keys(targets))
    .default('esm'),
  option('--simd <build>', 'auto is simd; scalar runs everywhere, relaxed where the host has it')
    .choices(['auto', 'scalar', 'simd', 'relaxed'])
    .default('auto'),
  option('--optimize <goal>', 'what formats are chosen by').choices(['speed', 'size']).default('speed'),
];

export const compile: CommandSpec = {
  name: 'compile',
  summary: 'Compiles a model to a WebAssembly module with a typed loader; prunes it first when asked.',
  args: [['[model]', 'model.json or its folder, .onnx, .tflite, .h5 or .keras']],
  options: [
    ...recipeOptions(),
    option('-o, --out <folder>', 'where the files go').default('dist'),
    option('--name <name>', "of the files (default: the model's)"),
    ...compileOptions(),
    option(
      '--tune <file>',
      'time kernels on this host instead of asking the cost model; what the file knows is not measured again',
    ),
    option('--emit-source', 'keep the generated AssemblyScript'),
    option('--emit-wat', 'keep the module as text'),
    option('--verify', 'run the module against the source model before anything is written'),
    ...pruneOptions(),
    ...trainOptions(),
    ...modelOptions(),
  ],
  examples: [
    'compile model.json -o web/model',
    'compile model.json --sparsity 0.9 --data x.npy --labels y.npy --verify',
    'compile model.json --target inline --optimize size --name detector',
    'compile model.json --sparsity 0.9 --calibrate x.npy --tune laptop.json',
    'compile --recipe dist/model.recipe.yaml -o again',
    'compile model.json --max-latency 2ms --calibrate x.npy',
  ],
  async action(context: Context, [path]: readonly string[], options: CompileFlags) {
    const { warmUp } = await import('../link/asc.ts');
    warmUp();
    const done = (await followed(context, path, options)) ?? (await fromFlags(context, path, options));
    const { model, compiled, compileOptions, sources } = done;
    if (!compiled) throw usage('the recipe ends with pruning', 'give it to prune');
    const { files, wasm, metadata, tuning } = compiled;
    if (options.verify && !(await verified(context, model, wasm))) return checkFailed;
    const { out } = options;
    const all = new Map(files);
    if (model.pruning) {
      const [{ recipeOf }, { safeName }] = await Promise.all([
        import('../index.ts'),
        import('../../targets/index.ts'),
      ]);
      const recipe = await recipeOf(model, compileOptions, sources, out);
      all.set(recipeName(safeName(metadata.name)), recipe);
    }
    if (!context.options.dryRun) {
      const { writeOutput } = await import('../output.ts');
      const { compiler, source, options: recorded } = metadata;
      writeOutput(out, all, { compiler, source, options: recorded });
      if (options.tune !== undefined && tuning) writeTimes(options.tune, tuning);
    }
    const sizes = [...all].map(([name, content]) => ({
      name,
      bytes: Buffer.from(content as Uint8Array).length,
    }));
    const { channelLines } = await import('../describe.ts');
    const text = [
      ...channelLines(metadata.channels),
      ...sizes.map((f) => `${format.bytes(f.bytes).padStart(8)}  ${f.name}`),
      `${context.options.dryRun ? 'nothing written, would go to' : 'in'} ${format.printable(out)}`,
    ];
    context.result({ out, files: sizes, metadata }, text.join('\n'));
    return 0;
  },
};

async function fromFlags(context: Context, path: string, options: CompileFlags): Promise<Followed> {
  const known = await knownTimes(options.tune);
  const opened = await openModel(context, path, options);
  const { name, target, simd, optimize, emitSource, emitWat } = options;
  const counted = { name, simd, optimize };
  const model = wantsPruning(options) ? await pruneModel(context, opened, options, counted) : opened;
  const { compile } = await import('../index.ts');
  const asked = { name, target, simd, optimize, emitSource, emitWat };
  const tune = known ?? options.tune !== undefined;
  const compiled = await compile(model, { ...asked, tune, progress: context.progress });
  return {
    model,
    compiled,
    compileOptions: { ...asked, tune: compiled.tuning },
    sources: { model: modelSource(path, options), ...dataSources(options) },
    notes: [],
  };
}

async function knownTimes(file: string | undefined): Promise<TuningRecord | undefined> {
  if (file === undefined || !existsSync(file)) return undefined;
  const { readTuning } = await import('../tune.ts');
  return readTuning(readFileSync(file, 'utf8'), file);
}

const writeTimes = (file: string, times: TuningRecord) =>
  writeFiles(dirname(file), new Map([[basename(file), `${JSON.stringify(times, null, 1)}\n`]]));

async function verified(context: Context, model: Model, wasm: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const [{ verify }, { verificationText }] = await Promise.all([
    import('../verify.ts'),
    import('./verify.ts'),
  ]);
  const found = await verify(model, wasm, { seed: context.options.seed, progress: context.progress });
  if (!found.ok) context.result(found, verificationText(found));
  else context.say(verificationText(found));
  return found.ok;
}
