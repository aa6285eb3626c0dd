/** Calls of `linear` kernels, in modules and where kernels are timed by themselves. */
import { type LinearKernel, tileKernel } from '../kernels.ts';
import type { Lines, Tile } from '../plan/tiling.ts';
import type { Code } from './code.ts';

/** What the fields of a tile are called with, and the address of its copy. */
export type TileTexts = Readonly<Record<keyof Tile | 'copy', string>>;
export type LineTexts = Readonly<Record<keyof Lines, string>>;

/** Numbers as the arguments that they are in a module. */
export const textsOf = <K extends string>(
  numbers: Readonly<Record<K, number>>,
): Readonly<Record<K, string>> =>
  Object.fromEntries(Object.entries(numbers).map(([k, n]) => [k, String(n)])) as Record<K, string>;

/** The call, line by line and tile by tile over a copy where there are such. All arguments are texts. */
export function writeKernelCall(
  code: Code,
  callee: string,
  kernel: LinearKernel,
  args: Readonly<Record<string, string>>,
  { tile, lines }: { readonly tile?: TileTexts; readonly lines?: LineTexts },
): void {
  if (lines) {
    const { count, pixels, bytes } = lines;
    const head = `for (let line: usize = 0, end: usize = <usize>(${count}) * ${bytes}; line < end; line += ${bytes})`;
    const at = { x: `${args.x} + line`, y: `${args.y} + line`, pixels };
    code.block(head, () => writeKernelCall(code, callee, kernel, { ...args, ...at }, { tile }));
    return;
  }
  const call = (all: Readonly<Record<string, string>>) =>
    code.line(`${callee}(${kernel.args.map((a) => all[a]).join(', ')});`);
  if (!tile) {
    call(args);
    return;
  }
  const { copy, first, planes, stride, reach, pixels, bytes } = tile;
  const head = `for (let at: usize = 0, end: usize = <usize>(${args.pixels}) << 2; at < end; at += <usize>(${pixels}) << 2)`;
  code.block(head, () => {
    code.line(`const size = min<usize>(end - at, <usize>(${pixels}) << 2);`);
    code.line(
      `${tileKernel.name}(${args.x} + ${first} + at, ${copy}, ${planes}, ${stride}, ${bytes}, size + ${reach});`,
    );
    call({ ...args, x: copy, y: `${args.y} + at`, pixels: '<i32>(size >> 2)' });
  });
}
