/** All that the compiler makes on the way from a graph to a module, kept for inspection. */

import { checkGraph, checkModule, checkPlan } from '../../compiler/check.ts';
import { type ModuleSource, writeModule } from '../../compiler/codegen/module.ts';
import type { Graph } from '../../compiler/ir/graph.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { allocate, sizeOf, type TensorData } from '../../compiler/ir/tensor.ts';
import type { Build } from '../../compiler/kernels.ts';
import { assemble } from '../../compiler/link/asc.ts';
import { link, pagesOf } from '../../compiler/link/link.ts';
import type { Metadata, PortInfo } from '../../compiler/link/metadata.ts';
import { noChannels } from '../../compiler/passes/index.ts';
import { type Banded, inBands } from '../../compiler/plan/bands.ts';
import type { LinearStep, Plan } from '../../compiler/plan/forms.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { type LinearSelection, type SelectOptions, select } from '../../compiler/plan/select.ts';
import { stage } from '../../compiler/plan/stage.ts';

export interface Stages {
  readonly lowered: Plan;
  readonly fused: Plan;
  readonly staged: Banded;
  readonly selections: ReadonlyMap<LinearStep, LinearSelection>;
  readonly module: ModuleSource;
}

/** Images in tests are small. */
const everyBand = { large: 0, near: 0, most: Infinity, leastRows: 2 };

export function stages(graph: Graph, options: Partial<SelectOptions> = {}): Stages {
  const { build = 'simd', objective = 'speed', sparse = true, format } = options;
  checkGraph(graph);
  const lowered = lower(graph);
  checkPlan(lowered);
  const fused = fuse(lowered);
  checkPlan(fused);
  const staged = inBands(stage(fused), everyBand);
  checkPlan(staged.plan);
  const selections = select(staged, { build, objective, sparse, format });
  const module = writeModule(staged, selections, { build, profile: false });
  return { lowered, fused, staged, selections, module };
}

export interface Machine {
  readonly metadata: Metadata;
  /** The whole memory. */
  readonly bytes: Uint8Array;
  run(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor>;
}

/** A fresh instance of the module that `stages` wrote; asc hardly optimizes it. */
export async function machine(s: Stages, build: Build, optimizeLevel = 0): Promise<() => Machine> {
  const enable = build === 'scalar' ? [] : ['simd'];
  const target = { optimizeLevel, shrinkLevel: 0, noAssert: true, runtime: 'stub', enable };
  const config = { targets: { [build]: target }, options: { use: ['abort='] } };
  const { wasm: code } = await assemble({
    sources: new Map([
      ['model.ts', s.module.text],
      ['asconfig.json', JSON.stringify(config)],
    ]),
    entry: 'model.ts',
    build,
    memoryBase: s.module.memory.end,
    pages: pagesOf(s.module),
  });
  const linkage = {
    name: 'random',
    build,
    compilerVersion: '0',
    sourceHash: '',
    recorded: {},
    channels: noChannels,
  };
  const { wasm, metadata } = link(code, s.module, s.staged, s.selections, linkage);
  await checkModule(wasm, metadata);
  const compiled = new WebAssembly.Module(wasm);
  return () => {
    const exports = new WebAssembly.Instance(compiled).exports as {
      memory: WebAssembly.Memory;
      run(): number;
    };
    const view = (p: PortInfo): TensorData => {
      const Type = allocate(p.dtype, 0).constructor as Float32ArrayConstructor;
      return new Type(exports.memory.buffer, p.offset, sizeOf(p.shape));
    };
    return {
      metadata,
      bytes: new Uint8Array(exports.memory.buffer),
      run(inputs) {
        for (const p of metadata.inputs) view(p).set(inputs[p.name].data);
        if (exports.run() !== 0) throw new Error('run failed');
        return Object.fromEntries(
          metadata.outputs.map((p) => [p.name, { dtype: p.dtype, shape: p.shape, data: view(p).slice() }]),
        );
      },
    };
  };
}
