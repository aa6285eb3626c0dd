/** Markdown of the benchmarks. */

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((r) => `| ${r.join(' | ')} |`)
    .join('\n');

export const share = (s: number): string => `${(100 * s).toFixed(0)} %`;
