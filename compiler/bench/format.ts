/** How the project writes quantities for people: three significant digits, a thin set of units, honest roundings. */

const minus = '−';

/** Three significant digits, never in exponent notation: `0.123`, `1.23`, `12.3`, `123`, `1234`. */
export function significant(x: number, digits = 3): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? '–' : x > 0 ? '∞' : `${minus}∞`;
  const size = Math.abs(x);
  const decimals = size === 0 ? 0 : digits - 1 - Math.floor(Math.log10(Number(size.toPrecision(digits))));
  const text = size.toFixed(Math.min(Math.max(decimals, 0), 12));
  return x < 0 ? minus + text : text;
}

function scaled(x: number, units: readonly (readonly [size: number, unit: string])[]): string {
  if (!Number.isFinite(x)) return significant(x);
  // The largest unit in which it rounds to at least one.
  const size = Number(Math.abs(x).toPrecision(3));
  const [factor, unit] = units.find(([factor]) => size >= factor) ?? units[units.length - 1];
  return `${significant(x / factor)} ${unit}`;
}

/** `999 B`, `1.23 kB`, `45.6 MB`: decimal units. */
export function bytes(n: number): string {
  if (Math.abs(n) < 1000) return `${Math.round(n)} B`;
  return scaled(n, [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ]);
}

/** From milliseconds: `850 ns`, `12.3 µs`, `1.23 ms`, `12.3 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  if (ms === 0) return '0 ms';
  const seconds = Math.round(ms / 1e3);
  if (seconds >= 120) {
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  }
  return scaled(ms, [
    [1e3, 's'],
    [1, 'ms'],
    [1e-3, 'µs'],
    [1e-6, 'ns'],
  ]);
}

/** `4.71×`. */
export const ratio = (x: number): string => (Number.isFinite(x) ? `${significant(x)}×` : significant(x));

/** `92.0 %` of a fraction. Only exact ones and zeros read as `100 %` and `0 %`. */
export function percent(fraction: number, decimals = 1): string {
  if (!Number.isFinite(fraction)) return significant(fraction);
  if (fraction === 0 || fraction === 1) return `${fraction * 100} %`;
  const step = 10 ** -decimals;
  const value = fraction * 100;
  if (fraction > 0 && value < step / 2) return `<${step.toFixed(decimals)} %`;
  if (fraction < 1 && value > 100 - step / 2) return `>${(100 - step).toFixed(decimals)} %`;
  const text = Math.abs(value).toFixed(decimals);
  return `${value < 0 ? minus : ''}${text} %`;
}

/** `1,234,567`. */
export const count = (n: number): string => Math.round(n).toLocaleString('en-US');

/** `61.7 k`, `4.23 M`, `1.10 G`. */
export function quantity(n: number): string {
  if (Math.abs(n) < 1000) return count(n);
  return scaled(n, [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ]);
}

/** A numeric error: `0`, `1.2e-7`, `0.013`. */
export function deviation(x: number): string {
  if (x === 0) return '0';
  return Math.abs(x) < 1e-3 || Math.abs(x) >= 1e4 ? x.toExponential(1).replace('e+', 'e') : significant(x, 2);
}

/** `1×28×28`. */
export const shape = (dims: readonly number[]): string => (dims.length === 0 ? 'scalar' : dims.join('×'));

/**
 * Text from a model or the system, safe to print: control characters, terminal escapes, line breaks, direction overrides and
 * broken surrogates become `�`.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu,
    '\uFFFD',
  );
}

/** At most `length` characters, the middle left out. */
export function shortened(text: string, length: number): string {
  const letters = [...text];
  if (letters.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${letters.slice(0, length - 1 - tail).join('')}…${letters.slice(letters.length - tail).join('')}`;
}
