/**
 * `npm run bench [-- what…] [--quick]`: kernels, models, coldstart by default; accuracy, budgets, compile. `--assert` of kernels
 * times every candidate and of budgets holds results against goals: it fails where they fall short.
 * Raw numbers go to `.espalier/bench`, tables to `docs/BENCHMARKS.md`. Accuracy takes hours: it goes on where it was
 * interrupted, `--only TEXT` measures the rows with that in their name, as `resnet-8` or `one-shot`, and `--cifar` those of a
 * ResNet-8 on CIFAR-10. Rows that were never measured here stay in the document.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineFacts } from '../compiler/bench/machine.ts';
import { usage } from '../compiler/errors.ts';
import { packageRoot } from '../compiler/package-root.ts';
import { type Section, sections } from './sections.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    assert: { type: 'boolean', default: false },
    cifar: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

const known = new Map(sections.map((s) => [s.name, s]));
const asked = positionals.map((name) => (name === 'accuracy' && flags.cifar ? 'accuracy-cifar' : name));
const chosen = asked.length > 0 ? asked : sections.filter((s) => s.byDefault).map((s) => s.name);
for (const name of chosen) {
  if (!known.has(name))
    throw usage(`no benchmark ${JSON.stringify(name)}`, `one of ${[...known.keys()].join(', ')}`);
}

const folder = join(packageRoot(), '.espalier', 'bench');
mkdirSync(folder, { recursive: true });
const document = join(packageRoot(), 'docs', 'BENCHMARKS.md');
const marked = (name: string) => new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`);
for (const name of chosen) {
  const section = known.get(name)!;
  console.error(`${name}: ${section.title}`);
  const body = await section.run({
    ...flags,
    folder,
    before: () => readFileSync(document, 'utf8').match(marked(name))?.[0] ?? '',
  });
  if (body !== undefined && !flags.quick) await writeSection(section, body);
}

/** Replaces the part of docs/BENCHMARKS.md between the marks of the section. */
async function writeSection(section: Section, body: string): Promise<void> {
  const command = `npm run bench -- ${section.name}`;
  const machine = await machineFacts(section.packages);
  const versions = Object.entries(machine.versions).map(([k, v]) => `${k} ${v}`);
  const text = [
    `<!-- ${section.name} -->`,
    `## ${section.title}`,
    '',
    `\`${command}\` on ${machine.cpu}, ${machine.cores} cores, ${machine.os}, ${machine.engine}; ${versions.join(', ')}; ${machine.date.slice(0, 10)}.`,
    '',
    body.trim(),
    '',
    `<!-- /${section.name} -->`,
  ].join('\n');
  const before = readFileSync(document, 'utf8');
  const old = marked(section.name);
  writeFileSync(
    document,
    old.test(before) ? before.replace(old, () => text) : `${before.trimEnd()}\n\n${text}\n`,
  );
}
