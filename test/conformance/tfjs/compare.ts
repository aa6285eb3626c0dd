/** Compiled results against those of the cpu backend, far below the 1e-3 that the specs themselves allow. */
import type { Tensor } from '../../../compiler/ir/tensor.ts';

/** Of the largest element of the result. */
const tolerance = 5e-7;

/** Why `got` is not `want`; integers, NaN and infinities must be the same. */
export function disagreement(got: readonly Tensor[], want: readonly Tensor[]): string | undefined {
  if (got.length !== want.length) return `${got.length} results instead of ${want.length}`;
  for (let i = 0; i < got.length; i++) {
    const reason = difference(got[i], want[i]);
    if (reason) return reason;
  }
  return undefined;
}

function difference(got: Tensor, want: Tensor): string | undefined {
  if (got.dtype !== want.dtype) return `${got.dtype} instead of ${want.dtype}`;
  if (String(got.shape) !== String(want.shape)) return `[${got.shape}] instead of [${want.shape}]`;
  let scale = 0;
  for (const w of want.data) if (Number.isFinite(w)) scale = Math.max(scale, Math.abs(w));
  const bound = want.dtype === 'float32' ? tolerance * scale : 0;
  for (let i = 0; i < want.data.length; i++) {
    const [g, w] = [got.data[i], want.data[i]];
    if (g === w || (Number.isNaN(g) && Number.isNaN(w)) || Math.abs(g - w) <= bound) continue;
    return `element ${i} is ${g} instead of ${w}`;
  }
  return undefined;
}
