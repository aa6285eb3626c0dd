/** Compiles AssemblyScript text, seen as a file of `runtime/`, and instantiates it. */
import { assemble as compile } from '../../compiler/link/asc.ts';

export type Build = 'scalar' | 'simd';
export const builds: readonly Build[] = ['scalar', 'simd'];

export interface Assembled {
  readonly memory: WebAssembly.Memory;
  readonly run: Readonly<Record<string, (...args: number[]) => number>>;
}

export async function assemble(source: string, build: Build, pages: number): Promise<Assembled> {
  const entry = 'runtime/entry.ts';
  const { wasm } = await compile({ sources: new Map([[entry, source]]), entry, build, pages });
  const { instance } = await WebAssembly.instantiate(wasm);
  const { memory, ...run } = instance.exports;
  return { memory: memory as WebAssembly.Memory, run: run as Assembled['run'] };
}
