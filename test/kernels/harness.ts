import {
  type Build,
  countArgs,
  type LinearKernel,
  type MoveKernel,
  type WindowKernel,
} from '../../compiler/kernels.ts';
import { assemble } from '../../compiler/link/asc.ts';
import type { PackedArray } from '../../compiler/sparse/format.ts';

export const builds: readonly Build[] = ['scalar', 'simd'];

type KernelRow = LinearKernel | WindowKernel | MoveKernel;
type Kernel = (...args: number[]) => void;

/** A memory with one kernel family compiled into it, each with the epilogue `v · load(e1 + 4·row) + load(at + e0)`. */
export interface Machine {
  readonly kernels: Readonly<Record<string, Kernel>>;
  /** Copies to a 16-byte boundary and gives the address. */
  put(data: PackedArray): number;
  /** Room for `floats`, filled with a value, and as many guard floats behind it. */
  room(floats: number, fill: number): number;
  floats(at: number, length: number): Float32Array;
  reset(): void;
}

const scale = `@unmanaged class Scale {
  @inline one(v: f32, at: usize, row: usize, e0: usize, e1: usize): f32 {
    return v * load<f32>(e1 + (row << 2)) + load<f32>(at + e0);
  }
  @inline pixels(v: v128, at: usize, row: usize, e0: usize, e1: usize): v128 {
    return f32x4.add(f32x4.mul(v, v128.load32_splat(e1 + (row << 2))), v128.load(at + e0));
  }
  @inline rows(v: v128, at: usize, row: usize, e0: usize, e1: usize): v128 {
    return f32x4.add(f32x4.mul(v, v128.load(e1 + (row << 2))), v128.load(at + e0));
  }
}`;

const scalarScale = `@unmanaged class Scale {
  @inline one(v: f32, at: usize, row: usize, e0: usize, e1: usize): f32 {
    return v * load<f32>(e1 + (row << 2)) + load<f32>(at + e0);
  }
}`;

const pages = 64;
const base = 1024;

export async function machine(build: Build, kernels: readonly KernelRow[]): Promise<Machine> {
  const source = sourceOf(build, kernels);
  const { wasm } = await assemble({
    sources: new Map([['module.ts', source]]),
    entry: 'module.ts',
    build,
    pages,
  });
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const { memory, ...exports } = instance.exports as unknown as Record<string, Kernel> & {
    memory: WebAssembly.Memory;
  };
  let top = base;
  const reserve = (bytes: number) => {
    const at = top;
    top = (top + bytes + 15) & ~15;
    if (top > memory.buffer.byteLength) throw new RangeError('test memory is full');
    return at;
  };
  return {
    kernels: exports,
    put(data) {
      const at = reserve(data.byteLength);
      new Uint8Array(memory.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
      return at;
    },
    room(floats, fill) {
      const at = reserve(4 * floats);
      new Float32Array(memory.buffer, at, floats).fill(fill);
      return at;
    },
    floats: (at, length) => new Float32Array(memory.buffer, at, length),
    reset() {
      new Uint8Array(memory.buffer).fill(0xff);
      top = base;
    },
  };
}

/** A module that exports each kernel under its name. */
export function sourceOf(build: Build, kernels: readonly KernelRow[]): string {
  return [
    ...kernels.map((k) => `import { ${k.name} as k_${k.name} } from './runtime/kernels/${k.family}';`),
    build === 'scalar' ? scalarScale : scale,
    ...kernels.map(wrapper),
  ].join('\n');
}

function wrapper(k: KernelRow): string {
  const typed = k.args.map((a) => `${a}: ${countArgs.has(a) ? 'i32' : 'usize'}`).join(', ');
  const epilogue = k.form === 'move' ? '' : '<Scale>';
  return `export function ${k.name}(${typed}): void { k_${k.name}${epilogue}(${k.args.join(', ')}); }`;
}
