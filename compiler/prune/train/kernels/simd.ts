/**
 * Kernels in WebAssembly's SIMD over the heap of the backend: what XNNPACK has no operator for and JavaScript takes ten times as
 * long for. All addresses and steps are in bytes.
 */

import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import createWabt from 'wabt';
import type { Tf } from '../backend.ts';

/** Rows of a block of products, and its columns. */
export const blockRows = [4, 1] as const;
export const blockColumns = [8, 4, 1] as const;

type Sum = (
  acc: number,
  x: number,
  g: number,
  rows: number,
  columns: number,
  xRow: number,
  gRow: number,
  xStep: number,
  gStep: number,
  accRow: number,
) => void;

export interface Simd {
  /** Over rows and columns of pixels: acc[i][j] += Σ x[i] · g[j] for i < rows, j < columns of the block. */
  outer(rows: number, columns: number): Sum;
  /** acc[j] += Σ x[j] · g[j]. */
  along(columns: number): Sum;
  /** dx = dy where least ≤ x ≤ most, else 0. */
  within(dx: number, dy: number, x: number, count: number, least: number, most: number): void;
}

/** Locals, loads and arithmetic of `width` float32: vectors of four, or one number. */
function lanes(width: number) {
  const count = Math.max(1, width >> 2);
  const wide = width > 1;
  return {
    list: Array.from({ length: count }, (_, j) => j),
    type: wide ? 'v128' : 'f32',
    load: wide ? 'v128.load align=4' : 'f32.load',
    store: wide ? 'v128.store' : 'f32.store',
    splat: wide ? 'v128.load32_splat' : 'f32.load',
    op: wide ? 'f32x4' : 'f32',
  };
}

const at = (op: string, offset: number) => op.replace(/^(\S+)/, `$1 offset=${offset}`);

/** A function that sums products over rows and columns of pixels. */
function sum(name: string, rows: number, columns: number, product: 'outer' | 'along'): string {
  const { list, type, load, store, splat, op } = lanes(columns);
  const own = Array.from({ length: rows }, (_, i) => i);
  const each = (f: (i: number, j: number) => string) =>
    own.flatMap((i) => list.map((j) => f(i, j))).join('\n');
  const line = (i: number) => `(i32.add (local.get $acc) (i32.mul (local.get $accRow) (i32.const ${i})))`;
  const operand = (i: number) =>
    product === 'outer' ? `(local.set $x (${at(splat, 4 * i)} (local.get $p)))` : '';
  const factor = (j: number) =>
    product === 'outer' ? '(local.get $x)' : `(${at(load, 16 * j)} (local.get $p))`;
  const step = (pointer: string, by: string) =>
    `(local.set $${pointer} (i32.add (local.get $${pointer}) (local.get $${by})))`;
  const again = (count: string, label: string) =>
    `(br_if $${label} (local.tee $${count} (i32.sub (local.get $${count}) (i32.const 1))))`;
  const params = ['acc', 'from', 'g', 'rows', 'columns', 'xRow', 'gRow', 'xStep', 'gStep', 'accRow'];
  return `(func (export "${name}") ${params.map((p) => `(param $${p} i32)`).join(' ')}
    (local $p i32) (local $q i32) (local $k i32) (local $x ${type})
    ${list.map((j) => `(local $g${j} ${type})`).join(' ')}
    ${each((i, j) => `(local $a${i}_${j} ${type})`)}
    ${each((i, j) => `(local.set $a${i}_${j} (${at(load, 16 * j)} ${line(i)}))`)}
    (loop $row
      (local.set $p (local.get $from))
      (local.set $q (local.get $g))
      (local.set $k (local.get $columns))
      (loop $pixel
        ${list.map((j) => `(local.set $g${j} (${at(load, 16 * j)} (local.get $q)))`).join('\n')}
        ${own
          .map(
            (i) =>
              operand(i) +
              list
                .map(
                  (j) =>
                    `(local.set $a${i}_${j} (${op}.add (local.get $a${i}_${j}) (${op}.mul ${factor(j)} (local.get $g${j}))))`,
                )
                .join('\n'),
          )
          .join('\n')}
        ${step('p', 'xStep')} ${step('q', 'gStep')} ${again('k', 'pixel')})
      ${step('from', 'xRow')} ${step('g', 'gRow')} ${again('rows', 'row')})
    ${each((i, j) => `(${at(store, 16 * j)} ${line(i)} (local.get $a${i}_${j}))`)})`;
}

/** `count` in fours, then the rest one by one. */
const within = `(func (export "within") (param $dx i32) (param $dy i32) (param $x i32) (param $count i32)
    (param $least f32) (param $most f32) (local $low v128) (local $high v128) (local $v v128) (local $s f32)
  (local.set $low (f32x4.splat (local.get $least)))
  (local.set $high (f32x4.splat (local.get $most)))
  (block $done
    (loop $four
      (br_if $done (i32.lt_s (local.get $count) (i32.const 4)))
      (local.set $v (v128.load align=4 (local.get $x)))
      (v128.store align=4 (local.get $dx) (v128.and (v128.load align=4 (local.get $dy)) (v128.and
        (f32x4.ge (local.get $v) (local.get $low)) (f32x4.le (local.get $v) (local.get $high)))))
      (local.set $dx (i32.add (local.get $dx) (i32.const 16)))
      (local.set $dy (i32.add (local.get $dy) (i32.const 16)))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (local.set $count (i32.sub (local.get $count) (i32.const 4)))
      (br $four)))
  (block $end
    (loop $one
      (br_if $end (i32.eqz (local.get $count)))
      (local.set $s (f32.load (local.get $x)))
      (f32.store (local.get $dx) (select (f32.load (local.get $dy)) (f32.const 0) (i32.and
        (f32.ge (local.get $s) (local.get $least)) (f32.le (local.get $s) (local.get $most)))))
      (local.set $dx (i32.add (local.get $dx) (i32.const 4)))
      (local.set $dy (i32.add (local.get $dy) (i32.const 4)))
      (local.set $x (i32.add (local.get $x) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $one))))`;

const text = `(module (import "env" "memory" (memory 0))
  ${blockRows.flatMap((r) => blockColumns.map((c) => sum(`outer${r}_${c}`, r, c, 'outer'))).join('\n')}
  ${blockColumns.map((c) => sum(`along${c}`, 1, c, 'along')).join('\n')}
  ${within})`;

const assembled = createWabt().then((wabt) => {
  const module = wabt.parseWat('train.wat', text, { simd: true });
  try {
    return new WebAssembly.Module(module.toBinary({}).buffer as Uint8Array<ArrayBuffer>);
  } finally {
    module.destroy();
  }
});
const compiled = await assembled;

/** The part of the wasm backend that the kernels need: its memory, and where tensors lie in it. */
interface Heap {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } };
}

const instances = new WeakMap<object, Simd>();

/** Over the heap of the current backend, `wasm`. */
export function simd(tf: Tf): Simd {
  const { wasm } = tf.backend() as unknown as Heap;
  const found = instances.get(wasm);
  if (found) return found;
  const instance = new WebAssembly.Instance(compiled, { env: { memory: wasm.asm.memory } });
  const of = instance.exports as unknown as Record<string, Sum> & Pick<Simd, 'within'>;
  const made: Simd = {
    outer: (rows, columns) => of[`outer${rows}_${columns}`]!,
    along: (columns) => of[`along${columns}`]!,
    within: of.within,
  };
  instances.set(wasm, made);
  return made;
}

/** Where a tensor lies in the heap, until it is disposed of. */
export const addressOf = (tf: Tf, t: Tensor | TensorInfo): number =>
  (tf.backend() as unknown as Heap).dataIdMap.get(t.dataId).memoryOffset;
