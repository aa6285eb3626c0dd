import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { random } from '../../compiler/ir/random.ts';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import type { Augment, TrainData } from '../../compiler/prune/train/data.ts';
import { evaluate } from '../../compiler/prune/train/evaluate.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';
import { type TrainOptions, train } from '../../compiler/prune/train/loop.ts';
import { lossOf } from '../../compiler/prune/train/loss.ts';

let tf: Tf;

beforeAll(async () => {
  tf = await loadBackend('wasm');
  registerGradients(tf);
});

const inputs = 6;
const classes = 3;

/** Points around one centre per class. */
function blobs(n: number, seed: number): TrainData & { y: Int32Array } {
  const centres = random(99);
  const centre = Float32Array.from({ length: classes * inputs }, () => centres.normal());
  const chance = random(seed);
  const y = Int32Array.from({ length: n }, () => chance.int(classes));
  const x = new Float32Array(n * inputs);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < inputs; k++) x[i * inputs + k] = centre[y[i]! * inputs + k]! + 0.7 * chance.normal();
  }
  return { shape: [inputs], x, y };
}

interface Mlp {
  variables: Variable[];
  forward(x: Tensor): Tensor;
}

function mlp(seed = 1): Mlp {
  const chance = random(seed);
  const draw = (shape: number[]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return tf.variable(
      tf.tensor(
        Float32Array.from({ length }, () => 0.5 * chance.normal()),
        shape,
      ),
    );
  };
  const [w1, b1, w2, b2] = [draw([inputs, 16]), draw([16]), draw([16, classes]), draw([classes])];
  return {
    variables: [w1, b1, w2, b2],
    forward: (x) => {
      const hidden = tf.relu(tf.add(tf.matMul(x as Tensor2D, w1 as Tensor2D), b1));
      return tf.add(tf.matMul(hidden as Tensor2D, w2 as Tensor2D), b2);
    },
  };
}

const jitter: Augment = (x, chance) => {
  for (let i = 0; i < x.length; i++) x[i]! += 0.1 * chance.normal();
};
const everyThird = (v: Variable) => Float32Array.from({ length: v.size }, (_, i) => (i % 3 === 0 ? 1 : 0));
const bits = (v: Variable) => new Uint32Array((v.dataSync() as Float32Array).slice().buffer);

function run(net: Mlp, options: Partial<TrainOptions> = {}) {
  return train({
    tf,
    forward: net.forward,
    variables: net.variables,
    data: blobs(256, 3),
    loss: 'ce',
    lr: 0.01,
    steps: 100,
    batch: 32,
    ...options,
  });
}

describe('training', () => {
  test.each(['adam', 'momentum', 'sgd'] as const)('%s learns', async (optimizer) => {
    const net = mlp();
    const data = blobs(300, 4);
    const before = evaluate(tf, net.forward, data, 'ce');
    const result = await run(net, { optimizer, lr: optimizer === 'adam' ? 0.01 : 0.05, steps: 200 });
    const after = evaluate(tf, net.forward, data, 'ce');
    expect(result).toEqual({ stopped: 'done', steps: 200 });
    expect(after.loss).toBeLessThan(before.loss / 3);
    expect(after.accuracy).toBeGreaterThan(0.9);
  });

  test('Adam makes the steps of tf.train.adam', async () => {
    const [ours, theirs] = [mlp(), mlp()];
    const data = blobs(32, 5);
    await run(ours, { data, steps: 5, schedule: 'constant' });
    const adam = tf.train.adam(0.01);
    for (let i = 0; i < 5; i++) {
      adam.minimize(
        () => {
          const truth = tf.oneHot(tf.tensor1d(data.y, 'int32'), classes);
          return tf.losses.softmaxCrossEntropy(truth, theirs.forward(tf.tensor(data.x, [32, inputs])));
        },
        false,
        theirs.variables,
      );
    }
    ours.variables.forEach((v, k) => {
      const other = theirs.variables[k]!.dataSync();
      v.dataSync().forEach((x, i) => {
        expect(x).toBeCloseTo(other[i]!, 4);
      });
    });
  });

  test('the same seed gives the same bits, another seed others', async () => {
    const weights = async (seed: number) => {
      const net = mlp();
      await run(net, { seed, augment: jitter });
      return bits(net.variables[0]!);
    };
    expect(await weights(1)).toEqual(await weights(1));
    expect(await weights(1)).not.toEqual(await weights(2));
  });

  test('no tensor is left behind', async () => {
    const net = mlp();
    const masks = new Map([[net.variables[0]!, everyThird(net.variables[0]!)]]);
    const before = tf.memory().numTensors;
    await run(net, { masks, validation: blobs(64, 6), remask: (step) => (step === 50 ? masks : undefined) });
    expect(tf.memory().numTensors).toBe(before);
    const counts: number[] = [];
    await run(net, { masks, onStep: () => counts.push(tf.memory().numTensors) });
    expect(new Set(counts).size).toBe(1);
  });

  test('decoupled decay shrinks weights, not biases', async () => {
    const net = mlp();
    const [w, b] = net.variables as [Variable, Variable];
    const still = { ...net, forward: (x: Tensor) => tf.mul(net.forward(x), 0) };
    const before = w.dataSync().slice();
    const bias = bits(b);
    await run(still, { optimizer: 'sgd', schedule: 'constant', lr: 0.1, weightDecay: 0.5, steps: 3 });
    w.dataSync().forEach((x, i) => {
      expect(x).toBeCloseTo(before[i]! * 0.95 ** 3, 6);
    });
    expect(bits(b)).toEqual(bias);
  });

  test('l1 and l2 pull at the gradient', async () => {
    for (const [penalty, want] of [
      [{ l1: 0.5 }, (x: number) => x - 0.1 * 0.5 * Math.sign(x)],
      [{ l2: 0.5 }, (x: number) => x - 0.1 * 0.5 * x],
    ] as const) {
      const net = mlp();
      const before = net.variables[0]!.dataSync().slice();
      const still = { ...net, forward: (x: Tensor) => tf.mul(net.forward(x), 0) };
      await run(still, { optimizer: 'sgd', schedule: 'constant', lr: 0.1, steps: 1, ...penalty });
      net.variables[0]!.dataSync().forEach((x, i) => {
        expect(x).toBeCloseTo(want(before[i]!), 6);
      });
    }
  });

  test('the cosine goes from lr to almost 0', async () => {
    const rates: number[] = [];
    await run(mlp(), { lr: 0.2, steps: 10, onStep: ({ lr }) => rates.push(lr) });
    expect(rates[0]).toBe(0.2);
    expect(rates[5]).toBeCloseTo(0.1);
    expect(rates[9]).toBeLessThan(0.01);
  });

  test('trains a convolutional net with batch norm and pooling', async () => {
    const chance = random(8);
    const n = 128;
    const y = Int32Array.from({ length: n }, () => chance.int(2));
    const x = Float32Array.from({ length: n * 64 }, (_, i) => {
      const column = i % 8;
      return (
        0.3 * chance.normal() +
        (y[Math.floor(i / 64)] === 1 ? Math.sin(column * 1.6) : Math.cos(column * 0.8))
      );
    });
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, padding: 'same' }),
        tf.layers.batchNormalization(),
        tf.layers.reLU(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' }),
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: 2 }),
      ],
    });
    const variables = model.weights.map((w) => (w as unknown as { val: Variable }).val);
    const forward = (batch: Tensor, training: boolean) => model.apply(batch, { training }) as Tensor;
    const data = { shape: [8, 8, 1], x, y };
    const result = await train({
      tf,
      forward,
      variables,
      data,
      validation: data,
      loss: 'ce',
      lr: 0.02,
      epochs: 20,
    });
    expect(result.best!.score.accuracy).toBeGreaterThan(0.95);
    expect(evaluate(tf, forward, data, 'ce')).toEqual(result.best!.score);
    model.dispose();
  });
});

describe('masks', () => {
  const zeros = (v: Variable) => bits(v).filter((b) => b === 0).length;

  test.each(['adam', 'momentum', 'sgd'] as const)(
    'hold over 1,000 steps of %s with every decay',
    async (optimizer) => {
      const net = mlp();
      const [w1, , w2] = net.variables as [Variable, Variable, Variable];
      const masks = new Map([
        [w1, everyThird(w1)],
        [w2, everyThird(w2)],
      ]);
      const pruned = (v: Variable) => masks.get(v)!.filter((m) => m === 0).length;
      await run(net, { masks, optimizer, steps: 1000, weightDecay: 1e-3, l1: 1e-5, l2: 1e-5 });
      for (const v of [w1, w2]) {
        expect(zeros(v)).toBe(pruned(v));
        const b = bits(v);
        masks.get(v)!.forEach((m, i) => {
          if (m === 0) expect(b[i]).toBe(0);
        });
      }
    },
  );

  test('that change midway drop the momentum of what they prune', async () => {
    const net = mlp();
    const w = net.variables[0]!;
    const open = new Float32Array(w.size).fill(1);
    const closed = open.map((_, i) => (i % 2 ? 0 : 1));
    let still = false;
    const seen: Uint32Array[] = [];
    await run(net, {
      forward: (x) => (still ? tf.mul(net.forward(x), 0) : net.forward(x)),
      optimizer: 'momentum',
      steps: 30,
      remask: (step) => {
        still = step >= 20;
        return step === 19 ? new Map([[w, closed]]) : step === 20 ? new Map([[w, open]]) : undefined;
      },
      onStep: () => seen.push(bits(w)),
    });
    const pruned = (b: Uint32Array) => b.filter((_, i) => closed[i] === 0);
    expect(pruned(seen[18]!).every((b) => b !== 0)).toBe(true);
    expect(pruned(seen[19]!).every((b) => b === 0)).toBe(true);
    // Open again and without a gradient, only momentum could move them, as it moves the others.
    expect(pruned(seen[29]!).every((b) => b === 0)).toBe(true);
    expect(seen[29]![0]).not.toBe(seen[20]![0]);
  });

  test('of an earlier density do not compete for the best', async () => {
    const net = mlp();
    const w = net.variables[0]!;
    const mask = Float32Array.from({ length: w.size }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const { best } = await run(net, {
      steps: 60,
      validateEvery: 10,
      validation: blobs(128, 7),
      remask: (step) => (step === 45 ? new Map([[w, mask]]) : undefined),
    });
    expect(best!.step).toBeGreaterThan(45);
    expect(zeros(w)).toBe(mask.filter((m) => m === 0).length);
  });
});

describe('losses', () => {
  const softmax = (z: number[]) => {
    const e = z.map((v) => Math.exp(v - Math.max(...z)));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  };
  const student = [
    [1, -2, 0.5],
    [0.1, 3, -1],
  ];
  const teacher = [
    [2, -1, 0],
    [-0.5, 2, 1],
  ];
  const y = [2, 1];
  const mean = (f: (i: number) => number) => (f(0) + f(1)) / 2;
  const ce = mean((i) => -Math.log(softmax(student[i]!)[y[i]!]!));
  const kd = mean((i) => {
    const p = softmax(teacher[i]!.map((v) => v / 2));
    const q = softmax(student[i]!.map((v) => v / 2));
    return 4 * p.reduce((sum, v, k) => sum + v * Math.log(v / q[k]!), 0);
  });
  const mse = mean((i) => teacher[i]!.reduce((sum, v, k) => sum + (v - student[i]![k]!) ** 2, 0) / 3);

  test.each([
    ['ce', ce],
    ['kd', kd],
    ['kd+ce', 0.7 * kd + 0.3 * ce],
    ['mse', mse],
  ] as const)('%s is its formula', (loss, want) => {
    const got = tf.tidy(() => {
      const batch = { x: tf.zeros([2, 1]), y: tf.tensor1d(y, 'int32'), teacher: tf.tensor2d(teacher) };
      return lossOf(tf, loss, tf.tensor2d(student), batch).dataSync()[0];
    });
    expect(got).toBeCloseTo(want, 5);
  });

  test('distillation carries a teacher over, from rows and from a function alike', async () => {
    const master = mlp(1);
    const { shape, x, y } = blobs(256, 3);
    const rows = tf.tidy(() => master.forward(tf.tensor(x, [256, inputs])).dataSync() as Float32Array);
    for (const teacher of [rows, master.forward]) {
      const pupil = mlp(2);
      const held = { ...blobs(128, 9), teacher: master.forward };
      const before = evaluate(tf, pupil.forward, held, 'kd').loss;
      await run(pupil, { loss: 'kd', data: { shape, x, teacher }, steps: 400, lr: 0.02 });
      expect(evaluate(tf, pupil.forward, held, 'kd').loss).toBeLessThan(before / 20);
    }
    expect(y.length).toBe(256);
  });

  test('missing labels, a missing teacher and odd sizes are refused', async () => {
    const { shape, x, y } = blobs(16, 1);
    await expect(run(mlp(), { data: { shape, x } })).rejects.toThrow('the loss "ce" needs labels');
    await expect(run(mlp(), { data: { shape, x, y }, loss: 'kd' })).rejects.toThrow('needs a teacher');
    await expect(run(mlp(), { data: { shape, x: x.slice(1), y } })).rejects.toThrow(
      'no whole number of samples',
    );
    await expect(run(mlp(), { data: { shape, x, y: y.slice(1) } })).rejects.toThrow('15 labels');
  });
});

describe('stopping', () => {
  test('the best state on the validation data comes back', async () => {
    const net = mlp();
    const validation = blobs(64, 11);
    const result = await run(net, {
      validation,
      lr: 0.3,
      optimizer: 'momentum',
      steps: 60,
      validateEvery: 5,
    });
    expect(evaluate(tf, net.forward, validation, 'ce')).toEqual(result.best!.score);
  });

  test('a start that is never beaten stays', async () => {
    const net = mlp();
    await run(net, { steps: 200 });
    const before = net.variables.map(bits);
    const result = await run(net, {
      validation: blobs(128, 12),
      lr: 50,
      optimizer: 'sgd',
      steps: 20,
      validateEvery: 1,
    });
    expect(result.best!.step).toBe(0);
    expect(net.variables.map(bits)).toEqual(before);
  });

  test('patience ends a run that gets no better', async () => {
    const net = mlp();
    const result = await run(net, {
      validation: blobs(64, 13),
      lr: 0,
      steps: 100,
      validateEvery: 2,
      patience: 3,
    });
    expect(result).toMatchObject({ stopped: 'patience', steps: 6, best: { step: 0 } });
  });

  test('an abort keeps the best so far', async () => {
    const net = mlp();
    const abort = new AbortController();
    const validation = blobs(64, 14);
    const result = await run(net, {
      validation,
      validateEvery: 5,
      signal: abort.signal,
      onStep: ({ step }) => step === 23 && abort.abort(),
    });
    expect(result).toMatchObject({ stopped: 'aborted', steps: 23 });
    expect(result.best!.step % 5).toBe(0);
    expect(evaluate(tf, net.forward, validation, 'ce')).toEqual(result.best!.score);
  });

  test('timers run while it trains', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await run(mlp(), { steps: 600 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(1);
  });

  test('a loss that is no number ends the run before it spoils the weights', async () => {
    const net = mlp();
    const data = blobs(64, 15);
    data.x[10] = Number.NaN;
    const result = await run(net, { data });
    expect(result.stopped).toBe('diverged');
    for (const v of net.variables) expect([...v.dataSync()].every(Number.isFinite)).toBe(true);
  });
});
