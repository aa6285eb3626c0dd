/** Writes WebAssembly sections behind asc: data segments and custom sections (core specification 2.0, chapter 5). */
import { assert } from '../errors.ts';

const dataSection = 11;
const dataCountSection = 12;
const startSection = 8;
const importSection = 2;
const header = 8;

interface Section {
  readonly id: number;
  /** The whole section: id, size and contents. */
  readonly bytes: Uint8Array;
  readonly contents: Uint8Array;
}

export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return out;
}

/** A constant `i32` operand is signed. */
function signedLeb(value: number): number[] {
  const out: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...out, low];
    out.push(low | 0x80);
  }
}

export function readLeb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  let scale = 1;
  for (let i = at; ; i++) {
    assert(i < bytes.length && i - at < 5, 'a number in the module is cut off');
    value += (bytes[i] & 0x7f) * scale;
    scale *= 128;
    if ((bytes[i] & 0x80) === 0) return [value, i + 1];
  }
}

export function readSections(wasm: Uint8Array): Section[] {
  const out: Section[] = [];
  let at = header;
  while (at < wasm.length) {
    const [size, start] = readLeb(wasm, at + 1);
    out.push({
      id: wasm[at],
      bytes: wasm.subarray(at, start + size),
      contents: wasm.subarray(start, start + size),
    });
    at = start + size;
  }
  return out;
}

/** The contents of the custom section `name`. */
export function customSection(wasm: Uint8Array, name: string): Uint8Array | undefined {
  for (const s of readSections(wasm)) {
    if (s.id !== 0) continue;
    const [length, at] = readLeb(s.contents, 0);
    if (new TextDecoder().decode(s.contents.subarray(at, at + length)) === name)
      return s.contents.subarray(at + length);
  }
  return undefined;
}

/** Zeros that are stored rather than split a segment: they fill up to the alignment of the next constant. */
const mostZeros = 15;

/**
 * The module with a custom section and, at its end, `segments` added to its data, neighbours as one. Zeros at both ends of a segment
 * are left out, since memory starts as zeros.
 */
export function addData(
  wasm: Uint8Array,
  segments: readonly Segment[],
  custom: { readonly name: string; readonly contents: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const sections = readSections(wasm);
  assert(
    !sections.some((s) => s.id === startSection || s.id === importSection),
    'the module has imports or a start',
  );
  const own = sections.find((s) => s.id === dataSection);
  const [before, rest] = own ? splitCount(own.contents) : [0, new Uint8Array(0)];
  const added = joinNeighbours(segments.map(trimZeros).filter((s) => s.bytes.length > 0));
  const count = before + added.length;
  const parts: Uint8Array[] = [Uint8Array.from(leb(count)), rest];
  for (const s of added) {
    // Mode 0: active, memory 0, offset expression `i32.const address; end`.
    parts.push(Uint8Array.from([0, 0x41, ...signedLeb(s.address), 0x0b, ...leb(s.bytes.length)]), s.bytes);
  }
  const data = section(dataSection, parts);
  const out: Uint8Array[] = [wasm.subarray(0, header)];
  for (const s of sections) {
    if (s.id === dataSection || s.id === 0) continue;
    out.push(s.id === dataCountSection ? section(dataCountSection, [Uint8Array.from(leb(count))]) : s.bytes);
  }
  const name = new TextEncoder().encode(custom.name);
  out.push(section(0, [Uint8Array.from(leb(name.length)), name, custom.contents]));
  if (count > 0) out.push(data);
  return concat(out);
}

function splitCount(contents: Uint8Array): [number, Uint8Array] {
  const [count, at] = readLeb(contents, 0);
  return [count, contents.subarray(at)];
}

function trimZeros(s: Segment): Segment {
  let from = 0;
  let to = s.bytes.length;
  while (to > from && s.bytes[to - 1] === 0) to--;
  while (from < to && s.bytes[from] === 0) from++;
  return { address: s.address + from, bytes: s.bytes.subarray(from, to) };
}

/** Each segment costs a loader a read of the file, and the module about eight bytes. */
function joinNeighbours(segments: readonly Segment[]): Segment[] {
  const runs: Segment[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const s of segments.toSorted((a, b) => a.address - b.address)) {
    assert(s.address >= end, 'constants overlap');
    if (s.address - end <= mostZeros) runs.at(-1)!.push(s);
    else runs.push([s]);
    end = s.address + s.bytes.length;
  }
  return runs.map((run) => {
    const [{ address }, last] = [run[0], run.at(-1)!];
    const bytes = new Uint8Array(last.address + last.bytes.length - address);
    for (const s of run) bytes.set(s.bytes, s.address - address);
    return { address, bytes };
  });
}

function section(id: number, parts: readonly Uint8Array[]): Uint8Array {
  const contents = concat(parts);
  return concat([Uint8Array.from([id, ...leb(contents.length)]), contents]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
