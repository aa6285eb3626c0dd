import { styleText } from 'node:util';
import Table from 'cli-table3';
import { printable, shortened } from './format.ts';

const ruled = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  right: '',
  mid: '',
  'mid-mid': '',
  'left-mid': '',
  'right-mid': '',
  middle: '  ',
};

/** Plain columns: text on the left, numbers on the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[] = [0],
): string {
  const t = new Table({
    head: head.map((h) => styleText('bold', h)),
    colAligns: head.map((_, i) => (left.includes(i) ? 'left' : 'right')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: ruled,
  });
  t.push(...rows.map((row) => row.map((cell) => shortened(printable(cell), 48))));
  return t.toString();
}
