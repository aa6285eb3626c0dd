/** `reduce`: vectors over what is reduced where that is contiguous, over outputs where they are; plain loops otherwise. */
import { type Expr, e } from '../../plan/expr.ts';
import type { ReduceFn, ReduceStep } from '../../plan/forms.ts';
import { type Loop, nest } from '../../plan/nest.ts';
import { dimSize, readsPadding } from '../../plan/view.ts';
import { access, type Context } from '../context.ts';
import { writeLoops } from '../loops.ts';
import { guardedAddress, guardedValue, indexLoops } from './guard.ts';
import { finishScalar } from './linear.ts';

type Simple = Exclude<ReduceFn, 'argmax' | 'argmin'>;

const combine: Record<Simple, { fn: 'add' | 'mul' | 'max' | 'min' | 'and' | 'or'; neutral: number }> = {
  sum: { fn: 'add', neutral: 0 },
  mean: { fn: 'add', neutral: 0 },
  prod: { fn: 'mul', neutral: 1 },
  max: { fn: 'max', neutral: Number.NEGATIVE_INFINITY },
  min: { fn: 'min', neutral: Number.POSITIVE_INFINITY },
  any: { fn: 'or', neutral: 0 },
  all: { fn: 'and', neutral: 1 },
};

export function writeReduce(ctx: Context, step: ReduceStep): void {
  if (step.fn === 'argmax' || step.fn === 'argmin') {
    writeArg(ctx, step, step.fn);
    return;
  }
  const count = dimSize(step.x.dims[1]);
  const type = step.map?.type ?? access[ctx.dtype(step.x)].scalar;
  const { fn } = combine[step.fn];
  const join = (a: Expr, b: Expr) => e.binary(fn, a, b);
  const neutral = ctx.neutral(combine[step.fn].neutral, type);
  const mapped = (text: string, lanes: boolean) =>
    step.map ? (lanes ? ctx.lanes(step.map, [text]) : ctx.scalar(step.map, [text])) : text;
  const merge = (a: string, b: string) => ctx.scalar(join(e.arg(0, type), e.arg(1, type)), [a, b]);
  const mergeLanes = (a: string, b: string) => ctx.lanes(join(e.arg(0, type), e.arg(1, type)), [a, b]);
  const mean = step.fn === 'mean' && type === 'f32';
  const store = access[ctx.dtype(step.y)].store;
  const end = (value: string, at: string) => {
    const averaged = mean
      ? `${value} * ${ctx.literal(1 / count, 'float32')}`
      : step.fn === 'mean'
        ? `${value} / ${count}`
        : value;
    ctx.code.line(`${store}(${at}, ${finishScalar(ctx, step, `(${averaged})`, [])});`);
  };

  if (readsPadding(step.x)) {
    indexLoops(ctx, [dimSize(step.x.dims[0])], ([o]) => {
      const acc = ctx.fresh('a');
      ctx.code.line(`let ${acc}: ${type} = ${neutral};`);
      indexLoops(ctx, [count], ([k]) => {
        const v = guardedValue(ctx, step.x, [o, k], 0);
        ctx.code.line(`${acc} = ${merge(acc, mapped(v, false))};`);
      });
      end(acc, guardedAddress(ctx, step.y, [o]).address);
    });
    return;
  }

  const x = ctx.operand(step.x);
  const y = ctx.operand(step.y);
  const outer = nest([y, x], [0]);
  const inner = nest([x], [1]);
  const pointers = [ctx.fresh('y'), ctx.fresh('x')];
  ctx.code.line(`const ${pointers[0]}: usize = ${ctx.start(step.y)};`);
  ctx.code.line(`const ${pointers[1]}: usize = ${ctx.start(step.x)};`);
  const wide =
    ctx.vector && (x.dtype === 'float32' || x.dtype === 'int32') && step.fn !== 'any' && step.fn !== 'all';

  const along = wide ? inner.findIndex((l) => l.strides[0] === 4 && l.size >= 8) : -1;
  if (along >= 0) {
    writeLoops(ctx, outer, pointers, ([py, px]) => {
      const lanes = ctx.fresh('l');
      const acc = ctx.fresh('a');
      ctx.code.line(`let ${lanes}: v128 = ${type}x4.splat(${neutral});`);
      ctx.code.line(`let ${acc}: ${type} = ${neutral};`);
      const loop: Loop = inner[along];
      writeLoops(
        ctx,
        inner.filter((_, i) => i !== along),
        [px],
        ([q]) => {
          const p = ctx.fresh('p');
          ctx.code.line(`let ${p}: usize = ${q};`);
          const i = ctx.fresh('i');
          ctx.code.block(`for (let ${i}: i32 = 0; ${i} < ${loop.size >> 2}; ${i}++)`, () => {
            ctx.code.line(`${lanes} = ${mergeLanes(lanes, mapped(`v128.load(${p})`, true))};`);
            ctx.code.line(`${p} += 16;`);
          });
          for (let r = 0; r < (loop.size & 3); r++) {
            ctx.code.line(
              `${acc} = ${merge(acc, mapped(`${access[x.dtype].load}(${p}, ${4 * r})`, false))};`,
            );
          }
        },
      );
      for (let l = 0; l < 4; l++) {
        ctx.code.line(`${acc} = ${merge(acc, `${type}x4.extract_lane(${lanes}, ${l})`)};`);
      }
      end(acc, py);
    });
    return;
  }

  // Four outputs at a time where both sides are contiguous across outputs (no epilogue operands exist here).
  const across =
    wide && y.dtype === x.dtype && !step.epilogue
      ? outer.findIndex((l) => l.strides.every((s) => s === 4) && l.size >= 4)
      : -1;
  if (across >= 0) {
    const loop = outer[across];
    writeLoops(
      ctx,
      outer.filter((_, i) => i !== across),
      pointers,
      ([py, px]) => {
        const [q, p] = [ctx.fresh('y'), ctx.fresh('x')];
        ctx.code.line(`let ${q}: usize = ${py};`);
        ctx.code.line(`let ${p}: usize = ${px};`);
        const i = ctx.fresh('i');
        ctx.code.block(`for (let ${i}: i32 = 0; ${i} < ${loop.size >> 2}; ${i}++)`, () => {
          const lanes = ctx.fresh('l');
          ctx.code.line(`let ${lanes}: v128 = ${type}x4.splat(${neutral});`);
          writeLoops(ctx, inner, [p], ([k]) => {
            ctx.code.line(`${lanes} = ${mergeLanes(lanes, mapped(`v128.load(${k})`, true))};`);
          });
          if (mean)
            ctx.code.line(
              `${lanes} = f32x4.mul(${lanes}, f32x4.splat(${ctx.literal(1 / count, 'float32')}));`,
            );
          ctx.code.line(`v128.store(${q}, ${lanes});`);
          ctx.code.line(`${q} += 16;`);
          ctx.code.line(`${p} += 16;`);
        });
        const rest = loop.size & 3;
        if (rest > 0) writeLoops(ctx, [{ size: rest, strides: [4, 4] }], [q, p], plain);
      },
    );
    return;
  }
  writeLoops(ctx, outer, pointers, plain);

  function plain([py, px]: readonly string[]): void {
    const acc = ctx.fresh('a');
    ctx.code.line(`let ${acc}: ${type} = ${neutral};`);
    writeLoops(ctx, inner, [px], ([k]) => {
      ctx.code.line(`${acc} = ${merge(acc, mapped(ctx.load(step.x, k), false))};`);
    });
    end(acc, py);
  }
}

function writeArg(ctx: Context, step: ReduceStep, fn: 'argmax' | 'argmin'): void {
  const { scalar } = access[ctx.dtype(step.x)];
  const better = fn === 'argmax' ? (step.last ? '>=' : '>') : step.last ? '<=' : '<';
  indexLoops(ctx, [dimSize(step.x.dims[0])], ([o]) => {
    const best = ctx.fresh('b');
    const where = ctx.fresh('a');
    ctx.code.line(`let ${where}: i32 = 0;`);
    ctx.code.line(`let ${best}: ${scalar} = 0;`);
    indexLoops(ctx, [dimSize(step.x.dims[1])], ([k]) => {
      const v = guardedValue(ctx, step.x, [o, k], 0);
      ctx.code.line(`if (${k} == 0 || ${v} ${better} ${best}) { ${best} = ${v}; ${where} = ${k}; }`);
    });
    ctx.code.line(`store<i32>(${guardedAddress(ctx, step.y, [o]).address}, ${where});`);
  });
}
