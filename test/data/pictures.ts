/** Encoders for tests, written from the standards alone: PNG with stored filters, JPEG of flat 8 × 8 blocks. */
import { deflateSync } from 'node:zlib';

function crc(bytes: Uint8Array): number {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

/** `channels` 1 (grey), 3 (RGB) or 4 (RGBA), 8 bits each, interleaved rows. */
export function png(width: number, height: number, channels: 1 | 3 | 4, pixels: ArrayLike<number>): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, { 1: 0, 3: 2, 4: 6 }[channels], 0, 0, 0], 8);
  const line = width * channels;
  const rows = Buffer.alloc(height * (line + 1));
  for (let y = 0; y < height; y++)
    for (let i = 0; i < line; i++) rows[y * (line + 1) + 1 + i] = pixels[y * line + i];
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A grey baseline JPEG of `columns` × `rows` blocks, each of one value: the transform has but its constant term. */
export function greyJpeg(columns: number, rows: number, blocks: readonly number[]): Buffer {
  const segment = (marker: number, ...data: number[]) =>
    Buffer.from([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...data]);
  const [w, h] = [8 * columns, 8 * rows];
  // Twelve codes of four bits for the sizes of differences; one code of one bit for "no more terms".
  const dc = [0, 0, 0, 12, ...Array(12).fill(0), ...Array.from({ length: 12 }, (_, i) => i)];
  const ac = [1, ...Array(15).fill(0), 0];
  let bits = '';
  let before = 0;
  for (const v of blocks) {
    const term = 8 * (v - 128);
    const d = term - before;
    before = term;
    const size = d === 0 ? 0 : 32 - Math.clz32(Math.abs(d));
    bits += size.toString(2).padStart(4, '0');
    if (size > 0) bits += (d > 0 ? d : d + 2 ** size - 1).toString(2).padStart(size, '0');
    bits += '0';
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  const scan = bits.match(/.{8}/g)!.flatMap((b) => {
    const byte = Number.parseInt(b, 2);
    return byte === 0xff ? [0xff, 0] : [byte];
  });
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, 0, ...Array(64).fill(1)),
    segment(0xc0, 8, h >> 8, h & 255, w >> 8, w & 255, 1, 1, 0x11, 0),
    segment(0xc4, 0x00, ...dc),
    segment(0xc4, 0x10, ...ac),
    segment(0xda, 1, 1, 0, 0, 63, 0),
    Buffer.from(scan),
    Buffer.from([0xff, 0xd9]),
  ]);
}
