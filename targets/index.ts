/** The ways to ship a module. */
import { cjs } from './cjs/index.ts';
import { esm } from './esm/index.ts';
import { inline } from './inline/index.ts';
import type { Target } from './target.ts';

// biome-ignore format: one target, one line
export const targets = {
  esm,
  cjs,
  inline,
} satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;

export type { Files, Package, Target } from './target.ts';
export { safeName } from './target.ts';
