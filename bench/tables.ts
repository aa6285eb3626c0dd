/** Markdown of the benchmarks. */

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((r) => `| ${r.join(' | ')} |`)
    .join('\n');

/** The heading of a section that begins so, and the cells of the table under it: '' and none where it isn't there. */
export function standing(section: string, heading: string) {
  const part = section.split(/^(?=### )/m).find((p) => p.startsWith(heading)) ?? '';
  const lines = part.split('\n');
  const [, , ...rows] = lines.filter((l) => l.startsWith('|')).map(cellsOf);
  return { heading: lines[0], rows };
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

export const share = (s: number): string => `${(100 * s).toFixed(0)} %`;
