/** `linear`: a kernel call per group inside the outer loops, or plain loops where no kernel fits the views. */
import { e, substitute } from '../../plan/expr.ts';
import type { Epilogue, LinearStep } from '../../plan/forms.ts';
import { nest } from '../../plan/nest.ts';
import type { Context } from '../context.ts';
import { textsOf, writeKernelCall } from '../kernel-call.ts';
import { writeLoops } from '../loops.ts';

export function writeLinear(ctx: Context, step: LinearStep): void {
  const selection = ctx.selections.get(step)!;
  if (!selection.choice) {
    writePlain(ctx, step);
    return;
  }
  const x = ctx.fresh('x');
  const y = ctx.fresh('y');
  ctx.code.line(`const ${x}: usize = ${ctx.start(step.x)};`);
  ctx.code.line(`const ${y}: usize = ${ctx.start(step.y)};`);
  const { outer, pixels } = selection.geometry;
  writeLoops(ctx, outer, [x, y], ([px, py]) =>
    writeLinearCalls(ctx, step, { x: px, y: py, pixels: String(pixels) }),
  );
}

export interface Run {
  readonly x: string;
  readonly y: string;
  readonly pixels: string;
  /** Rows of the image, where not all. */
  readonly rows?: string;
}

/** Calls of the kernel for every group and part, over so many pixels from x to y; all texts. */
export function writeLinearCalls(ctx: Context, step: LinearStep, { x, y, pixels, rows }: Run): void {
  const { geometry: g, choice, parts, bias } = ctx.selections.get(step)!;
  const { kernel } = choice!;
  ctx.import(`runtime/kernels/${kernel.family}`, kernel.name);
  const epilogues = parts.map((list) =>
    partialEpilogues(step, list.length).map((own) => ctx.epilogue(step, own, g.groups)),
  );
  const biasAt = ctx.data(bias, `${step.name}:bias`);
  const zerosAt = parts.some((list) => list.length > 1)
    ? ctx.data(new Float32Array(g.rows), `${step.name}:zeros`)
    : 0;
  for (let group = 0; group < g.groups; group++) {
    parts[group].forEach(({ packed, tile, lines, swath }, i) => {
      const { name, operands } = epilogues[group][i];
      const known: Record<string, string> = {
        x: group === 0 ? x : `${x} + ${group * g.xGroup}`,
        y: group === 0 ? y : `${y} + ${group * g.yGroup}`,
        bias: String(i === 0 ? biasAt + group * g.rows * 4 : zerosAt),
        rows: String(g.rows),
        cols: String(packed.cols),
        pixels,
        width: String(g.width),
        pitch: String(g.pitch),
        ...(swath && { swath: String(swath) }),
        yRow: String(g.yRow),
        e0: operands[group][0],
        e1: operands[group][1],
      };
      for (const [array, data] of Object.entries(packed.arrays)) {
        known[array] = String(ctx.data(data, `${step.name}:${array}`));
      }
      writeKernelCall(ctx.code, `${kernel.name}<${name}>`, kernel, known, {
        tile: tile && ctx.tile(tile),
        lines: lines && { ...textsOf(lines), ...(rows && { count: rows }) },
      });
    });
  }
}

/** Of every part: what stands in y is added, and the step's own epilogue applied by the last. */
function partialEpilogues(step: LinearStep, parts: number): (Epilogue | undefined)[] {
  const own = step.epilogue;
  if (parts === 1) return [own];
  const args = own?.args ?? [];
  const sum = e.add(e.arg(0), e.arg(1 + args.length));
  const more = { expr: e.add(e.arg(0), e.arg(1)), args: [step.y] };
  const expr = own ? substitute(own.expr, (i, type) => (i === 0 ? sum : e.arg(i, type))) : sum;
  return [undefined, ...Array<Epilogue>(parts - 2).fill(more), { expr, args: [...args, step.y] }];
}

function writePlain(ctx: Context, step: LinearStep): void {
  const x = ctx.operand(step.x);
  const y = ctx.operand(step.y);
  const args = step.epilogue?.args ?? [];
  const operands = args.map((a) => ctx.operand(a));
  const weights = ctx.data(ctx.plan.values.get(step.weights)!.data!, `${step.name}:weights`);
  const bias = ctx.data(ctx.selections.get(step)!.bias, `${step.name}:bias`);
  const { offsets } = ctx.selections.get(step)!.geometry;
  const phased = x.layout.phases.some((p) => p > 1);
  const count = offsets.length;
  const pointers = [
    ctx.fresh('x'),
    ctx.fresh('y'),
    ctx.fresh('w'),
    ctx.fresh('b'),
    ...args.map(() => ctx.fresh('a')),
  ];
  const starts = [step.x, step.y].map((v) => ctx.start(v));
  const all = [...starts, String(weights), String(bias), ...args.map((a) => ctx.start(a))];
  pointers.forEach((p, i) => void ctx.code.line(`const ${p}: usize = ${all[i]};`));
  const rows = rowLoops(step, ctx, count);
  const outer = nest([x, y, ...operands], [0]).map((l) => spread(l));
  const pixels = nest([x, y, ...operands], [3]).map((l) => spread(l));
  writeLoops(ctx, [...outer, ...rows, ...pixels], pointers, ([px, py, pw, pb, ...pa]) => {
    const sum = ctx.fresh('s');
    const w = ctx.fresh('k');
    ctx.code.line(`let ${sum}: f32 = load<f32>(${pb});`);
    ctx.code.line(`let ${w}: usize = ${pw};`);
    if (phased) {
      // Taps of different phases are no walk: their offsets are looked up.
      const at = ctx.data(offsets, `${step.name}:offsets`);
      const k = ctx.fresh('i');
      ctx.code.block(`for (let ${k}: usize = 0; ${k} < ${4 * count}; ${k} += 4)`, () => {
        ctx.code.line(`${sum} += load<f32>(${w} + ${k}) * load<f32>(${px} + load<i32>(${at} + ${k}));`);
      });
    } else {
      writeLoops(ctx, nest([x], [2]), [px], ([q]) => {
        ctx.code.line(`${sum} += load<f32>(${w}) * load<f32>(${q});`);
        ctx.code.line(`${w} += 4;`);
      });
    }
    ctx.code.line(`store<f32>(${py}, ${finishScalar(ctx, step, sum, pa)});`);
  });

  function spread(l: { size: number; strides: readonly number[] }) {
    const [sx, sy, ...rest] = l.strides;
    return { size: l.size, strides: [sx, sy, 0, 0, ...rest] };
  }
}

/** Loops over groups and rows, in which weights and bias advance too. */
function rowLoops(step: LinearStep, ctx: Context, columns: number) {
  const x = ctx.operand(step.x);
  const y = ctx.operand(step.y);
  const operands = (step.epilogue?.args ?? []).map((a) => ctx.operand(a));
  const rows = nest([y, ...operands], [2]);
  const groups = nest([x, y, ...operands], [1]);
  let inner = 1;
  const out: { size: number; strides: number[] }[] = [];
  for (const l of [...rows].reverse()) {
    const [sy, ...rest] = l.strides;
    out.unshift({ size: l.size, strides: [0, sy, inner * columns * 4, inner * 4, ...rest] });
    inner *= l.size;
  }
  for (const l of [...groups].reverse()) {
    const [sx, sy, ...rest] = l.strides;
    out.unshift({ size: l.size, strides: [sx, sy, inner * columns * 4, inner * 4, ...rest] });
    inner *= l.size;
  }
  return out;
}

/** The epilogue of one result, by plain loads of its operands. */
export function finishScalar(
  ctx: Context,
  step: { readonly epilogue?: LinearStep['epilogue'] },
  value: string,
  pointers: readonly string[],
): string {
  const epilogue = step.epilogue;
  if (!epilogue) return value;
  return ctx.scalar(epilogue.expr, [value, ...epilogue.args.map((a, i) => ctx.load(a, pointers[i]))]);
}
