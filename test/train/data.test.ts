import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { random } from '../../compiler/ir/random.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { gather } from '../../compiler/prune/train/data.ts';
import { loadDigits } from '../../examples/data/digits.ts';
import { loadFashion } from '../../examples/data/fashion.ts';
import { type Labelled, partition, shift, warp } from '../../examples/data/labelled.ts';

const imagesOf = ({ x, y }: Labelled) => {
  const size = x.length / y.length;
  return Array.from(y, (_, i) => x.slice(i * size, (i + 1) * size));
};
const hash = (x: Float32Array) => createHash('sha256').update(new Uint8Array(x.buffer)).digest('hex');

describe('digits', () => {
  const split = loadDigits();
  const parts = [split.test, split.validation, split.train];

  test('are 2,000, 1,000 and 7,000 images in 0..1 of every class', () => {
    expect(parts.map((p) => p.y.length)).toEqual([2000, 1000, 7000]);
    for (const { shape, x, y } of parts) {
      expect(x.length).toBe(y.length * 784);
      expect(shape).toEqual([28, 28, 1]);
      expect(new Set(y).size).toBe(10);
      expect(x.every((v) => v >= 0 && v <= 1 && Number.isInteger(Math.fround(v * 255)))).toBe(true);
    }
  });

  test('are in one part only', () => {
    const [held, validation, train] = parts.map((p) => new Set(imagesOf(p).map(hash)));
    expect(held!.size + validation!.size + train!.size).toBe(
      new Set([...held!, ...validation!, ...train!]).size,
    );
  });

  test('are split the same way for ever', () => {
    const { x, y } = split.test;
    expect(hash(x).slice(0, 16)).toBe('54283bcb9ce5261c');
    expect(createHash('sha256').update(new Uint8Array(y.buffer)).digest('hex').slice(0, 16)).toBe(
      'b716fff3ef4c9515',
    );
  });
});

test('Fashion-MNIST, where it is installed, has its published sizes', () => {
  const sizes = Object.values(loadFashion() ?? {}).map((part) => part.y.length);
  expect([[], [5000, 55000, 10000]]).toContainEqual(sizes);
});

test('a partition keeps images with their labels', () => {
  const y = Uint8Array.from({ length: 10 }, (_, i) => i);
  const all = { shape: [1, 1, 2] as const, x: Uint8Array.from({ length: 20 }, (_, i) => 51 * (i >> 2)), y };
  const parts = partition(all, [3, 7], 5);
  for (const part of parts) {
    expect([...part.x]).toEqual([...part.y].flatMap((label) => Array(2).fill(Math.fround((label >> 1) / 5))));
  }
  expect(parts.flatMap((part) => [...part.y]).sort()).toEqual([...y]);
});

describe('augmentation', () => {
  const shape = [5, 7, 2] as const;
  const image = Float32Array.from({ length: 70 }, (_, i) => i + 1);
  const at = (x: Float32Array, r: number, c: number, k: number) =>
    r < 0 || r > 4 || c < 0 || c > 6 ? 0 : x[(r * 7 + c) * 2 + k]!;

  test.each([false, true])('shifts by whole pixels, mirroring: %s', (mirror) => {
    const chance = random(1);
    const seen = new Set<string>();
    for (let trial = 0; trial < 300; trial++) {
      const batch = new Float32Array([...image, ...image]);
      shift(shape, 2, mirror)(batch, chance);
      const moved = batch.subarray(70);
      const matches = (dy: number, dx: number, flip: boolean) =>
        moved.every((v, i) => {
          const [k, c, r] = [i % 2, (i >> 1) % 7, Math.floor(i / 14)];
          const from = c - dx;
          return v === (from < 0 || from > 6 ? 0 : at(image, r - dy, flip ? 6 - from : from, k));
        });
      const found: string[] = [];
      for (const flip of [false, true]) {
        for (let dy = -2; dy <= 2; dy++) {
          for (let dx = -2; dx <= 2; dx++) if (matches(dy, dx, flip)) found.push(`${dy} ${dx} ${flip}`);
        }
      }
      expect(found.length).toBe(1);
      seen.add(found[0]!);
    }
    expect(seen.size).toBe(mirror ? 50 : 25);
  });

  test('warps by nothing to the same image, and by little to almost the same', () => {
    const still = image.slice();
    warp(shape, { turn: 0, scale: 0, shear: 0, reach: 0 })(still, random(1));
    expect(still).toEqual(image);
    const ramp = Float32Array.from({ length: 20 * 20 }, (_, i) => Math.sin((i % 20) / 6) * Math.cos(i / 120));
    const bent = ramp.slice();
    warp([20, 20, 1], { turn: 0.02, scale: 0.01, shear: 0.01, reach: 0.2 })(bent, random(3));
    const inner = [...bent]
      .map((v, i) => Math.abs(v - ramp[i]!))
      .filter((_, i) => i % 20 > 1 && i % 20 < 18 && i > 40 && i < 360);
    expect(bent).not.toEqual(ramp);
    expect(Math.max(...inner)).toBeLessThan(0.15);
  });
});

test('a mixed batch is made of pairs of its samples, and the teacher sees the mixtures', async () => {
  const tf = await loadBackend('cpu');
  // On a parabola a mixture of two points lies on the chord between them, and on no other.
  const x = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? i / 2 : (i >> 1) ** 2));
  const indices = Uint32Array.of(3, 19, 0, 7);
  const teacher = (t: import('@tensorflow/tfjs').Tensor) => tf.mul(t, 2);
  tf.tidy(() => {
    const batch = gather(tf, { shape: [2], x, teacher }, indices, { mix: true, chance: random(4) });
    const values = batch.x.dataSync();
    expect([...batch.teacher!.dataSync()]).toEqual([...values].map((v) => 2 * v));
    const moved = [...indices].filter((own, i) => {
      const [u, v] = [values[2 * i]!, values[2 * i + 1]!];
      const chord = [...indices].filter((other) => {
        const [low, high] = [Math.min(own, other), Math.max(own, other)];
        return u >= low && u <= high && Math.abs((own + other) * u - own * other - v) < 1e-3;
      });
      expect(chord.length).toBeGreaterThan(0);
      return Math.abs(u - own) > 1e-3;
    });
    expect(moved.length).toBeGreaterThan(1);
  });
});
