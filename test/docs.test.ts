/** Documents that are made from the code say what the code says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operatorsPage } from '../scripts/operators.ts';

test('docs/OPERATORS.md is what `npm run docs` writes', () => {
  expect(readFileSync(new URL('../docs/OPERATORS.md', import.meta.url), 'utf8')).toBe(operatorsPage());
});
