import { defineArg } from './arg.ts';
import { arg } from './onnx-math.ts';
import { readsArg } from './tensorflow-pick.ts';

export default defineArg({
  kind: 'argMin',
  description: 'index of the smallest element along an axis',
  fn: 'argmin',
  better: (a, b) => a < b,
  names: {
    onnx: { ArgMin: arg('argMin') },
    graph: { ArgMin: readsArg('argMin') },
    tflite: { ARG_MIN: readsArg('argMin') },
  },
});
