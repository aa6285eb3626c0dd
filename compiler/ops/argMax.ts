import { defineArg } from './arg.ts';

export default defineArg({
  kind: 'argMax',
  description: 'index of the largest element along an axis',
  fn: 'argmax',
  better: (a, b) => a > b,
});
