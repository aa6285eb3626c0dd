import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { htmlReport } from '../../compiler/bench/report.ts';
import { markdownTable, terminalTable } from '../../compiler/bench/tables.ts';
import type { BenchReport } from '../../compiler/bench/types.ts';
import { sampleReport } from './sample.ts';
import { parse } from './wellformed.ts';

const hostile = `</title></style><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;]]>\x1b[31m\u202e|\`*[x](y)\n`;

/** The same report with every free text made hostile. */
function poisoned<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (key === 'kind' ? value : hostile + value) as T;
  if (Array.isArray(value)) return value.map((v) => poisoned(v)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const free = key === 'versions' || key === 'options';
  const entries = Object.entries(value).map(([k, v]) => [free ? hostile + k : k, poisoned(v, k)]);
  return Object.fromEntries(entries);
}

const bare: BenchReport = {
  ...sampleReport(),
  variants: [{ id: 'a', title: 'dense only', kind: 'dense' }],
  zeroedDense: undefined,
  emptyProcess: undefined,
  layers: [],
  sweep: undefined,
  notes: [],
};

describe('htmlReport', () => {
  test('is well-formed and has every section', () => {
    const elements = parse(htmlReport(sampleReport()));
    expect(elements.filter((e) => e.name === 'h2').map((e) => e.text)).toEqual([
      'Comparison',
      'Latency',
      'Size',
      'Cold start',
      'Layers',
      'Trade-offs',
      'How it was measured',
      'Notes',
    ]);
    expect(elements.filter((e) => e.name === 'svg')).toHaveLength(7);
  });

  test('shows the numbers of the report', () => {
    const text = parse(htmlReport(sampleReport()))[0].text;
    for (const fact of [
      '6.74×',
      '6.54–7.01×',
      '131 kB',
      '187 kB',
      '96.98 %',
      '−0.14 points',
      '266,610',
      'csr',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test('every plot has a title and a description, every id is unique, every reference resolves', () => {
    const elements = parse(htmlReport(sampleReport()));
    const ids = elements.flatMap((e) => e.attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const svg of elements.filter((e) => e.name === 'svg')) {
      expect(svg.attributes.role).toBe('img');
      const parts = svg.attributes['aria-labelledby']
        .split(' ')
        .map((id) => elements.find((e) => e.attributes.id === id));
      expect(parts.map((e) => e?.name)).toEqual(['title', 'desc']);
      for (const part of parts) expect(part?.text).not.toBe('');
    }
    for (const { attributes } of elements) {
      const [, id] = /^url\(#(.+)\)$/.exec(attributes['clip-path'] ?? '') ?? [];
      if (id !== undefined) expect(ids).toContain(id);
    }
  });

  test('geometry is finite and inside the plot', () => {
    for (const report of [sampleReport(), poisoned(sampleReport())]) {
      const page = htmlReport(report);
      expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
      for (const { name, attributes } of parse(page)) {
        if (name === 'text') {
          expect(Number(attributes.x)).toBeGreaterThanOrEqual(0);
          expect(Number(attributes.x)).toBeLessThan(988);
        }
      }
    }
  });

  test('asks nothing of the network and runs no script', () => {
    const page = htmlReport(sampleReport());
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|\bsrc=|\bhref=|@import|<script/,
    );
  });

  test('hostile names stay text', () => {
    const clean = parse(htmlReport(sampleReport()));
    const elements = parse(htmlReport(poisoned(sampleReport())));
    expect(elements[0].text).toContain('<script>alert(1)</script>');
    // Shortened labels gain a <title>; nothing else may differ.
    const names = (list: typeof elements) => list.map((e) => e.name).filter((name) => name !== 'title');
    expect(names(elements)).toEqual(names(clean));
    for (const { attributes } of elements) {
      for (const name of Object.keys(attributes)) expect(name).not.toMatch(/^on|^src$|^href$|^style$/);
    }
    expect(htmlReport(poisoned(sampleReport()))).not.toMatch(/\u202e|(?!\n)\p{Cc}/u);
  });

  test('a report with hardly anything in it leaves the empty sections out', () => {
    const headings = parse(htmlReport(bare)).filter((e) => e.name === 'h2');
    expect(headings.map((e) => e.text)).toEqual(['Comparison', 'How it was measured']);
  });
});

describe('terminalTable', () => {
  const plain = (width: number, report = sampleReport()) =>
    stripVTControlCharacters(terminalTable(report, { width }));

  afterEach(() => vi.unstubAllEnvs());

  test('colours follow FORCE_COLOR and NO_COLOR', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    expect(terminalTable(sampleReport())).toContain('\x1b[32mespalier, 90 % pruned');
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('NO_COLOR', '1');
    expect(terminalTable(sampleReport())).not.toContain('\x1b');
  });

  test('fits its width by leaving out what matters least', () => {
    for (const width of [60, 80, 120, 200]) {
      const lines = plain(width).split('\n');
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width, 66));
    }
    expect(plain(80)).not.toContain('gzip');
    expect(plain(200)).toContain('gzip');
    for (const width of [80, 200]) expect(plain(width)).toMatch(/espalier, 90 % pruned .*6\.74×.*131 kB/);
  });

  test('numbers are aligned at the right', () => {
    const ends = plain(200)
      .split('\n')
      .flatMap((line) => /\d µs/.exec(line)?.index ?? []);
    expect(new Set(ends).size).toBe(1);
  });

  test('shows no column without content, and no terminal escape of a name', () => {
    expect(plain(200, bare).trimEnd().split('\n').at(-1)).toMatch(/^dense only/);
    expect(plain(200, bare)).not.toContain('median');
    expect(terminalTable(poisoned(sampleReport()), { width: 200 })).not.toContain('\x1b[31m');
  });
});

describe('markdownTable', () => {
  test('has one line a row and as many cells in each', () => {
    for (const report of [sampleReport(), poisoned(sampleReport())]) {
      const lines = markdownTable(report).trimEnd().split('\n');
      expect(lines).toHaveLength(2 + 5);
      const cells = lines.map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(cells).size).toBe(1);
    }
    expect(markdownTable(sampleReport())).toContain('| espalier, 90 % pruned | 12.3 µs |');
    expect(markdownTable(poisoned(sampleReport()))).not.toMatch(/(?<!\\)(<script|\[x)/);
  });
});
