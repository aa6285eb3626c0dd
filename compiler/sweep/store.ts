/** The folder of a sweep: its plan, and a file for everything that is done, written when it is done. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { badData, ioFailed, usage } from '../errors.ts';
import { writeFiles } from '../import/write-files.ts';
import { allocations, methods } from '../prune/index.ts';
import type { Done } from './job.ts';
import type { Plan } from './types.ts';

const planSchema = z.strictObject({
  sweep: z.literal(1),
  identity: z.strictObject({
    espalier: z.string(),
    model: z.string(),
    data: z.string(),
    evaluation: z.string(),
    options: z.string(),
  }),
  grid: z.strictObject({
    sparsities: z.array(z.number()),
    methods: z.array(z.enum(['auto', ...methods])),
    granularities: z.array(z.string()),
    allocations: z.array(z.enum(allocations)),
  }),
  shard: z.strictObject({ index: z.int().positive(), count: z.int().positive() }),
});

const planName = 'plan.json';
const doneFolder = 'done';

export class Store {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined where the folder holds no sweep. Throws `E_DATA`, `E_IO`. */
  plan(): Plan | undefined {
    const path = join(this.folder, planName);
    if (!existsSync(path)) return undefined;
    const found = planSchema.safeParse(parsed(path));
    if (found.success) return found.data;
    const [{ path: where, message }] = found.error.issues;
    throw badData(`${where.join('.')}: ${message}`, { file: path });
  }

  /**
   * Makes the folder one of this plan, or goes on with what is done of it.
   *
   * @throws {CompileError} E_USAGE where it holds another sweep.
   */
  open(plan: Plan): void {
    const before = this.plan();
    if (!before && existsSync(this.folder) && readdirSync(this.folder).length > 0)
      throw usage(`${this.folder} holds other files than a sweep`, 'give an empty or a new folder');
    if (before) refuseOther(this.folder, before, plan);
    mkdirSync(join(this.folder, doneFolder), { recursive: true });
    writeFiles(this.folder, new Map([[planName, `${JSON.stringify(plan, null, 2)}\n`]]));
  }

  /** What was kept of a piece of work. Throws `E_DATA`. */
  result<T>(id: string): T | undefined {
    const path = this.#path(`${id}.json`);
    return existsSync(path) ? (parsed(path) as T) : undefined;
  }

  wasm(id: string): Uint8Array<ArrayBuffer> | undefined {
    const path = this.#path(`${id}.wasm`);
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  }

  keep(id: string, { result, wasm }: Done): void {
    writeFiles(
      join(this.folder, doneFolder),
      // What says that the work is done comes last.
      new Map<string, Uint8Array | string>([
        ...(wasm ? [[`${id}.wasm`, wasm] as const] : []),
        [`${id}.json`, JSON.stringify(result)],
      ]),
    );
  }

  #path(name: string): string {
    return join(this.folder, doneFolder, name);
  }
}

const parts = {
  espalier: 'another version of espalier',
  model: 'another model',
  data: 'other data',
  evaluation: 'other data for the evaluation',
  options: 'other options',
} as const;

/** Throws `E_USAGE` unless both are of one sweep; its grid may have grown where it is whole. */
export function refuseOther(name: string, a: Plan, b: Plan): void {
  for (const [part, text] of Object.entries(parts)) {
    const of = part as keyof typeof parts;
    if (a.identity[of] !== b.identity[of])
      throw usage(`the sweep in ${name} was made with ${text}`, 'start a new one in another folder');
  }
  if (a.shard.count !== b.shard.count || a.shard.index !== b.shard.index)
    throw usage(`${name} holds shard ${a.shard.index}/${a.shard.count} of a sweep`);
  if (a.shard.count > 1 && JSON.stringify(a.grid) !== JSON.stringify(b.grid))
    throw usage(`${name} holds a shard of another grid`, 'all shards must be given the same');
}

function parsed(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw ioFailed((error as Error).message, { file: path });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badData(`is no JSON: ${(error as Error).message}`, { file: path });
  }
}
