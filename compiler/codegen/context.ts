/** What the emitters of forms share: addresses, operands as text, epilogue classes, imports. */
import { assert } from '../errors.ts';
import { type DType, elementBytes } from '../ir/tensor.ts';
import { type Build, tileKernel } from '../kernels.ts';
import type { Expr } from '../plan/expr.ts';
import type { Epilogue, LinearStep, Plan, Step } from '../plan/forms.ts';
import { type Layout, startOf } from '../plan/layout.ts';
import type { DataPool, MemoryMap } from '../plan/memory.ts';
import { type Operand, operandOf } from '../plan/nest.ts';
import type { LinearSelection } from '../plan/select.ts';
import type { Staged } from '../plan/stage.ts';
import type { Tile } from '../plan/tiling.ts';
import { isBroadcast, type PlanId, type View } from '../plan/view.ts';
import { Code, f32Literal } from './code.ts';
import { mathImports, printScalar, printVector } from './expr.ts';
import { type TileTexts, textsOf } from './kernel-call.ts';

/** How the elements of a type are read and written. */
export const access: Record<DType, { load: string; store: string; scalar: 'f32' | 'i32' }> = {
  float32: { load: 'load<f32>', store: 'store<f32>', scalar: 'f32' },
  int32: { load: 'load<i32>', store: 'store<i32>', scalar: 'i32' },
  bool: { load: '<i32>load<u8>', store: 'store<u8>', scalar: 'i32' },
  uint8: { load: '<i32>load<u8>', store: 'store<u8>', scalar: 'i32' },
  int8: { load: '<i32>load<i8>', store: 'store<i8>', scalar: 'i32' },
};

export class Context {
  readonly code = new Code();
  readonly plan: Plan;
  readonly layouts: ReadonlyMap<PlanId, Layout>;
  readonly selections: ReadonlyMap<LinearStep, LinearSelection>;
  readonly build: Build;
  readonly #pool: DataPool;
  readonly #memory: MemoryMap;
  readonly #imports = new Map<string, Set<string>>();
  readonly #epilogues = new Map<string, { name: string; text: string }>();
  /** Inside scans: by how many bytes each moving value is shifted, as text. */
  readonly #shifts = new Map<PlanId, string>();
  #names = 0;

  constructor(
    staged: Staged,
    selections: ReadonlyMap<LinearStep, LinearSelection>,
    pool: DataPool,
    memory: MemoryMap,
    build: Build,
  ) {
    this.plan = staged.plan;
    this.layouts = staged.layouts;
    this.selections = selections;
    this.build = build;
    this.#pool = pool;
    this.#memory = memory;
  }

  /** True where the build has 128-bit vectors. */
  get vector(): boolean {
    return this.build !== 'scalar';
  }

  /** A name that nothing else in the function has. */
  fresh(stem: string): string {
    return `${stem}${this.#names++}`;
  }

  import(file: string, ...names: string[]): void {
    const set = this.#imports.get(file) ?? new Set();
    for (const n of names) set.add(n);
    this.#imports.set(file, set);
  }

  /** `expr` for one element, `args` being texts. */
  scalar(expr: Expr, args: readonly string[]): string {
    this.import('runtime/math', ...mathImports(expr));
    return printScalar(expr, args);
  }

  /** `expr` for four neighbours. */
  lanes(expr: Expr, args: readonly string[]): string {
    this.import('runtime/math', ...mathImports(expr));
    return printVector(expr, args);
  }

  literal(value: number, dtype: DType): string {
    return dtype === 'float32' ? f32Literal(value) : String(Math.trunc(value));
  }

  /** A neutral element: infinities of i32 are its extremes. */
  neutral(value: number, type: 'f32' | 'i32'): string {
    if (type === 'f32') return f32Literal(value);
    if (value === Number.POSITIVE_INFINITY) return 'i32.MAX_VALUE';
    return value === Number.NEGATIVE_INFINITY ? 'i32.MIN_VALUE' : String(value);
  }

  load(view: View, pointer: string): string {
    return `${access[this.dtype(view)].load}(${pointer})`;
  }

  operand(view: View): Operand {
    return operandOf(view, this.plan, this.layouts);
  }

  dtype(view: View): DType {
    return this.plan.values.get(view.value)!.dtype;
  }

  /** The address of a value's buffer. */
  base(id: PlanId): number {
    const at = this.#memory.addresses.get(id);
    assert(at !== undefined, `value ${id} has no address`);
    return at;
  }

  /** The address of the view's first element (plus `extra` bytes), as an expression. */
  start(view: View, extra = 0): string {
    const at =
      this.base(view.value) + startOf(this.layouts.get(view.value)!, view) * elementBytes[this.dtype(view)];
    const shift = this.#shifts.get(view.value);
    const text = at + extra < 0 ? `<usize>(${at + extra})` : String(at + extra);
    return shift ? `${text} + ${shift}` : text;
  }

  withShifts(shifts: ReadonlyMap<PlanId, string>, body: () => void): void {
    const before = new Map(this.#shifts);
    for (const [id, text] of shifts)
      this.#shifts.set(id, before.has(id) ? `${before.get(id)} + ${text}` : text);
    body();
    this.#shifts.clear();
    for (const [id, text] of before) this.#shifts.set(id, text);
  }

  /** What a tile is called with; all are copied to one place. */
  tile(tile: Tile): TileTexts {
    this.import(`runtime/kernels/${tileKernel.family}`, tileKernel.name);
    const { first, planes, stride, reach, pixels, bytes } = tile;
    return textsOf({ copy: this.#memory.tiles, first, planes, stride, reach, pixels, bytes });
  }

  data(data: ArrayBufferView, name: string): number {
    return this.#pool.add(data, name);
  }

  /**
   * The class of an epilogue and, per group, the values of `e0` and `e1`: for an operand laid out like y the distance
   * from y; for a constant per row its address.
   */
  epilogue(step: Step, epilogue: Epilogue | undefined, groups = 1): { name: string; operands: string[][] } {
    const args = epilogue?.args ?? [];
    const kinds = args.map((a) => (this.plan.values.get(a.value)!.data ? 'row' : 'like'));
    const key = JSON.stringify([epilogue?.expr ?? null, kinds]);
    let known = this.#epilogues.get(key);
    if (!known) {
      const name = epilogue ? `Epilogue${this.#epilogues.size}` : 'Plain';
      known = { name, text: epilogueClass(name, epilogue?.expr, kinds) };
      this.#epilogues.set(key, known);
      if (epilogue) this.import('runtime/math', ...mathImports(epilogue.expr));
    }
    const operands = Array.from({ length: groups }, (_, g) =>
      [0, 1].map((i) => {
        const a = args[i];
        if (!a) return '0';
        if (kinds[i] === 'row') return String(this.#rowConstant(a, step.name, groups, g));
        return `(${this.start(a)}) - (${this.start(step.y)})`;
      }),
    );
    return { name: known.name, operands };
  }

  /** The address of a per-row operand of group `g`, as a vector over rows. */
  #rowConstant(view: View, name: string, groups: number, g: number): number {
    const dims = view.dims.slice(1, -1);
    const v = this.plan.values.get(view.value)!;
    const layout = this.layouts.get(view.value)!;
    const at = rowElements({ ...view, dims }, layout);
    const all = Float32Array.from(at, (i) => v.data![i]);
    const rows = all.length / groups;
    assert(isBroadcast(view.dims[0]) && isBroadcast(view.dims.at(-1)!), 'a row operand moves with rows only');
    return this.data(all, `${name}:operand`) + g * rows * 4;
  }

  /** Imports, epilogue classes and whatever has been written to `code`. */
  finish(head: readonly string[]): string {
    const out = [...head];
    for (const [file, names] of [...this.#imports].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (names.size > 0) out.push(`import { ${[...names].sort().join(', ')} } from "./${file}";`);
    }
    out.push('');
    for (const { text } of this.#epilogues.values()) out.push(text);
    return `${out.join('\n')}\n${this.code}`;
  }
}

function rowElements(view: View, layout: Layout): number[] {
  let list = [startOf(layout, view)];
  for (const f of view.dims.flat()) {
    const stride = f.axis < 0 ? 0 : f.step * layout.strides[f.axis];
    list = list.flatMap((at) => Array.from({ length: f.size }, (_, i) => at + i * stride));
  }
  return list;
}

function epilogueClass(name: string, expr: Expr | undefined, kinds: readonly ('row' | 'like')[]): string {
  const texts = (row: string, like: string) =>
    kinds.map((k, i) => (k === 'row' ? row : like).replaceAll('$', `e${i}`));
  const method = (head: string, type: string, print: typeof printScalar, row: string, like: string) =>
    `  @inline ${head}(v: ${type}, at: usize, row: usize, e0: usize, e1: usize): ${type} { return ${
      expr ? print(expr, ['v', ...texts(row, like)]) : 'v'
    }; }`;
  return [
    '// @ts-ignore: decorator',
    '@unmanaged',
    `class ${name} {`,
    method('pixels', 'v128', printVector, 'v128.load32_splat($ + (row << 2))', 'v128.load(at + $)'),
    method('rows', 'v128', printVector, 'v128.load($ + (row << 2))', 'v128.load(at + $)'),
    method('one', 'f32', printScalar, 'load<f32>($ + (row << 2))', 'load<f32>(at + $)'),
    '}',
    '',
  ].join('\n');
}
