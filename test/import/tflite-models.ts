/** Writes small TFLite files, field by field as the schema numbers them. */
import { Builder } from 'flatbuffers';
import { builtins } from '../../compiler/import/tflite-schema.ts';

export type LiteType =
  | 'float32'
  | 'float16'
  | 'int32'
  | 'uint8'
  | 'int64'
  | 'string'
  | 'bool'
  | 'int16'
  | 'complex64'
  | 'int8';
const types: readonly LiteType[] = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  'string',
  'bool',
  'int16',
  'complex64',
  'int8',
];

export interface Level {
  readonly format: 'dense' | 'csr';
  readonly size?: number;
  readonly segments?: readonly number[];
  readonly indices?: readonly number[];
  /** How segments and indices lie in the file. */
  readonly as?: 'int32' | 'uint16' | 'uint8';
}

export interface LiteTensorSpec {
  readonly shape: readonly number[];
  readonly type?: LiteType;
  readonly name?: string;
  /** A constant's bytes. */
  readonly data?: Uint8Array;
  readonly scale?: readonly number[];
  readonly zero?: readonly number[];
  readonly axis?: number;
  readonly sparsity?: {
    readonly order: readonly number[];
    readonly blocks?: readonly number[];
    readonly levels: readonly Level[];
  };
  readonly variable?: boolean;
  readonly signature?: readonly number[];
  /** Instead of its own. */
  readonly buffer?: number;
}

/** `[slot, value, how]` of an option. */
type Option = readonly [
  slot: number,
  value: number | readonly number[],
  as: 'byte' | 'int' | 'float' | 'ints',
];

export interface OperatorSpec {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: readonly Option[];
  /** Number of the options' table in the schema's union: TFLite takes it only under that, the reader doesn't ask. */
  readonly optionsType?: number;
}

export interface LiteGraphSpec {
  readonly tensors: readonly LiteTensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface LiteSpec extends LiteGraphSpec {
  /** Graphs 1, 2, …, for branches and loops. */
  readonly more?: readonly LiteGraphSpec[];
  readonly version?: number;
  /** Names of inputs and outputs, by tensor. */
  readonly signature?: Readonly<Record<string, number>>;
}

export const bytesOf = (data: { buffer: ArrayBufferLike }) => new Uint8Array(data.buffer as ArrayBuffer);

/** A table of fields: each is written by a function, nested offsets are made beforehand. */
function table(b: Builder, fields: readonly (((slot: number) => void) | undefined)[]): number {
  b.startObject(fields.length);
  fields.forEach((f, slot) => void f?.(slot));
  return b.endObject();
}

const at = (b: Builder, offset: number | undefined) =>
  offset === undefined ? undefined : (slot: number) => b.addFieldOffset(slot, offset, 0);
const int = (b: Builder, v: number) => (slot: number) => b.addFieldInt32(slot, v, -12345);
const byte = (b: Builder, v: number) => (slot: number) => b.addFieldInt8(slot, v, -99);

function ints(b: Builder, list: readonly number[] | undefined): number | undefined {
  if (!list) return undefined;
  b.startVector(4, list.length, 4);
  for (const v of [...list].reverse()) b.addInt32(v);
  return b.endVector();
}

function floats(b: Builder, list: readonly number[] | undefined): number | undefined {
  if (!list) return undefined;
  b.startVector(4, list.length, 4);
  for (const v of [...list].reverse()) b.addFloat32(v);
  return b.endVector();
}

function longs(b: Builder, list: readonly number[] | undefined): number | undefined {
  if (!list) return undefined;
  b.startVector(8, list.length, 8);
  for (const v of [...list].reverse()) b.addInt64(BigInt(v));
  return b.endVector();
}

function bytes(b: Builder, data: Uint8Array): number {
  b.startVector(1, data.length, 16);
  for (let i = data.length - 1; i >= 0; i--) b.addInt8((data[i] << 24) >> 24);
  return b.endVector();
}

function offsets(b: Builder, list: readonly number[]): number {
  b.startVector(4, list.length, 4);
  for (const o of [...list].reverse()) b.addOffset(o);
  return b.endVector();
}

function indexVector(
  b: Builder,
  list: readonly number[],
  as: Level['as'] = 'int32',
): [kind: number, at: number] {
  const size = { int32: 4, uint16: 2, uint8: 1 }[as];
  b.startVector(size, list.length, 4);
  for (const v of [...list].reverse()) {
    if (as === 'int32') b.addInt32(v);
    else if (as === 'uint16') b.addInt16((v << 16) >> 16);
    else b.addInt8((v << 24) >> 24);
  }
  const vector = b.endVector();
  return [{ int32: 1, uint16: 2, uint8: 3 }[as], table(b, [at(b, vector)])];
}

function level(b: Builder, l: Level): number {
  if (l.format === 'dense') return table(b, [byte(b, 0), int(b, l.size ?? 0)]);
  const [segmentKind, segments] = indexVector(b, l.segments ?? [], l.as);
  const [indexKind, indices] = indexVector(b, l.indices ?? [], l.as);
  return table(b, [
    byte(b, 1),
    int(b, 0),
    byte(b, segmentKind),
    at(b, segments),
    byte(b, indexKind),
    at(b, indices),
  ]);
}

function sparsity(b: Builder, s: LiteTensorSpec['sparsity']): number | undefined {
  if (!s) return undefined;
  const levels = offsets(
    b,
    s.levels.map((l) => level(b, l)),
  );
  const [order, blocks] = [ints(b, s.order), ints(b, s.blocks)];
  return table(b, [at(b, order), at(b, blocks), at(b, levels)]);
}

function quantization(b: Builder, t: LiteTensorSpec): number | undefined {
  if (!t.scale) return undefined;
  const [scale, zero] = [floats(b, t.scale), longs(b, t.zero)];
  return table(b, [
    undefined,
    undefined,
    at(b, scale),
    at(b, zero),
    undefined,
    undefined,
    int(b, t.axis ?? 0),
  ]);
}

export function liteFile(spec: LiteSpec): Uint8Array {
  const b = new Builder(1024);
  const parts = [spec, ...(spec.more ?? [])];
  const names = [...new Set(parts.flatMap((g) => g.operators.map((o) => o.op)))];
  const codes = offsets(
    b,
    names.map((name) => {
      const code = builtins.indexOf(name);
      const custom = code < 0 ? b.createString(name) : undefined;
      const real = code < 0 ? builtins.indexOf('CUSTOM') : code;
      return table(b, [byte(b, Math.min(real, 127)), at(b, custom), int(b, 1), int(b, real)]);
    }),
  );
  const buffers = [
    table(b, [undefined]),
    ...parts
      .flatMap((g) => g.tensors)
      .map((t) => {
        const data = t.data ? bytes(b, t.data) : undefined;
        return table(b, [at(b, data)]);
      }),
  ];
  let first = 0;
  const tables = parts.map((part) => {
    const tensors = offsets(
      b,
      part.tensors.map((t, i) => {
        const name = b.createString(t.name ?? `t${i}`);
        const [shape, signature] = [ints(b, t.shape), ints(b, t.signature)];
        const [q, s] = [quantization(b, t), sparsity(b, t.sparsity)];
        return table(b, [
          at(b, shape),
          byte(b, types.indexOf(t.type ?? 'float32')),
          int(b, t.buffer ?? (t.data ? first + i + 1 : 0)),
          at(b, name),
          at(b, q),
          t.variable ? byte(b, 1) : undefined,
          at(b, s),
          at(b, signature),
        ]);
      }),
    );
    const operators = offsets(
      b,
      part.operators.map((o) => {
        const list = (o.options ?? []).map(
          ([slot, v, as]) => [slot, as === 'ints' ? ints(b, v as number[])! : (v as number), as] as const,
        );
        const fields: (((slot: number) => void) | undefined)[] = [];
        for (const [slot, v, as] of list) {
          fields[slot] = (s) => {
            if (as === 'byte') b.addFieldInt8(s, v, -99);
            else if (as === 'int') b.addFieldInt32(s, v, -12345);
            else if (as === 'float') b.addFieldFloat32(s, v, -12345);
            else b.addFieldOffset(s, v, 0);
          };
        }
        const options = table(b, Array.from(fields));
        const [inputs, outputs] = [ints(b, o.inputs), ints(b, o.outputs)];
        return table(b, [
          int(b, names.indexOf(o.op)),
          at(b, inputs),
          at(b, outputs),
          byte(b, o.optionsType ?? 1),
          at(b, options),
        ]);
      }),
    );
    const [inputs, outputs] = [ints(b, part.inputs), ints(b, part.outputs)];
    first += part.tensors.length;
    return table(b, [at(b, tensors), at(b, inputs), at(b, outputs), at(b, operators)]);
  });
  const named = (ids: readonly number[]) =>
    offsets(
      b,
      Object.entries(spec.signature ?? {})
        .filter(([, id]) => ids.includes(id))
        .map(([name, id]) => {
          const text = b.createString(name);
          return table(b, [at(b, text), int(b, id)]);
        }),
    );
  const signature = spec.signature && offsets(b, [table2(b, named(spec.inputs), named(spec.outputs))]);
  const graphs = offsets(b, tables);
  const all = offsets(b, buffers);
  const root = table(b, [
    int(b, spec.version ?? 3),
    at(b, codes),
    at(b, graphs),
    undefined,
    at(b, all),
    undefined,
    undefined,
    at(b, signature),
  ]);
  b.finish(root, 'TFL3');
  return b.asUint8Array();
}

const table2 = (b: Builder, inputs: number, outputs: number) => table(b, [at(b, inputs), at(b, outputs)]);
