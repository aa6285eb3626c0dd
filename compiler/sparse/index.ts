import { bsr2x1, bsr4x1 } from './bsr.ts';
import { bsr1x4 } from './bsr1x4.ts';
import { columns } from './columns.ts';
import { csr } from './csr.ts';
import { csr16 } from './csr16.ts';
import { dense } from './dense.ts';
import type { Format } from './format.ts';
import { sell4 } from './sell.ts';

const all = { dense, columns, csr, csr16, sell4, bsr4x1, bsr2x1, bsr1x4 };

export type FormatName = keyof typeof all;

/** Every weight format; the first always fits. */
export const formats: Readonly<Record<FormatName, Format>> = all;
