/** `npm run docs`: writes docs/config.schema.json, the JSON Schema of `espalier.config.json`, from the commands' own options. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Option } from 'commander';
import { allOptions } from '../compiler/cli/program.ts';
import { packageRoot } from '../compiler/package-root.ts';

const scalar = { type: ['string', 'number'] };

function schemaOf(o: Option): object {
  if (o.isBoolean() || o.negate) return { type: 'boolean' };
  if (o.argChoices) return { enum: o.argChoices };
  return o.parseArg ? { anyOf: [scalar, { type: 'array', items: scalar }] } : scalar;
}

export function configSchema(): string {
  const properties = new Map<string, object>();
  for (const o of allOptions()) {
    const name = o.attributeName();
    // Options of one name differ between commands in their words alone.
    if (!properties.has(name)) properties.set(name, { description: o.description, ...schemaOf(o) });
  }
  const sorted = [...properties].sort(([a], [b]) => (a < b ? -1 : 1));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'espalier.config.json',
    description: 'Options of the espalier commands, by their long names in camel case. Flags go before it.',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(sorted) },
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(packageRoot(), 'docs/config.schema.json'), configSchema());
}
