/** Kernels by themselves, each with a ReLU as epilogue, on seeded inputs: what benchmarks and tuning time. */
import { Code } from '../codegen/code.ts';
import { type LineTexts, type TileTexts, writeKernelCall } from '../codegen/kernel-call.ts';
import {
  type Build,
  countArgs,
  type LinearKernel,
  OVERREAD,
  tileKernel,
  type WindowKernel,
} from '../kernels.ts';
import { assemble } from '../link/asc.ts';
import { type Lines, type Part, type Tile, tileBytes } from '../plan/tiling.ts';
import type { PackedArray } from '../sparse/format.ts';
import { seededRandom } from './stats.ts';

type Kernel = LinearKernel | WindowKernel;

/** Arguments by name, lines that are done one by one, and where a tile of the input is copied to. */
export interface Call {
  readonly args: Readonly<Record<string, number>>;
  readonly lines?: Lines;
  readonly tile?: Tile & { readonly copy: number };
}

export interface KernelMachine {
  /** Copies the data to memory and gives its address. */
  put(data: PackedArray): number;
  /** Copies the parts of a matrix to memory; the arguments of each, beside those that all share. */
  place(parts: readonly Part[], shared: Readonly<Record<string, number>>): Call[];
  /** The address of so many random floats, of which a share is zero. */
  random(floats: number, zeros?: number): number;
  /** One run of the kernel with its arguments by name; of a `linear` one, over each of the parts of its columns. */
  task(kernel: Kernel, parts: readonly Call[]): () => void;
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
  const put = (data: PackedArray) => {
    const at = reserve(data.byteLength);
    const from = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(memory.buffer).set(from, at);
    return at;
  };
  return {
    put,
    place: (parts, shared) =>
      parts.map(({ packed: { cols, arrays }, lines, tile, swath }) => {
        const own = Object.entries(arrays).map(([name, array]) => [name, put(array)]);
        const args = { ...shared, cols, ...(swath && { swath }), ...Object.fromEntries(own) };
        return { args, lines, ...(tile && { tile: { ...tile, copy: reserve(tileBytes(tile)) } }) };
      }),
    random(floats, zeros = 0) {
      const at = reserve(4 * floats);
      const next = seededRandom(floats);
      const view = new Float32Array(memory.buffer, at, floats);
      for (let i = 0; i < floats; i++) view[i] = next() - 0.5;
      for (let i = 0; i < floats; i++) if (zeros > 0 && next() < zeros) view[i] = 0;
      return at;
    },
    task(kernel, parts) {
      const calls = parts.map(({ args, tile, lines }, i) => {
        const step = parts.length === 1 ? '' : i === 0 ? '_start' : '_add';
        const call = run[`${kernel.name}${step}${tile ? tiled : ''}${lines ? lined : ''}`];
        const values = [
          ...kernel.args.map((a) => args[a]),
          ...(tile ? tileArgs.map((a) => tile[a]) : []),
          ...(lines ? lineArgs.map((a) => lines[a]) : []),
        ];
        return () => call(...values);
      });
      if (calls.length === 1) return calls[0];
      return () => {
        for (const call of calls) call();
      };
    },
    reset() {
      top = base;
    },
  };
}

/** Bytes that an array of `size` bytes takes in a machine. */
export const roomFor = (size: number): number => Math.ceil((size + OVERREAD) / line) * line;

const epilogues = {
  Relu: { vector: 'f32x4.pmax(v, f32x4.splat(0))', scalar: 'max<f32>(v, 0)' },
  Start: { vector: 'v', scalar: 'v' },
  Add: {
    vector: 'f32x4.pmax(f32x4.add(v, v128.load(at)), f32x4.splat(0))',
    scalar: 'max<f32>(v + load<f32>(at), 0)',
  },
};

function sourceOf(build: Build, kernels: readonly Kernel[]): string {
  const method = (name: string, type: string, value: string) =>
    `  @inline ${name}(v: ${type}, at: usize, row: usize, e0: usize, e1: usize): ${type} { return ${value}; }`;
  const exported = (
    k: Kernel,
    as: string,
    epilogue: keyof typeof epilogues,
    copies = false,
    byLines = false,
  ) => {
    const code = new Code();
    const callee = `k_${k.name}<${epilogue}>`;
    const own = k.args.map((a) => `${a}: ${countArgs.has(a) ? 'i32' : 'usize'}`);
    const ofTile = copies ? tileArgs.map((a) => `t_${a}: ${a === 'planes' ? 'i32' : 'usize'}`) : [];
    const ofLines = byLines ? lineArgs.map((a) => `l_${a}: ${a === 'pixels' ? 'i32' : 'usize'}`) : [];
    const name = `${as}${copies ? tiled : ''}${byLines ? lined : ''}`;
    code.block(`export function ${name}(${[...own, ...ofTile, ...ofLines].join(', ')}): void`, () => {
      if (k.form === 'window') code.line(`${callee}(${k.args.join(', ')});`);
      else {
        const around = { ...(copies && { tile: tileTexts }), ...(byLines && { lines: lineTexts }) };
        writeKernelCall(code, callee, k, texts(k.args), around);
      }
    });
    return String(code);
  };
  return [
    `import { ${tileKernel.name} } from './runtime/kernels/${tileKernel.family}';`,
    ...kernels.map((k) => `import { ${k.name} as k_${k.name} } from './runtime/kernels/${k.family}';`),
    ...Object.entries(epilogues).flatMap(([name, e]) => [
      `@unmanaged class ${name} {`,
      ...(build === 'scalar' ? [] : ['pixels', 'rows'].map((m) => method(m, 'v128', e.vector))),
      method('one', 'f32', e.scalar),
      '}',
    ]),
    ...kernels.flatMap((k) => {
      if (k.form === 'window') return [exported(k, k.name, 'Relu')];
      return [false, true].flatMap((copies) =>
        [false, true].flatMap((byLines) => [
          exported(k, k.name, 'Relu', copies, byLines),
          exported(k, `${k.name}_start`, 'Start', copies, byLines),
          exported(k, `${k.name}_add`, 'Add', copies, byLines),
        ]),
      );
    }),
  ].join('\n');
}

/** Behind the names of exports that copy tiles. */
const tiled = '_tiled';
const tileArgs = ['copy', 'first', 'planes', 'stride', 'reach', 'pixels', 'bytes'] as const;
/** Behind the names of exports that go line by line. */
const lined = '_lined';
const lineArgs = ['count', 'pixels', 'bytes'] as const;
const lineTexts = Object.fromEntries(lineArgs.map((a) => [a, `l_${a}`])) as LineTexts;
const tileTexts = Object.fromEntries(tileArgs.map((a) => [a, `t_${a}`])) as TileTexts;
const texts = (names: readonly string[]) => Object.fromEntries(names.map((n) => [n, n]));
