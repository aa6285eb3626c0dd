/**
 * Moving the per-channel statistics of a pruned layer back to those of the dense one, on the same calibration inputs. All
 * of it is the identity where nothing was pruned, so it can't create a difference of its own.
 */

/** Mean and variance of one value per channel. */
export interface ChannelMoments {
  readonly mean: Float64Array;
  /** Population variance. */
  readonly variance: Float64Array;
}

/** Streamed moments per channel in float64: Welford's recurrence, batches merged by Chan et al. 1979. */
export class ChannelStats {
  readonly channels: number;
  count = 0;
  private readonly mean: Float64Array;
  private readonly spread: Float64Array;

  constructor(channels: number) {
    this.channels = channels;
    this.mean = new Float64Array(channels);
    this.spread = new Float64Array(channels);
  }

  /** Adds values with the channel innermost, `x[position · channels + c]`, as NHWC tensors lie. */
  add(x: Float32Array | Float64Array): void {
    const { channels } = this;
    const positions = x.length / channels;
    if (positions === 0) return;
    const total = this.count + positions;
    const means = new Float64Array(channels);
    for (let i = 0; i < x.length; i += channels) for (let c = 0; c < channels; c++) means[c] += x[i + c];
    for (let c = 0; c < channels; c++) means[c] /= positions;
    const spreads = new Float64Array(channels);
    for (let i = 0; i < x.length; i += channels) {
      for (let c = 0; c < channels; c++) spreads[c] += (x[i + c] - means[c]) ** 2;
    }
    for (let c = 0; c < channels; c++) {
      const gap = means[c] - this.mean[c];
      this.mean[c] += (gap * positions) / total;
      this.spread[c] += spreads[c] + (gap * gap * this.count * positions) / total;
    }
    this.count = total;
  }

  moments(): ChannelMoments {
    return {
      mean: Float64Array.from(this.mean),
      variance: this.spread.map((s) => (this.count > 0 ? s / this.count : 0)),
    };
  }
}

/** y' = scale · y + shift per channel: scale the weight row and the bias, then add the shift. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Bounds of the ratio of standard deviations that is corrected; beyond them a channel is nearly dead, not shrunken. */
const RATIO: readonly [number, number] = [0.67, 1.5];

/** r = sd_pruned / sd_dense per channel, clipped; 1 where the dense channel is constant. */
export function deviationRatios(dense: ChannelMoments, pruned: ChannelMoments): Float64Array {
  return dense.variance.map((variance, c) => {
    if (!(variance > 1e-12 * dense.mean[c] ** 2)) return 1;
    return Math.min(RATIO[1], Math.max(RATIO[0], Math.sqrt(pruned.variance[c] / variance)));
  });
}

/** Relative correction of a layer's output y (bias included): (y − μ_p)/r + μ_d. */
export function relativeCorrection(dense: ChannelMoments, pruned: ChannelMoments): ChannelAffine {
  const ratios = deviationRatios(dense, pruned);
  return {
    scale: ratios.map((r) => 1 / r),
    shift: dense.mean.map((mean, c) => mean - pruned.mean[c] / ratios[c]),
  };
}

/** Bias correction alone, the least that is safe without normalisation: shift = μ_d − μ_p. */
export function biasCorrection(dense: ChannelMoments, pruned: ChannelMoments): ChannelAffine {
  return {
    scale: new Float64Array(dense.mean.length).fill(1),
    shift: dense.mean.map((mean, c) => mean - pruned.mean[c]),
  };
}

/**
 * The same relative correction inside a batch normalisation that follows the layer: its running moments move as the
 * statistics of its input moved.
 */
export function correctRunning(
  running: ChannelMoments,
  epsilon: number,
  dense: ChannelMoments,
  pruned: ChannelMoments,
): ChannelMoments {
  const ratios = deviationRatios(dense, pruned);
  return {
    mean: running.mean.map((mean, c) => pruned.mean[c] + (mean - dense.mean[c]) * ratios[c]),
    variance: running.variance.map((v, c) =>
      ratios[c] === 1 ? v : (v + epsilon) * ratios[c] ** 2 - epsilon,
    ),
  };
}
