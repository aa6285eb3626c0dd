/** Shared by the scatters: what becomes of an element that is written. */
import { badShape, type Place } from '../errors.ts';
import type { DType, Value } from './define.ts';

export const reductions = ['none', 'add', 'mul', 'max', 'min'] as const;
export type Reduction = (typeof reductions)[number];

export const reduceWith: Record<Reduction, (old: number, update: number) => number> = {
  none: (_old, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

/** The routine's number of an element type. */
export const typeNumber: Record<DType, number> = { float32: 0, int32: 1, uint8: 2, bool: 2, int8: 3 };

export function checkScatter(
  data: Value,
  indices: Value,
  updates: Value,
  reduction: Reduction,
  place: Place,
): void {
  if (indices.dtype !== 'int32') throw badShape(`indices are ${indices.dtype}, not int32`, place);
  if (updates.dtype !== data.dtype) throw badShape(`updates are ${updates.dtype}, data ${data.dtype}`, place);
  if (!reductions.includes(reduction))
    throw badShape(`reduction ${reduction} is not one of ${reductions}`, place);
}
