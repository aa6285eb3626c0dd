/** The first `bytes` of every plane, rounded up to whole vectors: planes `xC` bytes apart to planes `yC` bytes apart. */
export function f32_move_tile_1x28(x: usize, y: usize, channels: i32, xC: usize, yC: usize, bytes: usize): void {
  for (; channels > 0; channels--, x += xC, y += yC) {
    let p = x, at = y;
    let left = <i32>bytes;
    if (ASC_FEATURE_SIMD) {
      for (; left > 96; left -= 112, p += 112, at += 112) {
        v128.store(at, v128.load(p));
        v128.store(at, v128.load(p, 16), 16);
        v128.store(at, v128.load(p, 32), 32);
        v128.store(at, v128.load(p, 48), 48);
        v128.store(at, v128.load(p, 64), 64);
        v128.store(at, v128.load(p, 80), 80);
        v128.store(at, v128.load(p, 96), 96);
      }
      for (; left > 0; left -= 16, p += 16, at += 16) v128.store(at, v128.load(p));
    } else {
      for (; left > 0; left -= 4, p += 4, at += 4) store<f32>(at, load<f32>(p));
    }
  }
}

/**
 * Phase split: the even columns of every image row go to `y`, the odd ones to `y + yOdd`. Each takes ⌈w/2⌉ floats of a row; where
 * `w` is odd, the last odd one is what lies behind the input row.
 */
export function f32_move_split2_1x8(x: usize, y: usize, yOdd: usize, h: i32, w: i32, xPitch: usize, yPitch: usize): void {
  for (; h > 0; h--) {
    let p = x, at = y;
    let left = (w + 1) >> 1;
    if (ASC_FEATURE_SIMD) {
      for (; left >= 4; left -= 4, p += 32, at += 16) {
        const a = v128.load(p), b = v128.load(p, 16);
        v128.store(at, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
        v128.store(at + yOdd, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
      }
    }
    for (; left > 0; left--, p += 8, at += 4) {
      store<f32>(at, load<f32>(p));
      store<f32>(at + yOdd, load<f32>(p, 4));
    }
    x += xPitch;
    y += yPitch;
  }
}

/**
 * One image row after the other from interleaved (NHWC) to planar: pixel p of channel c goes to `y + c·yC + p·4`. `xPitch` and
 * `yPitch` are bytes between image rows, `xPixel` between pixels of `x`.
 */
export function f32_move_planar_4x4(x: usize, y: usize, channels: i32, h: i32, w: i32, xPixel: usize, xPitch: usize, yC: usize, yPitch: usize): void {
  for (; h > 0; h--) {
    let p = x, at = y;
    let left = w;
    if (ASC_FEATURE_SIMD) {
      for (; left >= 4; left -= 4, p += xPixel << 2, at += 16) {
        let q = p, to = at;
        let c = channels;
        for (; c >= 3; c -= 4, q += 16, to += yC << 2) {
          const p1 = q + xPixel, p2 = p1 + xPixel, p3 = p2 + xPixel;
          const a = v128.load(q), b = v128.load(p1), d = v128.load(p2), e = v128.load(p3);
          const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), de = v128.shuffle<f32>(d, e, 0, 4, 1, 5);
          const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), de2 = v128.shuffle<f32>(d, e, 2, 6, 3, 7);
          v128.store(to, v128.shuffle<f32>(ab, de, 0, 1, 4, 5));
          v128.store(to + yC, v128.shuffle<f32>(ab, de, 2, 3, 6, 7));
          v128.store(to + 2 * yC, v128.shuffle<f32>(ab2, de2, 0, 1, 4, 5));
          if (c > 3) v128.store(to + 3 * yC, v128.shuffle<f32>(ab2, de2, 2, 3, 6, 7));
        }
        for (; c > 0; c--, q += 4, to += yC) {
          store<f32>(to, load<f32>(q));
          store<f32>(to, load<f32>(q + xPixel), 4);
          store<f32>(to, load<f32>(q + 2 * xPixel), 8);
          store<f32>(to, load<f32>(q + 3 * xPixel), 12);
        }
      }
    }
    for (; left > 0; left--, p += xPixel, at += 4) {
      for (let c = 0, q = p, to = at; c < channels; c++, q += 4, to += yC) store<f32>(to, load<f32>(q));
    }
    x += xPitch;
    y += yPitch;
  }
}
