/**
 * The stages, in order. This is the file to read first.
 *
 *     stage     takes                     gives                         check
 *     import    files                     Graph, as the source has it   checkGraph
 *     simplify  Graph                     Graph                         checkGraph
 *     prune     Graph                     Graph with zeros              checkGraph
 *     shrink    Graph with zeros          Graph without dead channels   checkGraph
 *     lower     Graph                     Plan                          checkPlan
 *     fuse      Plan                      Plan                          checkPlan
 *     stage     Plan                      Plan with layouts             checkPlan
 *     tune      Plan with layouts         times of kernels, where asked for
 *     select    Plan with layouts         format and kernel per layer
 *     write     Plan, selections          AssemblyScript, memory map
 *     assemble  AssemblyScript            WebAssembly without weights
 *     link      WebAssembly, weights      the module, its metadata      checkModule
 *     package   module, metadata          files of a target
 */
import type { Files } from '../targets/index.ts';
import { type TargetName, targets } from '../targets/index.ts';
import { checkGraph, checkModule, checkPlan } from './check.ts';
import { writeModule } from './codegen/module.ts';
import { type ModelFiles, type ReadOptions, readModel } from './import/index.ts';
import type { Graph } from './ir/graph.ts';
import type { Build, LinearTiming } from './kernels.ts';
import { assemble, warmUp } from './link/asc.ts';
import { type Linked, link, pagesOf } from './link/link.ts';
import { loadValidator } from './link/validate.ts';
import type { Model } from './model.ts';
import { noChannels, shrink, simplify } from './passes/index.ts';
import { type Banded, inBands, stepByStep } from './plan/bands.ts';
import type { Step } from './plan/forms.ts';
import { fuse } from './plan/fuse.ts';
import { lower } from './plan/lower.ts';
import { type Objective, select } from './plan/select.ts';
import { type Staged, stage } from './plan/stage.ts';
import { noProgress, type Progress } from './progress.ts';
import type { PruneContext, PruneOptions } from './prune/index.ts';
import { recordable } from './record.ts';
import type { FormatName } from './sparse/index.ts';

/** Files → Model. */
export async function open(files: ModelFiles, options: ReadOptions, progress = noProgress): Promise<Model> {
  const run = runner(progress);
  const read = await run(
    'import',
    () => readModel(files, options),
    (m) => checkGraph(m.graph),
  );
  const graph = await run('simplify', () => simplify(read.graph), checkGraph);
  const { format, producer, hash } = read;
  const { fixed } = options;
  return { name: graph.name, graph, source: { files, format, producer, hash, fixed, graph: read.graph } };
}

/** Model → Model with zeros. */
export async function cut(model: Model, options: PruneOptions, context: PruneContext): Promise<Model> {
  const { pruneGraph } = await import('./prune/index.ts');
  const { graph, report, options: settled } = await pruneGraph(model.graph, options, context);
  checkGraph(graph);
  return { ...model, graph, pruning: { options: recordable(settled), report } };
}

export interface EmitOptions {
  readonly build?: Build;
  readonly objective?: Objective;
  /** `false` stores every weight, zero or not, and keeps every channel: the control build. */
  readonly sparse?: boolean;
  /** A weight format taken wherever a kernel takes it, whatever it costs. */
  readonly format?: FormatName;
  /** Times of kernels to choose by, instead of the cost model. */
  readonly tune?: (staged: Staged, build: Build) => Promise<LinearTiming>;
  /** Export every step's function. */
  readonly profile?: boolean;
  /** Also give the module as text. */
  readonly text?: boolean;
  readonly name?: string;
  readonly compilerVersion?: string;
  readonly sourceHash?: string;
  /** Kept in the metadata as they are. */
  readonly recorded?: Readonly<Record<string, unknown>>;
}

export interface Emitted extends Linked {
  /** The generated AssemblyScript. */
  readonly source: string;
  readonly wat?: string;
  /** With `profile`: the export that runs each step. */
  readonly functions: readonly { readonly name: string; readonly step: Step }[];
}

const checkStaged = ({ plan }: Banded) => checkPlan(plan);

/** Graph → module. */
export async function emit(graph: Graph, options: EmitOptions = {}, progress = noProgress): Promise<Emitted> {
  const { build = 'simd', objective = 'speed', sparse = true, format, profile = false } = options;
  const run = runner(progress);
  warmUp();
  const { graph: live, ...channels } = await run(
    'shrink',
    () => (sparse ? shrink(graph) : { graph, ...noChannels }),
    (s) => checkGraph(s.graph),
  );
  const lowered = await run('lower', () => lower(live), checkPlan);
  const fused = await run('fuse', () => fuse(lowered), checkPlan);
  const steps = profile ? stepByStep : inBands;
  const staged = await run('stage', () => steps(stage(fused)), checkStaged);
  const timing = await options.tune?.(staged, build);
  const selections = await run('select', () => select(staged, { build, objective, sparse, format, timing }));
  const module = await run('write', () => writeModule(staged, selections, { build, profile }));
  void loadValidator();
  const compiled = await run('assemble', () =>
    assemble({
      sources: new Map([['model.ts', module.text]]),
      entry: 'model.ts',
      build,
      memoryBase: module.memory.end,
      pages: pagesOf(module),
      text: options.text,
    }),
  );
  const { name = graph.name, compilerVersion = '0', sourceHash = '', recorded = {} } = options;
  const linkage = { name, build, compilerVersion, sourceHash, recorded, channels };
  const linked = await run(
    'link',
    () => link(compiled.wasm, module, staged, selections, linkage),
    (l) => checkModule(l.wasm, l.metadata),
  );
  return { ...linked, source: module.text, wat: compiled.text, functions: module.functions };
}

/** Module → files. */
export const pack = (name: string, { wasm, metadata }: Linked, target: TargetName): Files =>
  targets[target]({ name, wasm, metadata });

/** Runs a stage, then its check. */
function runner(progress: Progress) {
  return async <T>(
    name: string,
    work: () => T | Promise<T>,
    check?: (result: T) => void | Promise<void>,
  ): Promise<T> => {
    const open = progress.stage(name);
    const result = await work();
    await check?.(result);
    open.done();
    return result;
  };
}
