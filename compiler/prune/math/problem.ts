/** The data that pruning works on: one layer seen as a matrix, and what is known of its inputs. */

/**
 * A row-major float64 matrix, `data[r · cols + k]`. In a layer, row = output channel and column = one weight position of
 * that output; a convolution counts its columns in (kh, kw, cin) order.
 */
export interface Matrix64 {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/**
 * One prunable layer `y = W x + b` with R = `rows` outputs and n = `cols` inputs. A position is one x: a sample of a dense
 * layer, one output pixel of a convolution (its im2col patch, padding zeros included). Averages are over `samples`
 * positions, so that losses of layers with many pixels compare with those of layers with few.
 *
 * `x_d` is what the dense model feeds the layer, `x_p` what the already pruned model feeds it at the same position. Where
 * they are the same, leave `C`, `outputCross` and `meanDense` out.
 */
export interface LayerProblem {
  readonly rows: number;
  readonly cols: number;
  /** W, [R × n]. */
  readonly weights: Float64Array;
  /** E[x_p x_pᵀ], [n × n], symmetric: the second moment, not yet centred. Absent: no calibration data. */
  readonly H?: Float64Array;
  /** E[x_d x_pᵀ], [n × n]. */
  readonly C?: Float64Array;
  /** E[(W x_d) x_pᵀ], [R × n]: says the same as `C` at R/n of its cost; preferred where both are given. */
  readonly outputCross?: Float64Array;
  /** E[x_d], [n]; defaults to `meanPruned`. */
  readonly meanDense?: Float64Array;
  /** E[x_p], [n]. Present: the problem is centred and the bias absorbs what a constant input loses. */
  readonly meanPruned?: Float64Array;
  /** Positions averaged over. */
  readonly samples: number;
}

/**
 * What is kept or dropped together: single weights; blocks of `rows` adjacent outputs × `cols` adjacent columns (smaller
 * at the far edges); at most `keep` of every `of` adjacent columns in a row; or whole outputs.
 */
export type Granularity =
  | { readonly kind: 'element' }
  | { readonly kind: 'block'; readonly rows: number; readonly cols: number }
  | { readonly kind: 'nm'; readonly keep: number; readonly of: number }
  | { readonly kind: 'row' };

/** Rows × columns of one group of a granularity in a layer with `cols` columns. */
export function groupShape(g: Granularity, cols: number): readonly [rows: number, cols: number] {
  switch (g.kind) {
    case 'element':
    case 'nm':
      return [1, 1];
    case 'block':
      return [g.rows, g.cols];
    case 'row':
      return [1, cols];
  }
}

/** Ways to choose weights. */
export const methods = ['magnitude', 'wanda', 'taylor', 'sparsegpt', 'obs', 'alps'] as const;

export type Method = (typeof methods)[number];

/** Methods that fit what stays to the inputs; with samples, 'auto' is one of them. */
export const isSecondOrder = (method: Method | 'auto'): boolean =>
  method === 'auto' || method === 'sparsegpt' || method === 'obs' || method === 'alps';
