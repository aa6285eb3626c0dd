import type { Format } from './format.ts';

export const formats = {} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
