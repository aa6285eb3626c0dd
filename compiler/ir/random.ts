/** Seeded randomness: the only source of chance in the compiler (sfc32, seeded by splitmix32). */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** Whole, in [0, below). */
  int(below: number): number;
  /** Shuffles in place (Fisher–Yates). */
  shuffle<T extends { length: number; [i: number]: unknown }>(list: T): T;
  /** Four words that `random` goes on from. */
  state(): RandomState;
}

export type RandomState = readonly [number, number, number, number];

/** From a seed, or from where another one was. */
export function random(seed: number | RandomState): Random {
  let mix = typeof seed === 'number' ? seed >>> 0 : 0;
  const word = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let t = mix ^ (mix >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
  let [a, b, c, d] = typeof seed === 'number' ? [word(), word(), word(), 1] : seed;
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4294967296;
  };
  if (typeof seed === 'number') for (let i = 0; i < 12; i++) next();
  return {
    next,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    int: (below) => Math.floor(next() * below),
    shuffle(list) {
      for (let i = list.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [list[i], list[j]] = [list[j], list[i]];
      }
      return list;
    },
    state: () => [a, b, c, d],
  };
}
