/** Kernels by themselves, each with a ReLU as epilogue, on seeded inputs: what benchmarks and tuning time. */
import { type Build, countArgs, type LinearKernel, OVERREAD, type WindowKernel } from '../kernels.ts';
import { assemble } from '../link/asc.ts';
import type { PackedArray } from '../sparse/format.ts';
import { seededRandom } from './stats.ts';

type Kernel = LinearKernel | WindowKernel;

export interface KernelMachine {
  /** Copies the data to memory and gives its address. */
  put(data: PackedArray): number;
  /** The address of so many random floats, of which a share is zero. */
  random(floats: number, zeros?: number): number;
  /** One call of the kernel with its arguments by name. */
  task(kernel: Kernel, args: Readonly<Record<string, number>>): () => void;
  /** Forgets all that was put. */
  reset(): void;
}

const page = 65536;
const base = 1024;
const line = 64;

/** Assembles the kernels into one module with room for `bytes`. */
export async function kernelMachine(
  build: Build,
  kernels: readonly Kernel[],
  bytes: number,
): Promise<KernelMachine> {
  const { wasm } = await assemble({
    sources: new Map([['module.ts', sourceOf(build, kernels)]]),
    entry: 'module.ts',
    build,
    pages: Math.ceil((base + bytes) / page),
  });
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const { memory, ...run } = instance.exports as Record<string, (...args: number[]) => void> & {
    memory: WebAssembly.Memory;
  };
  let top = base;
  const reserve = (size: number) => {
    const at = top;
    top += roomFor(size);
    return at;
  };
  return {
    put(data) {
      const at = reserve(data.byteLength);
      const from = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      new Uint8Array(memory.buffer).set(from, at);
      return at;
    },
    random(floats, zeros = 0) {
      const at = reserve(4 * floats);
      const next = seededRandom(floats);
      const view = new Float32Array(memory.buffer, at, floats);
      for (let i = 0; i < floats; i++) view[i] = next() - 0.5;
      for (let i = 0; i < floats; i++) if (zeros > 0 && next() < zeros) view[i] = 0;
      return at;
    },
    task(kernel, args) {
      const f = run[kernel.name];
      const list = kernel.args.map((a) => args[a]);
      return () => f(...list);
    },
    reset() {
      top = base;
    },
  };
}

/** Bytes that an array of `size` bytes takes in a machine. */
export const roomFor = (size: number): number => Math.ceil((size + OVERREAD) / line) * line;

function sourceOf(build: Build, kernels: readonly Kernel[]): string {
  const vectors = `
  @inline pixels(v: v128, at: usize, row: usize, e0: usize, e1: usize): v128 { return f32x4.pmax(v, f32x4.splat(0)); }
  @inline rows(v: v128, at: usize, row: usize, e0: usize, e1: usize): v128 { return f32x4.pmax(v, f32x4.splat(0)); }`;
  return [
    ...kernels.map((k) => `import { ${k.name} as k_${k.name} } from './runtime/kernels/${k.family}';`),
    `@unmanaged class Relu {${build === 'scalar' ? '' : vectors}
  @inline one(v: f32, at: usize, row: usize, e0: usize, e1: usize): f32 { return max<f32>(v, 0); }
}`,
    ...kernels.map((k) => {
      const args = k.args.map((a) => `${a}: ${countArgs.has(a) ? 'i32' : 'usize'}`).join(', ');
      return `export function ${k.name}(${args}): void { k_${k.name}<Relu>(${k.args.join(', ')}); }`;
    }),
  ].join('\n');
}
