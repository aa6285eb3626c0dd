/**
 * What a weight format promises. Sparsity belongs to a *value*: no operator knows a format, and a format knows neither
 * operators nor machines. One file per format; `index.ts` lists them.
 */

/** A row-major matrix: `data[r * cols + k]`; row = output, column = one weight position of that output. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float32Array;
}

export type PackedArray = Float32Array | Int8Array | Uint8Array | Uint16Array | Int32Array | Uint32Array;

/**
 * A packed matrix. `arrays` are exactly the bytes that become data segments of the module, in the order in which the
 * kernels take their addresses; each is placed at a 16-byte boundary.
 */
export interface Packed {
  readonly format: string;
  readonly rows: number;
  readonly cols: number;
  readonly arrays: Readonly<Record<string, PackedArray>>;
}

export interface Format {
  /** Registry name: `dense`, `csr`, `bsr4x1`, … */
  readonly name: string;
  /** One line for `--help` and the report. */
  readonly description: string;
  /** Rows × columns that are stored or dropped together. */
  readonly block: readonly [rows: number, cols: number];
  /** True where zeros are stored as other weights are: such a format never stands in for one that leaves them out. */
  readonly storesZeros?: boolean;
  /** Names of `Packed.arrays`, in kernel argument order. */
  readonly arrays: readonly string[];
  /** Whether the matrix can be packed; always, where this is not given. */
  fits?(w: Matrix, offsets: Int32Array): boolean;
  /** Blocks with at least one non-zero weight: what is stored, padding excepted. */
  count(w: Matrix): number;
  /** Bytes that `pack` would store, without packing. */
  bytes(w: Matrix, offsets: Int32Array): number;
  /**
   * `offsets[k]` is the byte offset, from the input pointer of the kernel, of the first pixel that column `k` reads: index
   * arithmetic is done here, at compile time. It is 4·k where the input is a plain float vector.
   */
  pack(w: Matrix, offsets: Int32Array): Packed;
  /** The exact inverse of `pack`, for the same `offsets` (which must be distinct). */
  unpack(p: Packed, offsets: Int32Array): Matrix;
  /** Throws `InternalError` unless all promises of the layout hold: lengths, bounds, order, padding. */
  validate(p: Packed, offsets: Int32Array): void;
}
