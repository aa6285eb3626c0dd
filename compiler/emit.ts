/** Graph → module: lower, fuse, stage, select, write, assemble, link. `pipeline.ts` puts the front half before it. */
import { abiVersion, writeModule } from './codegen/module.ts';
import { toolchain } from './errors.ts';
import type { Graph } from './ir/graph.ts';
import type { Build } from './kernels.ts';
import { assemble } from './link/asc.ts';
import { encodeMetadata, type Metadata, sectionName } from './link/metadata.ts';
import { addData } from './link/sections.ts';
import type { Step } from './plan/forms.ts';
import { fuse } from './plan/fuse.ts';
import { lower } from './plan/lower.ts';
import { layerInfo } from './plan/report.ts';
import { type Objective, select } from './plan/select.ts';
import { stage } from './plan/stage.ts';

export interface EmitOptions {
  readonly build?: Build;
  readonly objective?: Objective;
  /** `false` stores every weight, zero or not: the control build. */
  readonly sparse?: boolean;
  /** Export every step's function. */
  readonly profile?: boolean;
  readonly compilerVersion?: string;
  readonly sourceHash?: string;
  /** Kept in the metadata as they are. */
  readonly recorded?: Readonly<Record<string, unknown>>;
  readonly text?: boolean;
}

export interface Emitted {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The generated AssemblyScript. */
  readonly source: string;
  readonly wat?: string;
  readonly metadata: Metadata;
  /** With `profile`: the export that runs each step. */
  readonly functions: readonly { readonly name: string; readonly step: Step }[];
}

const page = 65536;

export async function emit(graph: Graph, options: EmitOptions = {}): Promise<Emitted> {
  const build = options.build ?? 'simd';
  const staged = stage(fuse(lower(graph)));
  const selections = select(staged, {
    build,
    objective: options.objective ?? 'speed',
    sparse: options.sparse ?? true,
  });
  const module = writeModule(staged, selections, { build, profile: options.profile ?? false });
  const { pool, memory } = module;
  const pages = Math.max(1, Math.ceil((memory.end + staticRoom) / page));
  const compiled = await assemble({
    sources: new Map([['model.ts', module.text]]),
    entry: 'model.ts',
    build,
    memoryBase: memory.end,
    pages,
    text: options.text,
  });

  const { plan } = staged;
  const port = (p: { name: string; value: number }) => {
    const { dtype, shape } = plan.values.get(p.value)!;
    return { name: p.name, dtype, shape, offset: memory.addresses.get(p.value)! };
  };
  const metadata: Metadata = {
    name: graph.name,
    abi: abiVersion,
    compiler: `espalier ${options.compilerVersion ?? '0'}`,
    build,
    options: options.recorded ?? {},
    source: options.sourceHash ?? '',
    inputs: plan.inputs.map(port),
    outputs: plan.outputs.map(port),
    stateful: plan.state.length > 0,
    weightBytes: memory.weightBytes,
    arenaBytes: memory.arenaBytes,
    memoryBytes: pages * page,
    features: [
      'bulk-memory',
      ...(build === 'scalar' ? [] : ['simd']),
      ...(build === 'relaxed' ? ['relaxed-simd'] : []),
    ],
    layers: layerInfo(plan, selections),
  };
  const initial = plan.state.map((s) => ({
    address: memory.addresses.get(s.value)!,
    bytes: bytesOf(plan.values.get(s.initial)!.data!),
  }));
  const wasm = addData(compiled.wasm, [...pool.segments, ...initial], {
    name: sectionName,
    contents: encodeMetadata(metadata),
  });
  if (build !== 'relaxed' && !WebAssembly.validate(wasm))
    throw toolchain('the linked module does not validate');
  return { wasm, source: module.text, wat: compiled.text, metadata, functions: module.functions };
}

/** What asc itself may place in memory (constant tables of its standard library). */
const staticRoom = 1024;

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
