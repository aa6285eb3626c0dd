#!/usr/bin/env node
/** The command line. Commands load what they need when they run: `--help` must not wait for a compiler. */
import { closed, interrupt, terminate } from './interrupt.ts';
import { run } from './program.ts';

process.on('SIGINT', interrupt);
process.once('SIGTERM', terminate);
process.stdout.on('error', closed);

process.exitCode = await run(process.argv.slice(2));
