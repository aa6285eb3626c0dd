/**
 * Loops in which some views read padding: every axis that can leave its value is watched by a coordinate. Slow; hot forms
 * read padding from margins instead.
 */
import { strideBytes } from '../../plan/nest.ts';
import { dimSize, extent, type View } from '../../plan/view.ts';
import { f32Literal } from '../code.ts';
import { access, type Context } from '../context.ts';

/** The condition under which index variables `i[d]` (one per dimension, as text) read inside, and the address then. */
export function guardedAddress(
  ctx: Context,
  view: View,
  index: readonly string[],
): { inside: string | undefined; address: string } {
  const operand = ctx.operand(view);
  const terms: string[] = [];
  const coordinates = view.origin.map((o) => [String(o)]);
  view.dims.forEach((dim, d) => {
    let inner = 1;
    for (const f of [...dim].reverse()) {
      const digit = digitOf(index[d], inner, f.size, inner * f.size === dimSize(dim));
      inner *= f.size;
      if (f.axis < 0 || f.size === 1) continue;
      terms.push(`${digit} * ${strideBytes(operand, f)}`);
      coordinates[f.axis].push(`${digit} * ${f.step}`);
    }
  });
  const reach = extent(view);
  const conditions = view.shape.flatMap((size, a) =>
    reach[a].low < 0 || reach[a].high >= size ? [`<u32>(${coordinates[a].join(' + ')}) < ${size}`] : [],
  );
  const address = [ctx.start(view), ...terms.map((t) => `<usize>(${t})`)].join(' + ');
  return { inside: conditions.length > 0 ? conditions.join(' && ') : undefined, address };
}

function digitOf(index: string, inner: number, size: number, outermost: boolean): string {
  const shifted = inner === 1 ? index : `(${index} / ${inner})`;
  return outermost ? shifted : `(${shifted} % ${size})`;
}

/** Opens one counted loop per dimension of `view`. */
export function indexLoops(
  ctx: Context,
  sizes: readonly number[],
  body: (index: readonly string[]) => void,
): void {
  const open = (d: number, index: readonly string[]): void => {
    if (d === sizes.length) body(index);
    else if (sizes[d] === 1) open(d + 1, [...index, '0']);
    else {
      const i = ctx.fresh('i');
      ctx.code.block(`for (let ${i}: i32 = 0; ${i} < ${sizes[d]}; ${i}++)`, () => open(d + 1, [...index, i]));
    }
  };
  open(0, []);
}

/** y[i] = result(x…[i]), padding read as `fill`. */
export function guardedLoad(
  ctx: Context,
  y: View,
  xs: readonly View[],
  result: (loads: readonly string[]) => string,
  fill = 0,
): void {
  indexLoops(ctx, y.dims.map(dimSize), (index) => {
    const loads = xs.map((x) => guardedValue(ctx, x, index, fill));
    const { address } = guardedAddress(ctx, y, index);
    ctx.code.line(`${access[ctx.dtype(y)].store}(${address}, ${result(loads)});`);
  });
}

export function guardedValue(ctx: Context, x: View, index: readonly string[], fill: number): string {
  const { inside, address } = guardedAddress(ctx, x, index);
  const { load, scalar } = access[ctx.dtype(x)];
  const name = ctx.fresh('v');
  const literal = scalar === 'f32' ? f32Literal(fill) : String(Math.trunc(fill));
  ctx.code.line(
    `const ${name}: ${scalar} = ${inside ? `${inside} ? ${load}(${address}) : ${literal}` : `${load}(${address})`};`,
  );
  return name;
}
