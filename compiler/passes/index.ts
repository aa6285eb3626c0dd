/** The passes over graphs, in the order in which they run. */
import type { Graph } from '../ir/graph.ts';
import { printGraph } from '../ir/print.ts';
import { foldAffine } from './fold-affine.ts';
import { identities } from './identities.ts';
import type { Pass } from './pass.ts';
import { transposes } from './transposes.ts';

export const passes: readonly Pass[] = [identities, transposes, foldAffine];

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

export type { Pass };
