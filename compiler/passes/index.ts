/** The passes over graphs, in the order in which they run. */
import type { Graph } from '../ir/graph.ts';
import { printGraph } from '../ir/print.ts';
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import { clamps } from './clamps.ts';
import { removeDeadChannels, type WithoutDeadChannels } from './dead-channels.ts';
import { foldAffine } from './fold-affine.ts';
import { foldPads } from './fold-pads.ts';
import { identities } from './identities.ts';
import { knownProducts } from './known-products.ts';
import { norms } from './norms.ts';
import type { Pass } from './pass.ts';
import { transposes } from './transposes.ts';
import { unseenTaps } from './unseen-taps.ts';
import { wholePools } from './whole-pools.ts';

/** Before pruning: every weight keeps its origin. */
export const passes: readonly Pass[] = [
  identities,
  arithmetic,
  clamps,
  activations,
  norms,
  knownProducts,
  transposes,
  foldAffine,
  foldPads,
  wholePools,
];

export interface SimplifyOptions {
  readonly passes?: readonly Pass[];
  /** Called after each pass that changed the graph. */
  readonly onPass?: (pass: Pass, graph: Graph, round: number) => void;
}

/** Passes feed each other; models settle in a few rounds. */
const maxRounds = 16;

/** The same model in simpler terms: all passes, again and again until none of them changes the text of the graph. */
export function simplify(graph: Graph, options: SimplifyOptions = {}): Graph {
  let text = printGraph(graph);
  for (let round = 0; round < maxRounds; round++) {
    const before = text;
    for (const pass of options.passes ?? passes) {
      const next = pass.run(graph);
      const changed = printGraph(next);
      if (changed === text) continue;
      graph = next;
      text = changed;
      options.onPass?.(pass, graph, round);
    }
    if (text === before) break;
  }
  return graph;
}

/** The same model without dead channels and taps, simplified again where channels went. Weights that shrink lose their origin. */
export function shrink(graph: Graph): WithoutDeadChannels {
  const found = removeDeadChannels(unseenTaps.run(graph));
  return found.removed.length > 0 ? { ...found, graph: simplify(found.graph) } : found;
}

export { type ChannelReport, noChannels, removeDeadChannels } from './dead-channels.ts';
export type { Pass };
