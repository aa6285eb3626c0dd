/**
 * The AssemblyScript module of a plan: one function per step, `run()` calls them in order. Weights are not in it: they are
 * addresses of data that the linker writes.
 */
import type { Build } from '../kernels.ts';
import type { Banded } from '../plan/bands.ts';
import { type LinearStep, type Plan, reads, type Step, writes } from '../plan/forms.ts';
import { address, hasEvenGaps } from '../plan/layout.ts';
import { DataPool, type MemoryMap, planMemory } from '../plan/memory.ts';
import type { LinearSelection } from '../plan/select.ts';
import { tileBytes } from '../plan/tiling.ts';
import type { PlanId } from '../plan/view.ts';
import { safeComment } from './code.ts';
import { Context } from './context.ts';
import { writeBand } from './forms/band.ts';
import { writeStep } from './steps.ts';

/** Version of the interface between module and host. */
export const abiVersion = 1;

export interface ModuleSource {
  readonly text: string;
  readonly pool: DataPool;
  readonly memory: MemoryMap;
  /** Exported function of each step, for profiles. */
  readonly functions: readonly { readonly name: string; readonly step: Step }[];
}

export interface ModuleOptions {
  readonly build: Build;
  /** Also export every step's function. */
  readonly profile: boolean;
}

export function writeModule(
  staged: Banded,
  selections: ReadonlyMap<LinearStep, LinearSelection>,
  options: ModuleOptions,
): ModuleSource {
  const { plan, layouts } = staged;
  // Code is written twice: packed weights get their addresses from the first pass, and the arena lies behind them.
  const pool = new DataPool();
  const viewed = viewedConstants(plan);
  const copied = [...selections.values()].flatMap((s) => s.parts.flat().flatMap((p) => p.tile ?? []));
  const room = Math.max(0, ...copied.map(tileBytes));
  const map = () => planMemory(plan, layouts, pool, viewed, room, staged.bands);
  write(staged, selections, pool, map(), options);
  const memory = map();
  return { ...write(staged, selections, pool, memory, options), pool, memory };
}

function write(
  staged: Banded,
  selections: ReadonlyMap<LinearStep, LinearSelection>,
  pool: DataPool,
  memory: MemoryMap,
  options: ModuleOptions,
): Pick<ModuleSource, 'text' | 'functions'> {
  const ctx = new Context(staged, selections, pool, memory, options.build);
  const { plan } = staged;
  const lastWriter = new Map<PlanId, Step>();
  for (const s of plan.steps) for (const v of writes(s)) lastWriter.set(v.value, s);
  const functions: { name: string; step: Step }[] = [];

  const begun = new Set<Step>([...staged.bands.values()].flatMap((b) => b.steps.slice(0, -1)));
  plan.steps.forEach((step, i) => {
    if (begun.has(step)) return;
    const band = staged.bands.get(step);
    const name = `step${i}`;
    functions.push({ name, step });
    for (const s of band?.steps ?? [step])
      ctx.code.line(`// ${safeComment(`${s.name} (${s.op}): ${s.form}${detail(s, selections)}`)}`);
    ctx.code.block(`${options.profile ? 'export ' : ''}function ${name}(): void`, () => {
      for (const v of new Set(writes(step).map((w) => w.value))) clearWhole(ctx, v);
      if (band) writeBand(ctx, band);
      else writeStep(ctx, step);
      for (const v of new Set(writes(step).map((w) => w.value)))
        if (lastWriter.get(v) === step) clearGaps(ctx, v);
    });
    ctx.code.line();
  });

  ctx.code.line(
    '/** One inference: inputs are read from, outputs written to their places in memory. 0 is success. */',
  );
  ctx.code.block('export function run(): i32', () => {
    for (const f of functions) ctx.code.line(`${f.name}();`);
    ctx.code.line('return 0;');
  });
  if (plan.state.length > 0) {
    ctx.code.line();
    ctx.code.line('/** Back to the initial state. */');
    ctx.code.block('export function reset(): void', () => {
      for (const s of plan.state) {
        const v = plan.values.get(s.value)!;
        const initial = plan.values.get(s.initial)!.data!;
        const from = ctx.data(initial, `${v.name}:initial`);
        ctx.code.line(`memory.copy(${ctx.base(s.value)}, ${from}, ${initial.byteLength});`);
      }
    });
  }
  ctx.code.line();
  ctx.code.line('/** Version of the interface between module and host. */');
  ctx.code.block('export function abi(): i32', () => void ctx.code.line(`return ${abiVersion};`));
  return { text: ctx.finish([`// ${safeComment(plan.name)}, written by espalier.`]), functions };
}

function detail(step: Step, selections: ReadonlyMap<LinearStep, LinearSelection>): string {
  if (step.form !== 'linear') return '';
  const s = selections.get(step)!;
  return s.choice ? `, ${s.choice.format}, ${s.choice.reason}` : ', plain loops';
}

/** Constants that steps read through views; those named as weights or bias are packed instead. */
function viewedConstants(plan: Plan): Set<PlanId> {
  const out = new Set<PlanId>();
  for (const s of plan.steps) {
    for (const v of reads(s)) if (plan.values.get(v.value)!.data) out.add(v.value);
  }
  return out;
}

/** A buffer with uneven gaps is filled whole before its one writer, a copy, fills in what is inside. */
function clearWhole(ctx: Context, id: PlanId): void {
  const l = ctx.layouts.get(id)!;
  if (l.fill === undefined || hasEvenGaps(l)) return;
  ctx.import('runtime/gaps', 'f32_fill');
  ctx.code.line(`f32_fill(${ctx.base(id)}, ${l.elements * 4}, ${ctx.literal(l.fill, 'float32')});`);
}

/** Margins and gaps between rows get their fill behind the last writer. */
function clearGaps(ctx: Context, id: PlanId): void {
  const l = ctx.layouts.get(id)!;
  if (l.fill === undefined || !hasEvenGaps(l) || l.shape.length === 0) return;
  const [row, column] = l.order.length > 1 ? l.order.slice(-2) : [-1, l.order[0]];
  const width = l.shape[column];
  const lead = address(
    l,
    l.shape.map(() => 0),
  );
  const rows = row < 0 ? 1 : l.shape[row];
  const pitch = row < 0 ? l.elements - lead : l.strides[row];
  const outside = l.order.length > 2 ? l.order.at(-3)! : -1;
  const plane = outside < 0 ? l.elements - lead : l.strides[outside];
  const planes = l.shape.reduce((n, d, axis) => (axis === row || axis === column ? n : n * d), 1);
  if (lead === 0 && pitch === width && plane === rows * pitch) return;
  ctx.import('runtime/gaps', 'f32_clear_gaps');
  const args = [ctx.base(id), lead, planes, plane * 4, rows, pitch * 4, width * 4];
  ctx.code.line(`f32_clear_gaps(${args.join(', ')}, ${ctx.literal(l.fill, 'float32')});`);
}
