/** Pixels of PNG and JPEG files. */
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { badData, overLimit } from '../errors.ts';

/** Interleaved rows of values 0 … 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

const maxMegapixels = 64;

/**
 * As many channels as asked for: 1 (ITU-R 601 luma, as Pillow's `L`), 3 (transparency is dropped) or 4. Orientation tags are
 * ignored. Throws `E_DATA`, `E_LIMIT`.
 */
export function decodeImage(bytes: Uint8Array, channels: number): Pixels {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!isPng && !isJpeg) throw badData('is neither a PNG nor a JPEG file');
  if (isPng) checkExtent(bytes);
  try {
    const { width, height, data } = isPng
      ? PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      : jpeg.decode(bytes, { useTArray: true, maxResolutionInMP: maxMegapixels, maxMemoryUsageInMB: 1024 });
    return { width, height, channels, data: withChannels(data, channels) };
  } catch (error) {
    throw badData(`can't be decoded: ${error instanceof Error ? error.message : error}`);
  }
}

/** The first chunk holds width and height: a few bytes may claim a gigantic picture. */
function checkExtent(bytes: Uint8Array): void {
  if (bytes.length < 24) throw badData('is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const megapixels = (view.getUint32(16) * view.getUint32(20)) / 1e6;
  if (megapixels > maxMegapixels) throw overLimit('the size in megapixels', megapixels, maxMegapixels);
}

function withChannels(rgba: Uint8Array, channels: number): Float32Array {
  const n = rgba.length / 4;
  const out = new Float32Array(n * channels);
  for (let i = 0; i < n; i++) {
    const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1) out[i] = (299 * r + 587 * g + 114 * b) / 1000;
    else for (let c = 0; c < channels; c++) out[channels * i + c] = rgba[4 * i + c];
  }
  return out;
}
