/**
 * Places in one arena for buffers of which each lives for some steps. The least arena is NP-hard to find (dynamic storage allocation); largest
 * first, each as low as it fits, mostly needs no more than what lives at once. Where it does, what ended highest goes first.
 */
import type { Life } from './inplace.ts';

export interface ArenaBuffer extends Life {
  readonly size: number;
}

export interface Places {
  /** Where each buffer begins, in the order given. */
  readonly at: readonly number[];
  readonly end: number;
}

/** Orders that are tried at most, and pairs of buffers that all of them compare. */
const most = { orders: 100, pairs: 5e7 };

/** Bytes. The first place is 0. */
export function placesOf(buffers: readonly ArenaBuffer[]): Places {
  const least = mostAtOnce(buffers);
  const order = [...buffers.keys()].sort((a, b) => buffers[b].size - buffers[a].size || a - b);
  let best = inOrder(buffers, order);
  let last = best;
  const orders = Math.min(most.orders, most.pairs / buffers.length ** 2);
  for (let i = 0; i < orders && best.end > least; i++) {
    const highest = order.findIndex((k) => last.at[k] + buffers[k].size === last.end);
    order.unshift(...order.splice(highest, 1));
    last = inOrder(buffers, order);
    if (last.end < best.end) best = last;
  }
  return best;
}

/** Each at the lowest place that is free during its whole life. */
function inOrder(buffers: readonly ArenaBuffer[], order: readonly number[]): Places {
  const at = buffers.map(() => 0);
  const placed: number[] = [];
  for (const k of order) {
    const { size, start, end } = buffers[k];
    const busy = placed.filter((p) => buffers[p].start <= end && start <= buffers[p].end);
    for (const p of busy) {
      if (at[k] + size <= at[p]) break;
      at[k] = Math.max(at[k], at[p] + buffers[p].size);
    }
    const above = placed.findIndex((p) => at[p] > at[k]);
    placed.splice(above < 0 ? placed.length : above, 0, k);
  }
  return { at, end: buffers.reduce((end, { size }, k) => Math.max(end, at[k] + size), 0) };
}

/** No arena is smaller than what lives during one step. */
const mostAtOnce = (buffers: readonly ArenaBuffer[]): number =>
  buffers.reduce((bytes, { start }) => {
    const alive = buffers.filter((b) => b.start <= start && start <= b.end);
    const together = alive.reduce((n, b) => n + b.size, 0);
    return Math.max(bytes, together);
  }, 0);
