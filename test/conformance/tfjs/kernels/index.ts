/** Every kernel of tfjs that espalier compiles. */
import type { Translation } from './context.ts';
import { elementwise } from './elementwise.ts';
import { layout } from './layout.ts';
import { linear } from './linear.ts';
import { reducing } from './reductions.ts';
import { windows } from './windows.ts';

export const translations: ReadonlyMap<string, Translation> = new Map(
  Object.entries({ ...elementwise, ...reducing, ...layout, ...windows, ...linear }),
);

/** Kernels by which specs make their operands: they stay with the cpu backend, and don't count. */
export const helpers: ReadonlySet<string> = new Set([
  'Complex',
  'Fill',
  'Identity',
  'LinSpace',
  'OnesLike',
  'Range',
  'ZerosLike',
]);
