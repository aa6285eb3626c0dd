/**
 * FlatBuffers, every offset checked:
 *
 *     table at p:   i32 distance back to its vtable, then fields where the vtable says
 *     vtable at v:  u16 its bytes, u16 bytes of the table, u16 offset of field 0 from p (0: absent), of field 1, …
 *     vector at q:  u32 length, then the elements; of tables: u32 offsets, each from where it lies
 */
import { badFormat, overLimit, type Place, truncated } from '../errors.ts';

/** Elements in one vector of offsets. */
const maxLength = 100_000;

export class Bytes {
  readonly all: Uint8Array;
  readonly #view: DataView;
  readonly #place: Place;

  constructor(all: Uint8Array, place: Place) {
    this.all = all;
    this.#view = new DataView(all.buffer, all.byteOffset, all.length);
    this.#place = place;
  }

  /** Throws `E_TRUNCATED` where `size` bytes at `at` aren't all inside. */
  check(at: number, size: number): number {
    if (!(at >= 0 && at + size <= this.all.length))
      throw truncated(
        `${size} bytes at ${at} lie outside the ${this.all.length} bytes of the file`,
        this.#place,
      );
    return at;
  }

  u8 = (at: number) => this.#view.getUint8(this.check(at, 1));
  i8 = (at: number) => this.#view.getInt8(this.check(at, 1));
  u16 = (at: number) => this.#view.getUint16(this.check(at, 2), true);
  i32 = (at: number) => this.#view.getInt32(this.check(at, 4), true);
  u32 = (at: number) => this.#view.getUint32(this.check(at, 4), true);
  f32 = (at: number) => this.#view.getFloat32(this.check(at, 4), true);
  /** Past 2^53 precision is lost; nothing valid is that large. */
  i64 = (at: number) => Number(this.#view.getBigInt64(this.check(at, 8), true));
  u64 = (at: number) => Number(this.#view.getBigUint64(this.check(at, 8), true));

  /** A copy, so that wider elements are aligned. */
  slice(at: number, size: number): Uint8Array<ArrayBuffer> {
    this.check(at, size);
    return new Uint8Array(this.all.subarray(at, at + size));
  }

  root(): Table {
    return new Table(this, this.u32(0), this.#place);
  }
}

export class Table {
  readonly #bytes: Bytes;
  readonly #at: number;
  readonly #vtable: number;
  readonly #size: number;
  readonly #place: Place;

  constructor(bytes: Bytes, at: number, place: Place) {
    this.#bytes = bytes;
    this.#at = bytes.check(at, 4);
    this.#vtable = at - bytes.i32(at);
    this.#size = bytes.u16(this.#vtable);
    this.#place = place;
    if (this.#size < 4 || this.#size % 2 !== 0) throw badFormat(`a vtable of ${this.#size} bytes`, place);
  }

  /** Where field `slot` lies; 0 where it is absent. */
  #field(slot: number): number {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#size) return 0;
    const offset = this.#bytes.u16(this.#vtable + entry);
    return offset === 0 ? 0 : this.#at + offset;
  }

  #follow(slot: number): number {
    const at = this.#field(slot);
    return at === 0 ? 0 : this.#bytes.check(at + this.#bytes.u32(at), 4);
  }

  #scalar(slot: number, fallback: number, read: (at: number) => number): number {
    const at = this.#field(slot);
    return at === 0 ? fallback : read(at);
  }

  u8 = (slot: number, fallback = 0) => this.#scalar(slot, fallback, this.#bytes.u8);
  i8 = (slot: number, fallback = 0) => this.#scalar(slot, fallback, this.#bytes.i8);
  i32 = (slot: number, fallback = 0) => this.#scalar(slot, fallback, this.#bytes.i32);
  u32 = (slot: number, fallback = 0) => this.#scalar(slot, fallback, this.#bytes.u32);
  u64 = (slot: number, fallback = 0) => this.#scalar(slot, fallback, this.#bytes.u64);
  f32 = (slot: number, fallback = 0) => this.#scalar(slot, fallback, this.#bytes.f32);

  has(slot: number): boolean {
    return this.#field(slot) !== 0;
  }

  table(slot: number): Table | undefined {
    const at = this.#follow(slot);
    return at === 0 ? undefined : new Table(this.#bytes, at, this.#place);
  }

  tables(slot: number): Table[] {
    return this.#vector(
      slot,
      4,
      maxLength,
      (at) => new Table(this.#bytes, at + this.#bytes.u32(at), this.#place),
    );
  }

  i32s = (slot: number) => this.#vector(slot, 4, 2 ** 28, this.#bytes.i32);
  i64s = (slot: number) => this.#vector(slot, 8, 2 ** 28, this.#bytes.i64);
  f32s = (slot: number) => this.#vector(slot, 4, 2 ** 28, this.#bytes.f32);
  u16s = (slot: number) => this.#vector(slot, 2, 2 ** 28, this.#bytes.u16);
  u8s = (slot: number) => this.#vector(slot, 1, 2 ** 28, this.#bytes.u8);

  /** A vector of bytes, copied; `undefined` where it is absent. */
  raw(slot: number): Uint8Array<ArrayBuffer> | undefined {
    const at = this.#follow(slot);
    return at === 0 ? undefined : this.#bytes.slice(at + 4, this.#bytes.u32(at));
  }

  /** Throws `E_FORMAT` for what is no UTF-8. */
  text(slot: number): string | undefined {
    const raw = this.raw(slot);
    if (!raw) return undefined;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(raw);
    } catch {
      throw badFormat('a name is no UTF-8', this.#place);
    }
  }

  #vector<T>(slot: number, size: number, limit: number, read: (at: number) => T): T[] {
    const at = this.#follow(slot);
    if (at === 0) return [];
    const length = this.#bytes.u32(at);
    this.#bytes.check(at + 4, length * size);
    if (length > limit) throw overLimit('length of a vector', length, limit, this.#place);
    return Array.from({ length }, (_, i) => read(at + 4 + i * size));
  }
}
