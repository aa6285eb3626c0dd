/** `npm run docs`: writes docs/OPERATORS.md from the operators' own records. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Op } from '../compiler/ops/define.ts';
import { ops } from '../compiler/ops/index.ts';
import { packageRoot } from '../compiler/package-root.ts';

const sources = [
  ['layers', 'tf.layers, Keras'],
  ['activations', 'Keras activations'],
  ['graph', 'TensorFlow graphs'],
  ['onnx', 'ONNX'],
  ['tflite', 'TFLite'],
] as const;

const names = (op: Op, source: (typeof sources)[number][0]) => Object.keys(op.names?.[source] ?? {}).sort();

export function operatorsPage(): string {
  const all = [...ops.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  const spelled = sources.map(([key, title]) => {
    const list = all.flatMap((op) => names(op, key)).sort();
    return `**${title}** (${list.length}): ${list.map((n) => `\`${n}\``).join(', ')}`;
  });
  const rows = all.map((op) => {
    const known = sources.flatMap(([key, title]) => {
      const list = names(op, key);
      return list.length > 0 ? [`${title}: ${list.join(', ')}`] : [];
    });
    return `* \`${op.kind}\`: ${op.description}${known.length > 0 ? ` (${known.join('; ')})` : ''}`;
  });
  return [
    '# Operators',
    '',
    'Written by `npm run docs` from the operators themselves. What a model uses beyond this is listed whole, with the names of its nodes, before any work starts.',
    '',
    'Besides these, readers take what is about the file and not about numbers: ONNX `Constant` and `If`, TFLite `IF` and `WHILE` (conditions must come out of constants), `Const`, `PartitionedCall` and `StatefulPartitionedCall` of TensorFlow graphs.',
    '',
    ...spelled.flatMap((s) => [s, '']),
    `## The ${all.length} operators of the graph`,
    '',
    'A name in a source format may stand for several of these.',
    '',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(packageRoot(), 'docs', 'OPERATORS.md'), operatorsPage());
}
