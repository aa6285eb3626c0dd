import type { CommandSpec } from './command.ts';
export const demo: CommandSpec = { name: 'demo', summary: 'x', examples: [], action: async () => 0 };
