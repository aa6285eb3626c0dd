#!/usr/bin/env node
/** The command line. Commands load what they need when they run: `--help` must not wait for a compiler. */
import { run } from './program.ts';

// Temporary folders are removed by handlers of `exit`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

process.exitCode = await run(process.argv.slice(2));
