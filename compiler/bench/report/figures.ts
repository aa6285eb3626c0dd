import * as format from '../format.ts';
import { type Content, markup } from '../markup.ts';
import type { BenchReport, LayerFacts, Variant } from '../types.ts';

interface Figure {
  readonly name: string;
  readonly figure: string;
  readonly context: string;
  readonly good?: boolean;
}

/** The four or five numbers that matter: the sparse build against the reference. */
export function figures(report: BenchReport): Content {
  const sparse = report.variants.find((v) => v.kind === 'sparse');
  const reference = report.variants.find((v) => v.kind === 'reference');
  if (!sparse) return undefined;
  const speedup = sparse.latency?.speedup;
  const list: (Figure | undefined)[] = [
    speedup && {
      name: 'Speedup',
      figure: format.ratio(speedup.value),
      context: `${format.significant(speedup.low)}–${format.ratio(speedup.high)} against ${reference?.title ?? 'the reference'}`,
      good: speedup.low > 1,
    },
    sparse.size && {
      name: 'To download',
      figure: format.bytes(sparse.size.brotli),
      context: reference?.size ? `brotli; ${format.bytes(reference.size.brotli)} before` : 'brotli',
    },
    report.layers.length > 0
      ? {
          name: 'Zeros',
          figure: format.percent(sparsityOf(report.layers)),
          context: 'of the weights in the module',
        }
      : undefined,
    sparse.accuracy && {
      name: 'Top-1',
      figure: format.percent(sparse.accuracy.top1, 2),
      context: `${change(sparse, reference)} on ${format.count(sparse.accuracy.n)} samples`,
    },
    sparse.coldStart && {
      name: 'Cold start',
      figure: format.duration(sparse.coldStart.median),
      context: reference?.coldStart
        ? `to the first result; ${format.duration(reference.coldStart.median)} before`
        : 'to the first result',
    },
  ];
  return markup`<dl class="figures">
${list.map(
  (f) =>
    f &&
    markup`<div><dt>${f.name}</dt><dd class="figure${f.good && ' good'}">${f.figure}</dd><dd class="context">${f.context}</dd></div>
`,
)}</dl>
`;
}

const sparsityOf = (layers: readonly LayerFacts[]) =>
  1 - layers.reduce((sum, l) => sum + l.nnz, 0) / layers.reduce((sum, l) => sum + l.rows * l.cols, 0);

function change(variant: Variant, reference: Variant | undefined): string {
  if (!reference?.accuracy) return 'measured';
  const points = (variant.accuracy!.top1 - reference.accuracy.top1) * 100;
  const text = Math.abs(points).toFixed(2);
  return points === 0 ? 'unchanged' : `${points > 0 ? '+' : '−'}${text} points`;
}
