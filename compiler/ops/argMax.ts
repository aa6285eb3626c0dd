import { defineArg } from './arg.ts';
import { arg, hardmax, softmax } from './onnx-math.ts';
import { readsArg } from './tensorflow-pick.ts';

export default defineArg({
  kind: 'argMax',
  description: 'index of the largest element along an axis',
  fn: 'argmax',
  better: (a, b) => a > b,
  names: {
    onnx: { Hardmax: softmax(hardmax), ArgMax: arg('argMax') },
    graph: { ArgMax: readsArg('argMax') },
    tflite: { ARG_MAX: readsArg('argMax') },
  },
});
