/** What must hold of a memory map and of every address that a step computes from it. */
import { elementBytes } from '../../compiler/ir/tensor.ts';
import { OVERREAD } from '../../compiler/kernels.ts';
import { reads, type Step, writes } from '../../compiler/plan/forms.ts';
import { address, type Layout } from '../../compiler/plan/layout.ts';
import { tileBytes } from '../../compiler/plan/tiling.ts';
import { extent, type PlanId, type View } from '../../compiler/plan/view.ts';
import type { Stages } from './compile.ts';

/** Every violation in words; none is what should come out. */
export function violations({
  staged: { plan, layouts },
  selections,
  module: { memory, pool },
}: Stages): string[] {
  const out: string[] = [];
  const bytesOf = (id: PlanId) => layouts.get(id)!.elements * elementBytes[plan.values.get(id)!.dtype];

  // Lives of buffers: what is no temporary lives always.
  const lives = new Map<PlanId, { from: number; to: number }>();
  plan.steps.forEach((s, i) => {
    for (const { value } of [...reads(s), ...writes(s)]) {
      const temp = plan.values.get(value)!.role === 'temp';
      const life = lives.get(value) ?? (temp ? { from: i, to: i } : { from: 0, to: plan.steps.length });
      lives.set(value, { from: life.from, to: Math.max(life.to, i) });
    }
  });
  for (const v of plan.values.values())
    if (v.role === 'input' || v.role === 'output' || v.role === 'state')
      lives.set(v.id, { from: 0, to: plan.steps.length });
  const placed = [...lives].filter(([id]) => !plan.values.get(id)!.data);
  for (const [a, x] of placed) {
    const at = memory.addresses.get(a);
    if (at === undefined) {
      out.push(`value ${a} has no address`);
      continue;
    }
    if (at % 16 !== 0) out.push(`value ${a} isn't aligned`);
    if (at < pool.end) out.push(`value ${a} lies among the weights`);
    if (at + bytesOf(a) + OVERREAD > memory.end) out.push(`value ${a} ends outside memory`);
    if (at + bytesOf(a) > memory.tiles) out.push(`value ${a} lies among the tiles`);
    for (const [b, y] of placed) {
      const other = memory.addresses.get(b);
      if (b <= a || other === undefined || x.to < y.from || y.to < x.from) continue;
      const [older, newer] = x.from < y.from ? [a, b] : [b, a];
      const turns = Math.min(x.to, y.to) === Math.max(x.from, y.from) && plan.steps[Math.min(x.to, y.to)];
      if (at === other && turns && becomes(turns, older, newer)) continue;
      if (at < other + bytesOf(b) && other < at + bytesOf(a)) out.push(`values ${a} and ${b} overlap`);
    }
  }

  const visit = (s: Step, turn: Turn = none): void => {
    if (s.form === 'scan') {
      // The first and the last turn reach furthest.
      for (const t of [0, Math.max(0, s.count - 1)]) {
        const next = s.moving.map((m) => ({ value: m.value, axis: m.axis, by: t * m.step }));
        for (const inner of s.body) visit(inner, next);
      }
      return;
    }
    const margins = s.form === 'linear' || s.form === 'window' ? new Set<View>([s.x]) : new Set<View>();
    for (const v of [...reads(s), ...writes(s)]) {
      const l = layouts.get(v.value)!;
      const seen = shifted(v, turn);
      const beyond = extent(seen).some(({ low, high }, a) => low < 0 || high >= v.shape[a]);
      if (beyond && turn.some((m) => m.value === v.value))
        out.push(`${s.name} moves out of value ${v.value}`);
      const [low, high] = reach(l, seen, margins.has(v));
      if (low < 0 || high >= Math.max(1, l.elements))
        out.push(`${s.name} (${s.form}) leaves value ${v.value}`);
    }
    if (s.form !== 'linear') return;
    const { geometry: g, choice, parts } = selections.get(s)!;
    if (!choice) return;
    for (const { tile } of parts.flat()) {
      if (tile && memory.tiles + tileBytes(tile) + OVERREAD > memory.end)
        out.push(`the tiles of ${s.name} end outside memory`);
    }
    const span = (k: number) => g.outer.reduce((n, l) => n + Math.max(0, (l.size - 1) * l.strides[k]), 0);
    const columns = g.offsets.length > 0 ? Math.max(...g.offsets) : 0;
    const run = 4 * g.pixels;
    const xStart = g.xStart + shiftBytes(layouts.get(s.x.value)!, s.x.value, turn);
    const yStart = g.yStart + shiftBytes(layouts.get(s.y.value)!, s.y.value, turn);
    const xEnd = xStart + span(0) + (g.groups - 1) * g.xGroup + columns + run;
    const yEnd = yStart + span(1) + (g.groups - 1) * g.yGroup + (g.rows - 1) * g.yRow + run;
    if (xStart < 0 || xEnd > bytesOf(s.x.value)) out.push(`${s.name} reads behind value ${s.x.value}`);
    if (yStart < 0 || yEnd > bytesOf(s.y.value)) out.push(`${s.name} writes behind value ${s.y.value}`);
  };
  for (const s of plan.steps) visit(s);
  return out;
}

/** True where the step reads every element of `a` at the place of the element of `y` that it makes, and nothing else of it. */
function becomes(step: Step, a: PlanId, y: PlanId): boolean {
  if (step.form === 'scan' || step.form === 'call' || step.form === 'move' || step.form === 'reduce')
    return false;
  if (step.y.value !== y || (step.form !== 'pointwise' && step.x.value === a)) return false;
  const places = (v: View) => JSON.stringify([v.shape, v.origin, v.dims]);
  return reads(step).every((v) => v.value !== a || places(v) === places(step.y));
}

/** Where a turn of a scan sees its moving values, in elements along an axis. */
type Turn = readonly { readonly value: PlanId; readonly axis: number; readonly by: number }[];
const none: Turn = [];

const shifts = (turn: Turn, value: PlanId, axis: number) =>
  turn.filter((m) => m.value === value && m.axis === axis).reduce((n, m) => n + m.by, 0);

const shifted = (v: View, turn: Turn): View => ({
  ...v,
  origin: v.origin.map((o, axis) => o + shifts(turn, v.value, axis)),
});

/** Bytes; linear steps see float32. */
const shiftBytes = (l: Layout, value: PlanId, turn: Turn): number =>
  4 * l.strides.reduce((n, stride, axis) => n + stride * shifts(turn, value, axis), 0);

/** Lowest and highest element that the view touches; without `margins`, of those inside its value. */
function reach(l: Layout, v: View, margins: boolean): [number, number] {
  if (v.shape.includes(0) || v.dims.some((d) => d.some((f) => f.size === 0))) return [0, 0];
  const box = extent(v).map(({ low, high }, a) => {
    const inside = [Math.max(0, Math.min(low, v.shape[a] - 1)), Math.max(0, Math.min(high, v.shape[a] - 1))];
    const granted = margins && low >= -l.before[a] && high < v.shape[a] + l.after[a];
    return granted ? [low, high] : inside;
  });
  // With phases, neighbours of a corner may lie further out than the corner.
  let corners: number[][] = [[]];
  for (const [a, [low, high]] of box.entries()) {
    const list = new Set([low, high]);
    for (let i = 1; i < l.phases[a]; i++) list.add(Math.min(high, low + i)).add(Math.max(low, high - i));
    corners = corners.flatMap((c) => [...list].map((at) => [...c, at]));
  }
  const at = corners.map((c) => address(l, c));
  return [Math.min(...at), Math.max(...at)];
}
