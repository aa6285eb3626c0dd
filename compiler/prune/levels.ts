/** Levels: how far each layer may be cut, and what that loses. What an allocation chooses from. */
import type { LayerPlan, PrunableLayer } from './layers.ts';
import { magnitudeMask, masked } from './magnitude.ts';
import type { Granularity } from './math/problem.ts';
import type { LayerRule } from './options.ts';

/** Ratio of the densities of neighbouring levels. */
const ratio = 0.96;
/** No layer goes below this share of its weights, nor below so many. */
const leastDensity = 0.01;
const leastWeights = 16;

/** Sparsities of a layer, ascending, four decimals: those left alone and those with a rule have one. */
export function levelsOf(
  { layer, kept, sparsity, floor }: LayerPlan,
  granularity: Granularity,
): readonly number[] {
  if (kept !== undefined) return [0];
  if (sparsity !== undefined) return [sparsity];
  if (granularity.kind === 'nm') return [0, 1 - granularity.keep / granularity.of];
  const least = Math.min(1, Math.max(floor, leastDensity, leastWeights / layer.weights.length));
  const levels: number[] = [];
  for (let density = 1; density > least; density *= ratio) levels.push(sparsityOf(density));
  // Rounded to more zeros than the floor allows it would be lifted again.
  return [...new Set([...levels, Math.floor((1 - least) * 1e4) / 1e4])];
}

const sparsityOf = (density: number) => Math.round((1 - density) * 1e4) / 1e4;

/** Weights that a layer keeps at a level. */
export const keepAt = ({ weights }: PrunableLayer, sparsity: number): number =>
  Math.round((1 - sparsity) * weights.length);

/** Rules that bring every layer that is open in `plans` to its level. */
export function rulesOf(
  plans: readonly LayerPlan[],
  sparsities: readonly number[],
  granularity: Granularity,
): LayerRule[] {
  const rules = plans.flatMap(({ layer, kept, sparsity }, i): LayerRule[] => {
    if (kept !== undefined || sparsity !== undefined) return [];
    const whole = granularity.kind === 'nm' && sparsities[i] === 0;
    return [whole ? { pattern: layer.name, keep: true } : { pattern: layer.name, sparsity: sparsities[i] }];
  });
  // A star in a name fits other names too: their own rules must come later.
  return rules.toSorted((a, b) => Number(b.pattern.includes('*')) - Number(a.pattern.includes('*')));
}

/** Every sixth of some levels, and the first and the last: where curves are computed that `interpolate` fills. */
export const knots = (levels: readonly number[]): number[] =>
  levels.filter((_, i) => i % 6 === 0 || i === levels.length - 1);

/** A quantity known at some sparsities, ascending, and linear in the density between them; constant outside. */
export function interpolate(
  known: readonly { readonly sparsity: number; readonly value: number }[],
  sparsity: number,
): number {
  const next = known.findIndex((k) => k.sparsity >= sparsity);
  if (next < 0) return known.at(-1)!.value;
  if (next === 0) return known[0].value;
  const [a, b] = [known[next - 1], known[next]];
  return a.value + ((b.value - a.value) * (sparsity - a.sparsity)) / (b.sparsity - a.sparsity);
}

/** A layer's weights at a sparsity, the smallest gone, as a function that has sorted them once; for estimates: ties go together. */
export function magnitudeCuts(
  layer: PrunableLayer,
  granularity: Granularity,
): (sparsity: number) => Float32Array {
  const { weights } = layer;
  if (granularity.kind !== 'element') {
    return (s) => (s === 0 ? weights : masked(weights, magnitudeMask(layer, granularity, keepAt(layer, s))));
  }
  const sorted = weights.map(Math.abs).sort();
  return (s) => {
    if (s === 0) return weights;
    const least = sorted[weights.length - keepAt(layer, s)];
    const out = new Float32Array(weights.length);
    for (let i = 0; i < out.length; i++) if (Math.abs(weights[i]) >= least) out[i] = weights[i];
    return out;
  };
}

/**
 * Share of the squared weights of a layer that goes by magnitude, at each of `sparsities`: what is known of a loss without
 * samples. Shares of different layers are added up as they are.
 */
export function magnitudeLosses(
  layer: PrunableLayer,
  sparsities: readonly number[],
  granularity: Granularity,
): number[] {
  const energy = (weights: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += weights[i] * weights[i];
    return sum;
  };
  const all = energy(layer.weights);
  const cut = magnitudeCuts(layer, granularity);
  return sparsities.map((s) => (all === 0 ? 0 : 1 - energy(cut(s)) / all));
}
