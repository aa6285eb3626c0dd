/** Reads every model of a corpus and says how each ends: the process that `corpus.ts` limits and watches. */
import { readFileSync } from 'node:fs';
import { CompileError } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import type { Outcome, StoredCase } from './corpus.ts';

const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);

const cases: readonly StoredCase[] = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const { name, files } of cases) {
  const given = Object.fromEntries(files.map(([path, blob]) => [path, new Uint8Array(readFileSync(blob))]));
  say({ begin: name });
  const start = performance.now();
  const [code, message] = await readModel(given).then(
    () => ['none', ''],
    (e) => (e instanceof CompileError ? [e.code, e.message] : ['crash', String((e as Error)?.stack ?? e)]),
  );
  const ms = performance.now() - start;
  say({ name, code, message: message.slice(0, 500), length: message.length, ms } satisfies Outcome);
}
say({ peak: process.resourceUsage().maxRSS * 1024 });
