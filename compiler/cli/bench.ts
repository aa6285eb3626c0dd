import type { CommandSpec } from './command.ts';
export const bench: CommandSpec = { name: 'bench', summary: 'x', examples: [], action: async () => 0 };
