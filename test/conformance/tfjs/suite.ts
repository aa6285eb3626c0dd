/** Runs specs of tfjs-core twice: to see which kernels they call, then with those kernels compiled. */
import type { Answer, Call } from './backend.ts';
import { backendName, registerBackend } from './backend.ts';
import { loadBundle } from './bundle.ts';
import { disagreement } from './compare.ts';
import { createJasmine, type Jasmine } from './jasmine.ts';
import { helpers, translations } from './kernels/index.ts';
import { type Compiled, compileCalls, keyOf, type Options } from './modules.ts';

export interface Outcome {
  /** Absent: every kernel that counts ran compiled, agreed with the cpu backend and the spec held. */
  readonly failure?: string;
  /** Kernels that ran compiled, with repetition. */
  readonly kernels: readonly string[];
  /** Weight formats that ran. */
  readonly formats: ReadonlySet<string>;
}

export interface Suite {
  /** Outcomes by `file: description`, of specs that call any kernel that counts. */
  run(options: Options, accept?: (name: string) => boolean): Promise<Map<string, Outcome>>;
}

/** Gradients, errors, strings and complex numbers are no inference. */
const foreign = /grad|throw|string|complex/i;

export async function createSuite(files: readonly string[]): Promise<Suite> {
  const jasmine = createJasmine();
  const bundle = await loadBundle(files, jasmine);
  let answer: Answer = () => undefined;
  registerBackend(bundle.tf, (call, reference) => answer(call, reference));
  bundle.setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
  const describe = jasmine.globals.describe as (name: string, body: () => void) => void;
  for (const file of files) describe(`${file}:`, bundle.declare[file]);
  return {
    async run(options, accept = () => true) {
      const wanted = (full: string) => !foreign.test(full) && accept(nameOf(full));
      const calls = new Map<string, Call>();
      const of = (next: Answer) => {
        answer = next;
      };
      await collect(jasmine, wanted, of, calls);
      const compiled = await compileCalls(bundle.tf, calls, options);
      return execute(jasmine, wanted, of, compiled);
    },
  };
}

/** Without the words of the test environment. */
const nameOf = (full: string) => full.replace(` ${backendName} {}`, '');

type Use = (answer: Answer) => void;

async function collect(
  jasmine: Jasmine,
  wanted: (name: string) => boolean,
  use: Use,
  calls: Map<string, Call>,
): Promise<void> {
  use((call, reference) => {
    // Throws where the spec wants an error.
    reference();
    if (translations.has(call.kernel)) calls.set(keyOf(call), call);
    return undefined;
  });
  await seeded(jasmine, wanted, { started() {}, done() {} });
}

async function execute(
  jasmine: Jasmine,
  wanted: (name: string) => boolean,
  use: Use,
  compiled: ReadonlyMap<string, Compiled | string>,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  let kernels: string[] = [];
  let formats = new Set<string>();
  let trouble: string | undefined;
  use((call, reference) => {
    if (helpers.has(call.kernel)) return undefined;
    // Throws where the spec wants an error: then there is nothing to compute.
    const want = reference();
    const entry = translations.has(call.kernel) ? compiled.get(keyOf(call)) : 'is not translated';
    if (entry === undefined || typeof entry === 'string') {
      trouble ??= `${call.kernel}: ${entry ?? 'is called with other weights each time'}`;
      return undefined;
    }
    kernels.push(call.kernel);
    for (const f of entry.formats) formats.add(f);
    const got = entry.run(call);
    const reason = disagreement(got, want);
    if (reason) trouble ??= `${call.kernel}: ${reason}`;
    return got;
  });
  await seeded(jasmine, wanted, {
    started() {
      kernels = [];
      formats = new Set();
      trouble = undefined;
    },
    done(full, failure) {
      if (kernels.length === 0 && trouble === undefined) return;
      outcomes.set(nameOf(full), { failure: trouble ?? failure, kernels, formats });
    },
  });
  return outcomes;
}

/** The same random numbers in every spec of every run. */
async function seeded(
  jasmine: Jasmine,
  wanted: (name: string) => boolean,
  hooks: Parameters<Jasmine['run']>[1],
): Promise<void> {
  const { random } = Math;
  let state = 1;
  Math.random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  try {
    await jasmine.run(wanted, {
      started(name) {
        state = 1;
        hooks.started(name);
      },
      done: hooks.done,
    });
  } finally {
    Math.random = random;
  }
}
