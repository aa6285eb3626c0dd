import type { FinetuneSettings } from '../prune/options.ts';
import { option } from './command.ts';
import { notNegative, positive, whole } from './parse.ts';

/** How to train what is left. */
export interface FinetuneFlags {
  readonly finetune?: boolean;
  readonly epochs?: number;
  readonly schedule?: FinetuneSettings['schedule'];
  readonly optimizer?: FinetuneSettings['optimizer'];
  readonly lr?: number;
  readonly batch?: number;
  readonly patience?: number;
  readonly features?: number;
  readonly weightDecay?: number;
  readonly l1?: number;
  readonly l2?: number;
}

export const finetuneOptions = () => [
  option('--finetune', 'train what is left (default: with labels)'),
  option('--no-finetune', 'leave it at the best that goes without training'),
  option('--epochs <n>', 'over the data (default: 8, more of few samples)').argParser(whole),
  option(
    '--schedule <name>',
    'fixed trains what one-shot pruning left; gradual prunes while it trains (default: fixed)',
  ).choices(['fixed', 'gradual']),
  option('--optimizer <name>', 'default: adam').choices(['adam', 'momentum', 'sgd']),
  option('--lr <rate>', 'at the start, falling to 0 (default: 1e-3, gradual 2e-3)').argParser(positive),
  option('--batch <n>', 'samples a step (default: 64)').argParser(whole),
  option('--patience <n>', 'end after so many epochs without a better one').argParser(whole),
  option('--features <x>', 'weight of what inner layers give, beside the answers (default: 0)').argParser(
    notNegative,
  ),
  option('--weight-decay <x>', 'decoupled, a step').argParser(notNegative),
  option('--l1 <x>', 'strength of L1 regularization').argParser(notNegative),
  option('--l2 <x>', 'strength of L2 regularization').argParser(notNegative),
];

/** Settings where one was given, else whether to train at all. */
export function finetuneOf(flags: FinetuneFlags): FinetuneSettings | boolean | undefined {
  const { finetune, epochs, schedule, optimizer, lr, batch, patience, features, weightDecay, l1, l2 } = flags;
  const settings = { epochs, schedule, optimizer, lr, batch, patience, features, weightDecay, l1, l2 };
  const given = Object.entries(settings).filter(([, v]) => v !== undefined);
  return finetune === false || given.length === 0 ? finetune : Object.fromEntries(given);
}
