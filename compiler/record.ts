/** Options as they go into a module: plain JSON, the same for the same options. */
import { createHash } from 'node:crypto';

/** Arrays of data become their SHA-256, what is absent is left out. */
export function recordable(options: object): Readonly<Record<string, unknown>> {
  const entries = Object.entries(options).filter(([, v]) => v !== undefined && typeof v !== 'function');
  return Object.fromEntries(entries.map(([key, value]) => [key, plain(value)]));
}

function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  }
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? recordable(value) : value;
}
