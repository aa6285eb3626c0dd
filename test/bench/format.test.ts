import { expect, test } from 'vitest';
import * as format from '../../compiler/bench/format.ts';

const cases: Record<string, readonly (readonly [written: string, expected: string])[]> = {
  significant: [
    [format.significant(0), '0'],
    [format.significant(0.12345), '0.123'],
    [format.significant(1), '1.00'],
    [format.significant(9.996), '10.0'],
    [format.significant(99.96), '100'],
    [format.significant(1234.5), '1235'],
    [format.significant(-4.567), '−4.57'],
    [format.significant(Number.NaN), '–'],
    [format.significant(Number.NEGATIVE_INFINITY), '−∞'],
  ],
  bytes: [
    [format.bytes(0), '0 B'],
    [format.bytes(12), '12 B'],
    [format.bytes(999), '999 B'],
    [format.bytes(1000), '1.00 kB'],
    [format.bytes(999_499), '999 kB'],
    [format.bytes(999_600), '1.00 MB'],
    [format.bytes(2.5e9), '2.50 GB'],
    [format.bytes(Number.NaN), '–'],
  ],
  duration: [
    [format.duration(0), '0 ms'],
    [format.duration(0.00085), '850 ns'],
    [format.duration(0.0123), '12.3 µs'],
    [format.duration(0.9999), '1.00 ms'],
    [format.duration(1234), '1.23 s'],
    [format.duration(119_000), '119 s'],
    [format.duration(125_000), '2 min 05 s'],
    [format.duration(Number.NaN), '–'],
  ],
  percent: [
    [format.percent(0), '0 %'],
    [format.percent(1), '100 %'],
    [format.percent(0.9), '90.0 %'],
    [format.percent(0.9, 0), '90 %'],
    [format.percent(0.99999), '>99.9 %'],
    [format.percent(0.00001), '<0.1 %'],
    [format.percent(0.97123, 2), '97.12 %'],
    [format.percent(-0.05), '−5.0 %'],
    [format.percent(Number.NaN), '–'],
  ],
  others: [
    [format.ratio(4.711), '4.71×'],
    [format.count(1234567), '1,234,567'],
    [format.quantity(61_706), '61.7 k'],
    [format.quantity(999), '999'],
    [format.deviation(0), '0'],
    [format.deviation(1.23e-7), '1.2e-7'],
    [format.deviation(0.0131), '0.013'],
    [format.shape([1, 28, 28]), '1×28×28'],
    [format.shape([]), 'scalar'],
    [format.shortened('abcdefghij', 5), 'ab…ij'],
    [format.shortened('abcde', 5), 'abcde'],
    [format.shortened('😀😀😀😀', 3), '😀…😀'],
  ],
};

for (const [name, list] of Object.entries(cases)) {
  test(name, () => {
    expect(list.map(([written]) => written)).toEqual(list.map(([, expected]) => expected));
  });
}

test('printable replaces what could steer a terminal, a page or the reading direction', () => {
  expect(format.printable('a\x1b[31m\u009bb\r\n\u202ec\u2066\ud800d\0')).toBe('a�[31m�b���c��d�');
  expect(format.printable('Schicht_ü 層 😀')).toBe('Schicht_ü 層 😀');
});
