/** Variations of calibration images: geometry against shifts and turns by hand, and when there are any. */
import { describe, expect, test } from 'vitest';
import type { Random } from '../../compiler/ir/random.ts';
import { type Parts, partOf, split } from '../../compiler/prune/data.ts';
import { calibrated, imageOf, type Picture, warp } from '../../compiler/prune/vary.ts';
import { constant, samplesOf, sketch } from './graphs.ts';

const still = { turn: 0, scale: 0, shear: 0, reach: 0 };
/** Draws the largest values. */
const most = { next: () => 1 } as Random;

const [height, width, channels] = [5, 5, 3];
const last: Picture = { height, width, channels, pixel: channels, plane: 1 };
const first: Picture = { height, width, channels, pixel: 1, plane: height * width };
const value = (y: number, x: number, c: number) => 1 + 2 * y + 11 * x + 101 * c;

function draw({ pixel, plane }: Picture, of: (y: number, x: number, c: number) => number): Float32Array {
  const out = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) out[(y * width + x) * pixel + c * plane] = of(y, x, c);
  return out;
}

describe.each([
  ['channels last', last],
  ['channels first', first],
])('%s', (_, picture) => {
  test('a picture that does not move stays as it is', () => {
    const image = draw(picture, value);
    warp(picture, still)(image, most);
    expect(image).toEqual(draw(picture, value));
  });

  test('moves by whole pixels, its edge going on', () => {
    const image = draw(picture, value);
    warp(picture, { ...still, reach: 2 })(image, most);
    expect(image).toEqual(draw(picture, (y, x, c) => value(Math.max(0, y - 2), Math.max(0, x - 2), c)));
  });

  test('turns by a right angle', () => {
    const image = draw(picture, value);
    warp(picture, { ...still, turn: Math.PI / 2 })(image, most);
    const turned = draw(picture, (y, x, c) => value(x, height - 1 - y, c));
    for (const [i, v] of image.entries()) expect(v).toBeCloseTo(turned[i], 3);
  });
});

const net = (shape: number[]) =>
  sketch((b) => {
    const flat = b.one('reshape', [b.input('x', 'float32', shape)], {
      shape: [1, shape.reduce((m, d) => m * d, 1)],
    });
    b.output('y', b.one('dense', [flat, constant(b, [4, shape.reduce((m, d) => m * d, 1)])], {}));
  });

test.each([
  [[1, 12, 12, 1], { height: 12, width: 12, channels: 1, pixel: 1, plane: 1 }],
  [[1, 12, 10, 3], { height: 12, width: 10, channels: 3, pixel: 3, plane: 1 }],
  [[1, 3, 12, 10], { height: 12, width: 10, channels: 3, pixel: 1, plane: 120 }],
  [[1, 49, 10, 1], undefined],
  [[1, 4, 4, 1], undefined],
  [[1, 12, 12, 8], undefined],
  [[1, 784], undefined],
])('input %j is %j', (shape, expected) => {
  expect(imageOf(net(shape))).toEqual(expected);
});

describe('calibration', () => {
  const graph = net([1, 12, 12, 1]);
  const labelled = (n: number, g = graph): Parts => {
    const labels = Int32Array.from({ length: n }, (_, i) => i % 4);
    return split(partOf(g, { samples: samplesOf(g, n, 1), labels }), undefined, 1);
  };
  const settings = { vary: true, seed: 3 };

  test('few images come with fifteen variations of each, labels too, the images first', () => {
    const parts = labelled(20);
    const plain = calibrated(graph, parts, { ...settings, vary: false });
    const all = calibrated(graph, parts, settings);
    expect(plain.n).toBe(20);
    expect(all.n).toBe(320);
    expect(all.x.length).toBe(320 * 144);
    expect(all.x.subarray(0, plain.x.length)).toEqual(plain.x);
    for (let i = 0; i < 320; i++) expect(all.y![i]).toBe(plain.y![i % 20]);
    const copies = Array.from({ length: 16 }, (_, i) =>
      all.x.slice(i * plain.x.length, (i + 1) * plain.x.length).join(),
    );
    expect(new Set(copies).size).toBe(16);
    expect(calibrated(graph, parts, settings)).toEqual(all);
    expect(calibrated(graph, parts, { ...settings, seed: 4 }).x).not.toEqual(all.x);
  });

  test('many images, and what is no image, are left as they are', () => {
    expect(calibrated(graph, labelled(1600), settings).n).toBe(1024);
    const rows = net([1, 144]);
    expect(calibrated(rows, labelled(20, rows), settings).n).toBe(20);
  });
});
