/** Calls of `linear` kernels, in modules and where kernels are timed by themselves. */
import { type LinearKernel, tileKernel } from '../kernels.ts';
import type { Tile } from '../plan/tiling.ts';
import type { Code } from './code.ts';

/** What the fields of a tile are called with, and the address of its copy. */
export type TileTexts = Readonly<Record<keyof Tile | 'copy', string>>;

/** The call, tile by tile over a copy where there is one. All arguments are texts. */
export function writeKernelCall(
  code: Code,
  callee: string,
  kernel: LinearKernel,
  args: Readonly<Record<string, string>>,
  tile?: TileTexts,
): void {
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
