import { bsr1x4, bsr2x1, bsr4x1 } from './bsr.ts';
import { csr } from './csr.ts';
import { dense } from './dense.ts';
import type { Format } from './format.ts';

/** Every weight format; the first is the one that always fits. */
export const formats = { dense, csr, bsr4x1, bsr2x1, bsr1x4 } as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
