import * as format from '../format.ts';
import type { Content } from '../markup.ts';
import { multiplesPlot } from '../plot/bars.ts';
import type { BenchReport, LayerFacts } from '../types.ts';
import { card, dataTable, section, type TableColumn } from './parts.ts';

export function layers({ layers, machine }: BenchReport): Content {
  if (layers.length === 0) return undefined;
  const timed = layers.some((l) => l.measuredNs !== undefined || l.predictedNs !== undefined);
  const columns = [
    {
      title: 'zeros',
      tone: 'dense shade1',
      limit: 1,
      cells: layers.map((l) => ({ value: l.sparsity, text: format.percent(l.sparsity) })),
    },
    {
      title: 'bytes, of dense',
      tone: 'sparse',
      cells: layers.map((l) => ({ value: l.bytes, ghost: l.denseBytes, text: format.bytes(l.bytes) })),
    },
    {
      title: 'time, and predicted',
      tone: 'sparse',
      cells: layers.map(timeCell),
    },
  ];
  const rows = layers.map((l) => ({ label: l.name, detail: `${l.op} · ${l.format}` }));
  const description = layers
    .map((l) => `${l.name}: ${format.percent(l.sparsity)} zeros, ${format.bytes(l.bytes)}`)
    .join('; ');
  return section(
    'Layers',
    'Where the zeros are and what they bring. The pale bar is the dense layer; the tick is the time that the cost model predicted.',
    [
      card(
        multiplesPlot(
          { id: 'layers', title: 'Layers', description },
          rows,
          timed ? columns : columns.slice(0, 2),
        ),
      ),
      dataTable(layerColumns(layers, machine.peak?.gmacs), layers),
    ],
  );
}

function timeCell({ measuredNs, predictedNs }: LayerFacts) {
  const ns = measuredNs ?? predictedNs;
  if (ns === undefined) return undefined;
  const tick = measuredNs === undefined ? undefined : predictedNs;
  return { value: ns, tick, text: format.duration(ns / 1e6) };
}

function layerColumns(layers: readonly LayerFacts[], peak: number | undefined): TableColumn<LayerFacts>[] {
  const rate = (l: LayerFacts) => (l.measuredNs ? l.macs / l.measuredNs : undefined);
  const write = <T>(value: T | undefined, as: (value: T) => string) =>
    value === undefined ? undefined : as(value);
  const columns: TableColumn<LayerFacts>[] = [
    { head: 'layer', cell: (l) => format.shortened(l.name, 32) },
    { head: 'operator', look: 'text', cell: (l) => l.op },
    { head: 'form', look: 'text', cell: (l) => l.form },
    { head: 'output', cell: (l) => format.shape(l.shape) },
    { head: 'weights', cell: (l) => `${l.rows}×${l.cols}` },
    { head: 'non-zero', cell: (l) => format.count(l.nnz) },
    { head: 'zeros', cell: (l) => format.percent(l.sparsity) },
    { head: 'format', look: 'text', cell: (l) => l.format },
    { head: 'kernel', look: 'text', cell: (l) => l.kernel },
    { head: 'bytes', cell: (l) => format.bytes(l.bytes) },
    { head: 'dense', cell: (l) => format.bytes(l.denseBytes) },
    { head: 'MACs', cell: (l) => format.quantity(l.macs) },
    { head: 'predicted', cell: (l) => write(l.predictedNs, (ns) => format.duration(ns / 1e6)) },
    { head: 'measured', cell: (l) => write(l.measuredNs, (ns) => format.duration(ns / 1e6)) },
    { head: 'GMAC/s', cell: (l) => write(rate(l), format.significant) },
    { head: 'of peak', cell: (l) => write(peak && rate(l), (r) => format.percent(r / peak!, 0)) },
    { head: 'why', look: 'text reason', cell: (l) => l.reason },
  ];
  return columns.filter((c) => layers.some((l) => c.cell(l) !== undefined));
}
