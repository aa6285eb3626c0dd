/** The last stage of a module: weights and metadata go into what asc made. */
import { abiVersion, type ModuleSource } from '../codegen/module.ts';
import type { Build } from '../kernels.ts';
import type { ChannelReport } from '../passes/index.ts';
import type { LinearStep } from '../plan/forms.ts';
import { layerInfo } from '../plan/report.ts';
import type { LinearSelection } from '../plan/select.ts';
import type { Staged } from '../plan/stage.ts';
import { type BuildReport, encodeMetadata, sectionName } from './metadata.ts';
import { addData } from './sections.ts';

const page = 65536;

/** What asc itself may place in memory (constant tables of its standard library). */
const staticRoom = 1024;

/** Memory of the module, in 64 KiB pages. */
export const pagesOf = ({ memory }: ModuleSource): number =>
  Math.max(1, Math.ceil((memory.end + staticRoom) / page));

export interface Linkage {
  readonly name: string;
  readonly build: Build;
  readonly compilerVersion: string;
  readonly sourceHash: string;
  /** Kept in the metadata as they are. */
  readonly recorded: Readonly<Record<string, unknown>>;
  readonly channels: ChannelReport;
}

export interface Linked {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly metadata: BuildReport;
}

export function link(
  compiled: Uint8Array,
  module: ModuleSource,
  { plan }: Staged,
  selections: ReadonlyMap<LinearStep, LinearSelection>,
  linkage: Linkage,
): Linked {
  const { pool, memory } = module;
  const { build } = linkage;
  const port = (p: { name: string; value: number }) => {
    const { dtype, shape } = plan.values.get(p.value)!;
    return { name: p.name, dtype, shape, offset: memory.addresses.get(p.value)! };
  };
  const metadata: BuildReport = {
    name: linkage.name,
    abi: abiVersion,
    compiler: `espalier ${linkage.compilerVersion}`,
    build,
    options: linkage.recorded,
    source: linkage.sourceHash,
    inputs: plan.inputs.map(port),
    outputs: plan.outputs.map(port),
    stateful: plan.state.length > 0,
    weightBytes: memory.weightBytes,
    arenaBytes: memory.arenaBytes,
    memoryBytes: pagesOf(module) * page,
    features: [
      'bulk-memory',
      ...(build === 'scalar' ? [] : ['simd']),
      ...(build === 'relaxed' ? ['relaxed-simd'] : []),
    ],
    layers: layerInfo(plan, selections),
    channels: linkage.channels,
  };
  const initial = plan.state.map((s) => ({
    address: memory.addresses.get(s.value)!,
    bytes: bytesOf(plan.values.get(s.initial)!.data!),
  }));
  const wasm = addData(compiled, [...pool.segments, ...initial], {
    name: sectionName,
    contents: encodeMetadata(metadata),
  });
  return { wasm, metadata };
}

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
