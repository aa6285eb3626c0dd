import { defineArg } from './arg.ts';

export default defineArg({
  kind: 'argMin',
  description: 'index of the smallest element along an axis',
  fn: 'argmin',
  better: (a, b) => a < b,
});
