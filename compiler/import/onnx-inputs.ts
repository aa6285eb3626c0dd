/** Types of the inputs of an ONNX model, with what it leaves open filled in. */
import type { ValueInfoProto } from 'onnx-buf';
import { badFormat, badShape, overLimit, type Place, unsupported, usage } from '../errors.ts';
import { type Shape, sizeOf, type TensorType } from '../ir/tensor.ts';
import { dtypeOf } from './onnx-tensor.ts';

type Dim = number | string | null;

/**
 * A dimension is given by `shapes`, else by another input in whose given shape the same symbol stands, else 1 if it is the
 * first. Throws `E_SHAPE` for what stays open, `E_USAGE` for shapes that don't fit.
 */
export function inputTypes(
  inputs: readonly ValueInfoProto[],
  shapes: Readonly<Record<string, Shape>>,
  file: string,
): TensorType[] {
  const symbols = new Map<string, number>();
  const declared = inputs.map((v) => ({ v, ...declaredType(v, { file, node: v.name, op: 'input' }) }));
  for (const { v, dims } of declared) {
    const given = Object.hasOwn(shapes, v.name) ? shapes[v.name] : undefined;
    if (!given) continue;
    const fits =
      dims === null ||
      (dims.length === given.length && dims.every((d, i) => typeof d !== 'number' || d === given[i]));
    if (!fits)
      throw usage(
        `shape [${given}] doesn't fit input ${JSON.stringify(v.name)} [${dims?.map((d) => d ?? '?')}]`,
      );
    dims?.forEach((d, i) => {
      if (typeof d === 'string') symbols.set(d, given[i]);
    });
  }
  return declared.map(({ v, dtype, dims }) => {
    const place = { file, node: v.name, op: 'input' };
    const given = Object.hasOwn(shapes, v.name) ? shapes[v.name] : undefined;
    const hint = `give the whole shape of ${JSON.stringify(v.name)}`;
    if (!given && dims === null)
      throw badShape('the model does not say the shape of this input', place, hint);
    const shape =
      given ??
      dims!.map((d, i) => (typeof d === 'number' ? d : (symbols.get(d ?? '') ?? (i === 0 ? 1 : -1))));
    if (shape.includes(-1))
      throw badShape(`the shape [${dims!.map((d) => d ?? '?')}] leaves dimensions open`, place, hint);
    sizeOf(shape, place);
    return { dtype, shape };
  });
}

/** `dims` is null where nothing is said. */
function declaredType(v: ValueInfoProto, place: Place) {
  const type = v.type?.value;
  if (!type || type.case === undefined) throw badFormat('the type is missing', place);
  if (type.case !== 'tensorType')
    throw unsupported(`an input of type ${type.case.replace('Type', '')}`, place);
  const dims = type.value.shape?.dim.map((d): Dim => {
    if (d.value.case === 'dimParam') return d.value.value || null;
    if (d.value.case === undefined || d.value.value < 0n) return null;
    if (d.value.value > 2n ** 31n) throw overLimit('a dimension', Number(d.value.value), 2 ** 31, place);
    return Number(d.value.value);
  });
  return { dtype: dtypeOf(type.value.elemType, place), dims: dims ?? null };
}
