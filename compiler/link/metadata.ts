/** What a module says of itself: JSON in the custom section `espalier`, which any host can read without a side file. */
import { CompileError } from '../errors.ts';
import type { DType, Shape } from '../ir/tensor.ts';
import type { Build } from '../kernels.ts';
import type { ChannelReport } from '../passes/index.ts';
import type { LayerInfo } from '../plan/report.ts';
import { customSection } from './sections.ts';

export const sectionName = 'espalier';

export interface PortInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Byte offset in memory. */
  readonly offset: number;
}

export interface Metadata {
  readonly name: string;
  readonly abi: number;
  readonly compiler: string;
  readonly build: Build;
  readonly options: Readonly<Record<string, unknown>>;
  /** SHA-256 of the source model's files. */
  readonly source: string;
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  readonly stateful: boolean;
  readonly weightBytes: number;
  readonly arenaBytes: number;
  readonly memoryBytes: number;
  /** WebAssembly features beyond the 1.0 core: `simd`, `relaxed-simd`, `bulk-memory`. */
  readonly features: readonly string[];
  /** Weights as they are stored: without the channels that went. */
  readonly layers: readonly StoredLayer[];
}

export type StoredLayer = Pick<
  LayerInfo,
  'name' | 'op' | 'format' | 'kernel' | 'rows' | 'cols' | 'nnz' | 'bytes' | 'macs'
>;

/** What compiling tells of a module. Reasons and predictions are for reports: the module goes without them. */
export interface BuildReport extends Metadata {
  readonly layers: readonly LayerInfo[];
  readonly channels: ChannelReport;
}

export function encodeMetadata({ channels: _, layers, ...own }: BuildReport): Uint8Array {
  const metadata: Metadata = { ...own, layers: layers.map(stored) };
  return new TextEncoder().encode(JSON.stringify(metadata));
}

const stored = ({ name, op, format, kernel, rows, cols, nnz, bytes, macs }: LayerInfo): StoredLayer => ({
  name,
  op,
  format,
  kernel,
  rows,
  cols,
  nnz,
  bytes,
  macs,
});

/** Throws `E_FORMAT` where the bytes are no espalier module. */
export function readMetadata(wasm: Uint8Array): Metadata {
  try {
    const bytes = customSection(wasm, sectionName);
    if (bytes) return JSON.parse(new TextDecoder().decode(bytes)) as Metadata;
  } catch {
    // Falls through: whatever is wrong with the bytes, they are no module of ours.
  }
  throw new CompileError('E_FORMAT', 'the file is no module made by espalier');
}
