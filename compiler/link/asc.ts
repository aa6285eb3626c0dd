/** The AssemblyScript compiler, in memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolchain } from '../errors.ts';
import type { Build } from '../kernels.ts';
import { packageRoot } from '../package-root.ts';

export interface AscOptions {
  /** Sources by path; `runtime/…` comes from the package where it is not given here. */
  readonly sources: ReadonlyMap<string, string>;
  readonly entry: string;
  readonly build: Build;
  /** Bytes at the start of memory that stay free for weights and the arena. */
  readonly memoryBase?: number;
  /** Fixed memory size, in 64 KiB pages. */
  readonly pages?: number;
  /** Also return the module as text. */
  readonly text?: boolean;
}

const maxReported = 8;

const loadAsc = () => import('assemblyscript/asc');

/** Starts to load asc (over a second, much of it off the main thread), for callers with something else to do meanwhile. */
export function warmUp(): void {
  // A failure is reported by `assemble`, which loads it again.
  loadAsc().catch(() => {});
}

/** Compiles to a WebAssembly binary; throws `E_TOOLCHAIN` with asc's diagnostics. Loads asc (150 MB resident) on first use. */
export async function assemble(
  options: AscOptions,
): Promise<{ wasm: Uint8Array<ArrayBuffer>; text?: string }> {
  const { default: asc } = await loadAsc();
  const root = packageRoot();
  const outputs = new Map<string, string | Uint8Array>();
  const diagnostics: string[] = [];
  const read = (name: string): string | null => {
    const given = options.sources.get(name);
    if (given !== undefined) return given;
    if (name !== 'asconfig.json' && !/^runtime\/[\w/.-]+\.ts$/.test(name)) return null;
    try {
      return readFileSync(join(root, name), 'utf8');
    } catch {
      return null;
    }
  };
  const args = [
    options.entry,
    '--config',
    'asconfig.json',
    '--target',
    options.build,
    '--outFile',
    'module.wasm',
  ];
  if (options.memoryBase !== undefined) args.push('--memoryBase', String(options.memoryBase));
  if (options.pages !== undefined) {
    args.push('--initialMemory', String(options.pages), '--maximumMemory', String(options.pages));
  }
  if (options.text) args.push('--textFile', 'module.wat');
  const { error, stderr } = await asc.main(args, {
    readFile: read,
    writeFile: (name, data) => void outputs.set(name, data),
    listFiles: () => [],
    reportDiagnostic: (d) => {
      const at = d.range ? ` (${d.range.source?.normalizedPath ?? ''}:${d.range.start})` : '';
      diagnostics.push(`${d.message}${at}`);
    },
  });
  const wasm = outputs.get('module.wasm');
  if (error || !(wasm instanceof Uint8Array)) {
    const reasons = diagnostics.length > 0 ? diagnostics : [error?.message ?? stderr.toString()];
    throw toolchain(`asc failed: ${reasons.slice(0, maxReported).join('; ')}`);
  }
  return { wasm: new Uint8Array(wasm), text: outputs.get('module.wat') as string | undefined };
}
