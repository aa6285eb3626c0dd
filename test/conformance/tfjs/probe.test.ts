import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { files } from './files.ts';
import { createSuite } from './suite.ts';

test('probe', async () => {
  const wanted = process.env.FILES?.split(',') ?? files;
  const suite = await createSuite(wanted);
  const t = Date.now();
  const outcomes = await suite.run({ build: 'simd', format: process.env.FORMAT as never });
  const failed = [...outcomes].filter(([, o]) => o.failure);
  console.log(outcomes.size, 'specs', failed.length, 'fail', (Date.now() - t) / 1000, 's');
  const { worst } = await import('./compare.ts');
  writeFileSync(
    '/tmp/worst.txt',
    [...worst]
      .sort((a, b) => b[1][0] - a[1][0])
      .map(([k, [u, m]]) => k + ' ' + u.toFixed(1) + ' ulp ' + m.toExponential(1))
      .join('\n'),
  );
  writeFileSync(
    '/tmp/kernels.json',
    JSON.stringify([...outcomes].map(([n, o]) => [n, o.kernels, [...o.formats], o.failure])),
  );
  writeFileSync('/tmp/specs-failed.txt', failed.map(([n, o]) => `${n} ==> ${o.failure}`).join('\n'));
}, 1200000);
