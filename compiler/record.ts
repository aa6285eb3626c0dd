/** Options as they go into a module: plain JSON, the same for the same options. */
import { createHash, type Hash } from 'node:crypto';

/**
 * In the order of the names, whatever order the options came in. What holds arrays of data becomes its SHA-256, a function
 * `function`; what is absent is left out.
 */
export function recordable(options: object): Readonly<Record<string, unknown>> {
  const entries = Object.entries(options)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, holdsData(value) ? digest(value) : plain(value)]),
  );
}

/** How data that went into a run are known again: `sha256:…`. */
export const fingerprint = (data: object): string => digest(data);

function plain(value: unknown): unknown {
  if (typeof value === 'function') return 'function';
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? recordable(value) : value;
}

function holdsData(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsData);
}

function digest(value: unknown): string {
  const hash = createHash('sha256');
  feed(hash, value);
  return `sha256:${hash.digest('hex')}`;
}

function feed(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      hash.update(`${key}\0`);
      feed(hash, item);
    }
  } else hash.update(`${value}\0`);
}
