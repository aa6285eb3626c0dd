/** Keras merge layers: any number of inputs, batch against batch. */
import type { LayerContext, ValueId } from './define.ts';

/** Folds the inputs with a binary operator; those of lower rank get their ones behind the batch. */
export function mergeLayer(c: LayerContext, kind: string): ValueId {
  if (c.inputs.length < 2) c.malformed(`${c.inputs.length} inputs, but at least 2 are merged`);
  const inputs = c.inputs.map((_, i) => c.input(i));
  const rank = Math.max(...inputs.map((x) => c.b.shape(x).length));
  const aligned = inputs.map((x) => {
    const [n, ...rest] = c.b.shape(x);
    const ones = new Array<number>(rank - 1 - rest.length).fill(1);
    return ones.length === 0 ? x : c.one('reshape', [x], { shape: [n, ...ones, ...rest] });
  });
  return aligned.reduce((a, b) => c.one(kind, [a, b]));
}
