/** jasmine without its boot files: declare once, execute as often as wanted. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface SpecResult {
  readonly fullName: string;
  readonly status: 'passed' | 'failed' | 'excluded' | 'pending';
  readonly failedExpectations: readonly { readonly message: string }[];
}

interface Env {
  configure(options: Record<string, unknown>): void;
  addReporter(reporter: Record<string, (result: SpecResult) => void>): void;
  clearReporters(): void;
  execute(): Promise<unknown>;
}

export interface Jasmine {
  /** `describe`, `it`, `expect`, … */
  readonly globals: Record<string, unknown>;
  run(accept: (fullName: string) => boolean, hooks: Hooks): Promise<void>;
}

export interface Hooks {
  started(fullName: string): void;
  /** `failure` is the first one's message. */
  done(fullName: string, failure: string | undefined): void;
}

export function createJasmine(): Jasmine {
  const core = require('jasmine-core/lib/jasmine-core/jasmine.js');
  const jasmine = core.core(core);
  const env: Env = jasmine.getEnv({ suppressLoadErrors: true });
  // Read when specs are declared: without it they run once.
  env.configure({ autoCleanClosures: false, random: false, failSpecWithNoExpectations: false });
  return {
    globals: { ...core.interface(jasmine, env), jasmine },
    async run(accept, hooks) {
      env.configure({ specFilter: (spec: { getFullName(): string }) => accept(spec.getFullName()) });
      env.clearReporters();
      env.addReporter({
        specStarted: (r) => hooks.started(r.fullName),
        specDone: (r) => {
          if (r.status === 'passed') hooks.done(r.fullName, undefined);
          if (r.status === 'failed') hooks.done(r.fullName, r.failedExpectations[0]?.message ?? 'failed');
        },
      });
      await env.execute();
    },
  };
}
