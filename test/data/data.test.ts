/** Samples from folders of images and from modules; files are written by encoders of the test's own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readSamples, type SampleSource } from '../../compiler/data/index.ts';
import type { TypedPort } from '../../compiler/ir/graph.ts';
import { npy } from './npy.ts';
import { greyJpeg, png } from './pictures.ts';

const root = mkdtempSync(join(tmpdir(), 'espalier-data-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
function folder(files: Record<string, Uint8Array | string>): string {
  const dir = join(root, String(folders++));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

const port = (...shape: number[]): TypedPort[] => [{ name: 'x', dtype: 'float32', shape }];
const read = (ports: TypedPort[], source: SampleSource) => readSamples(ports, source);
const values = async (ports: TypedPort[], source: SampleSource) =>
  (await read(ports, source)).samples.map((s) => [...s.x.data]);

/** 4 × 2, RGB. */
const picture = Array.from({ length: 24 }, (_, i) => (i * 37) % 256);

describe('pixels', () => {
  test('of a PNG, as they are', async () => {
    const path = folder({ 'a.png': png(4, 2, 3, picture) });
    const [x] = await values(port(1, 2, 4, 3), { path });
    x.forEach((v, i) => {
      expect(v).toBeCloseTo(picture[i] / 255, 6);
    });
    const [bytes] = await values(port(1, 2, 4, 3), { path, images: { scale: 255 } });
    expect(bytes).toEqual(picture);
  });

  test('channels first', async () => {
    const path = folder({ 'a.png': png(4, 2, 3, picture) });
    const [x] = await values(port(1, 3, 2, 4), { path, images: { scale: 255 } });
    const plane = (c: number) => Array.from({ length: 8 }, (_, p) => picture[3 * p + c]);
    expect(x).toEqual([...plane(0), ...plane(1), ...plane(2)]);
  });

  test('of a JPEG, grey blocks', async () => {
    const blocks = [0, 255, 128, 17, 90, 201];
    const path = folder({ 'a.jpg': greyJpeg(3, 2, blocks) });
    const [x] = await values(port(1, 16, 24), { path, images: { scale: 255 } });
    x.forEach((v, i) => {
      const [y, column] = [Math.floor(i / 24), i % 24];
      expect(Math.abs(v - blocks[3 * Math.floor(y / 8) + Math.floor(column / 8)])).toBeLessThanOrEqual(1);
    });
  });

  test('colour to grey by luma, grey to colour by copies', async () => {
    const colour = folder({ 'a.png': png(1, 1, 4, [200, 100, 50, 7]) });
    const luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50;
    expect((await values(port(1, 1, 1, 1), { path: colour, images: { scale: 255 } }))[0][0]).toBeCloseTo(
      luma,
      4,
    );
    const grey = folder({ 'a.png': png(1, 1, 1, [77]) });
    expect(await values(port(1, 1, 1, 3), { path: grey, images: { scale: 255 } })).toEqual([[77, 77, 77]]);
    const four = [200, 100, 50, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const square = folder({ 'a.png': png(2, 2, 4, four) });
    expect(await values(port(1, 2, 2, 4), { path: square, images: { scale: 255 } })).toEqual([four]);
  });

  test('mean and deviation, one for all or one a channel', async () => {
    const path = folder({ 'a.png': png(1, 1, 3, [255, 51, 0]) });
    const images = { mean: [0.5, 0.2, 0.1], std: [0.5, 0.25, 0.2] };
    const [x] = await values(port(1, 1, 1, 3), { path, images });
    [1, 0, -0.5].forEach((v, c) => {
      expect(x[c]).toBeCloseTo(v, 6);
    });
    await expect(values(port(1, 1, 1, 3), { path, images: { mean: [1, 2] } })).rejects.toThrow('2 numbers');
    await expect(values(port(1, 1, 1, 3), { path, images: { std: [0] } })).rejects.toThrow('std');
  });
});

describe('fitting', () => {
  /** The filter by its definition: every source pixel weighed by a triangle as wide as the reduction. */
  function byDefinition(w: number, h: number, pixels: number[], W: number, H: number): number[] {
    const [sx, sy] = [w / W, h / H];
    const tri = (d: number, s: number) => Math.max(0, 1 - Math.abs(d) / Math.max(1, s));
    return Array.from({ length: W * H }, (_, i) => {
      const [cx, cy] = [((i % W) + 0.5) * sx, (Math.floor(i / W) + 0.5) * sy];
      let [sum, weights] = [0, 0];
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          const a = tri(x + 0.5 - cx, sx) * tri(y + 0.5 - cy, sy);
          sum += a * pixels[y * w + x];
          weights += a;
        }
      }
      return sum / weights;
    });
  }
  const grey = (n: number) => Array.from({ length: n }, (_, i) => (i * i * 13) % 256);

  test.each([
    [9, 7, 4, 3],
    [5, 4, 10, 9],
    [16, 16, 5, 5],
    [3, 8, 7, 2],
  ])('fill: %i × %i to %i × %i', async (w, h, W, H) => {
    const path = folder({ 'a.png': png(w, h, 1, grey(w * h)) });
    const [x] = await values(port(1, H, W, 1), { path, images: { fit: 'fill', scale: 255 } });
    const want = byDefinition(w, h, grey(w * h), W, H);
    x.forEach((v, i) => {
      expect(v).toBeCloseTo(want[i], 3);
    });
  });

  test('cover cuts the longer side, contain frames the shorter', async () => {
    // Columns 0 to 5; a square from the middle has 1 to 4.
    const path = folder({
      'a.png': png(
        6,
        4,
        1,
        Array.from({ length: 24 }, (_, i) => 10 * (i % 6)),
      ),
    });
    const [cut] = await values(port(1, 4, 4, 1), { path, images: { scale: 255 } });
    expect(cut.slice(0, 4)).toEqual([10, 20, 30, 40]);
    const flat = folder({ 'a.png': png(4, 2, 1, Array(8).fill(100)) });
    const [framed] = await values(port(1, 4, 4, 1), { path: flat, images: { fit: 'contain', scale: 255 } });
    const row = (v: number) => Array(4).fill(v);
    expect(framed).toEqual([...row(0), ...row(100), ...row(100), ...row(0)]);
  });
});

describe('folders', () => {
  const dot = (v: number) => png(1, 1, 1, [v]);
  const one = port(1, 1, 1, 1);
  const images = { scale: 255 };

  test('are read in the order of their paths; hidden and other files are passed over', async () => {
    const path = folder({
      'b.png': dot(2),
      'a/z.PNG': dot(1),
      'c.jpeg': greyJpeg(1, 1, [3]),
      '.h.png': 'x',
      'n.txt': '',
    });
    expect(await values(one, { path, images })).toEqual([[1], [2], [3]]);
  });

  test('give labels by sub-folder', async () => {
    const named = folder({ 'dog/1.png': dot(1), 'cat/2.png': dot(2), 'cat/deep/3.png': dot(3) });
    const read1 = await read(one, { path: named, labels: 'folder', images });
    expect(read1.samples.map((s) => s.x.data[0])).toEqual([2, 3, 1]);
    expect([...read1.labels!]).toEqual([0, 0, 1]);
    // By name 10 would come before 9.
    const numbered = folder({ '9/a.png': dot(9), '10/a.png': dot(10), '0/a.png': dot(0) });
    const read2 = await read(one, { path: numbered, labels: 'folder', images });
    expect([...read2.labels!]).toEqual(read2.samples.map((s) => s.x.data[0]));
    const loose = folder({ 'a.png': dot(1), 'c/b.png': dot(2) });
    await expect(read(one, { path: loose, labels: 'folder' })).rejects.toThrow(
      'a.png: lies in no sub-folder',
    );
  });

  test('are thinned out evenly', async () => {
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}/a.png`, dot(i)]));
    const { samples, labels } = await read(one, { path: folder(files), labels: 'folder', limit: 4, images });
    expect(samples.map((s) => s.x.data[0])).toEqual([0, 2, 5, 7]);
    expect([...labels!]).toEqual([0, 2, 5, 7]);
  });

  test('say what is wrong and where', async () => {
    const huge = png(1, 1, 1, [0]);
    huge.writeUInt32BE(100_000, 16);
    huge.writeUInt32BE(100_000, 20);
    const truncated = png(
      40,
      40,
      3,
      Array.from({ length: 4800 }, (_, i) => (i * i) % 251),
    ).subarray(0, 400);
    for (const [name, bytes, code, text] of [
      ['t.png', truncated, 'E_DATA', 'decoded'],
      ['n.png', Buffer.from('hello, this is text'), 'E_DATA', 'neither'],
      ['h.png', huge, 'E_LIMIT', 'megapixels'],
      ['s.png', png(1, 1, 1, [0]).subarray(0, 20), 'E_DATA', 'cut off'],
      ['j.jpg', greyJpeg(2, 2, [1, 2, 3, 4]).subarray(0, 30), 'E_DATA', 'decoded'],
    ] as const) {
      const path = folder({ [name]: bytes });
      const wanted = { code, message: expect.stringMatching(new RegExp(`^${name}: .*${text}`)) };
      await expect(read(one, { path }), name).rejects.toMatchObject(wanted);
    }
    await expect(read(one, { path: folder({ 'a.txt': '' }) })).rejects.toThrow('holds no .png');
    await expect(read(port(1, 12), { path: folder({ 'a.png': dot(1) }) })).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining('x [1,12]'),
    });
    await expect(read(one, { path: join(root, 'none') })).rejects.toMatchObject({ code: 'E_IO' });
  });
});

describe('arrays', () => {
  test('with a file of labels', async () => {
    const dir = folder({
      'x.npy': npy(Float32Array.of(1, 2, 3, 4), [2, 2]),
      'y.npy': npy(Int32Array.of(3, 1), [2]),
    });
    const { samples, labels } = await read(port(1, 2), {
      path: join(dir, 'x.npy'),
      labels: join(dir, 'y.npy'),
    });
    expect(samples.map((s) => [...s.x.data])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([...labels!]).toEqual([3, 1]);
    writeFileSync(join(dir, 'z.npy'), npy(Int32Array.of(-1, 1), [2]));
    await expect(read(port(1, 2), { path: join(dir, 'x.npy'), labels: join(dir, 'z.npy') })).rejects.toThrow(
      'z.npy',
    );
    await expect(read(port(1, 2), { path: join(dir, 'x.npy'), labels: 'folder' })).rejects.toThrow('folder');
  });
});

describe('modules', () => {
  const program = (text: string) => join(folder({ 'data.mjs': text }), 'data.mjs');
  const two = port(1, 2);

  test.each<[string, string, number[][]]>([
    [
      'an array of samples',
      'export default [[1, 2], [3, 4]];',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['a generator', 'export default function* () { yield Float32Array.of(1, 2); }', [[1, 2]]],
    [
      'an async generator of batches',
      'export default async function* () { yield [[1, 2], [3, 4]]; yield { data: [5, 6] }; }',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [
      'one that is told the inputs',
      'export default async ({ inputs, limit }) => [[inputs[0].shape[1], limit]];',
      [[2, 7]],
    ],
    ['inputs by name', 'export default [{ x: [1, 2] }];', [[1, 2]]],
  ])('%s', async (_, text, want) => {
    expect(await values(two, { path: program(text), limit: 7 })).toEqual(want);
  });

  test('labels, and no more than asked for', async () => {
    const path = program(
      'export default function* () { for (let i = 0; ; i++) yield { inputs: [i, i, i, i], labels: [i, 9] }; }',
    );
    const { samples, labels } = await read(two, { path, limit: 5 });
    expect(samples.map((s) => s.x.data[0])).toEqual([0, 0, 1, 1, 2]);
    expect([...labels!]).toEqual([0, 9, 1, 9, 2]);
  });

  test('several inputs', async () => {
    const ports: TypedPort[] = [
      { name: 'a', dtype: 'float32', shape: [1] },
      { name: 'b', dtype: 'int32', shape: [1, 2] },
    ];
    const { samples } = await read(ports, { path: program('export default [{ a: [1], b: [2, 3] }];') });
    expect(samples).toMatchObject([{ a: { data: Float32Array.of(1) }, b: { data: Int32Array.of(2, 3) } }]);
    await expect(read(ports, { path: program('export default [[1]];') })).rejects.toThrow('one input of 2');
    await expect(read(ports, { path: program('export default [{ a: [1] }];') })).rejects.toThrow('"b"');
  });

  test.each([
    ['export const x = 1;', 'no default export'],
    ['export default 3;', 'no default export'],
    ['export default [];', 'yields no sample'],
    ['export default [[1, 2], [3]];', 'item 1: 1 values'],
    ['export default [["a", "b"]];', 'item 0'],
    ['export default function* () { throw new TypeError("broken"); }', 'broken'],
    ['export default [[1, 2], { inputs: [1, 2], label: 0 }];', 'item 1'],
    ['export default [{ inputs: [1, 2], label: 0.5 }];', 'no whole number'],
    ['export default [', 'failed'],
  ])('%s is refused', async (text, message) => {
    await expect(read(two, { path: program(text) })).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringMatching(new RegExp(`^data.mjs.*${message}`)),
    });
  });
});
