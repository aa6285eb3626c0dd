/** Runs that a recipe describes, and recipes of runs. */
import type { Followed } from '../recipe.ts';
import { type CheckpointFlags, checkpointOf } from './checkpoint.ts';
import { type Context, option } from './command.ts';
import { interruptible } from './interrupt.ts';

export interface RecipeFlags {
  readonly recipe?: string;
  readonly allowCode?: boolean;
}

export const recipeOptions = () => [
  option('--recipe <file>', 'repeat the run that this file describes, instead of a model and options'),
  option('--allow-code', 'run the ES module that a recipe takes its data from'),
];

/** What goes with a recipe: where results go and how they are told. */
const beside = [
  ...['recipe', 'allowCode', 'out', 'verify', 'checkpoint', 'resume'],
  ...['json', 'quiet', 'verbose', 'config', 'dryRun', 'printConfig'],
];

/** Follows `--recipe`; undefined where there is none. Throws `E_USAGE` where it stands beside what it decides itself. */
export async function followed(
  context: Context,
  model: string | undefined,
  flags: RecipeFlags & CheckpointFlags,
): Promise<Followed | undefined> {
  const { recipe, allowCode } = flags;
  const { usage } = await import('../errors.ts');
  if (recipe === undefined) {
    if (model === undefined) throw usage('a model is missing', 'name its file or folder, or a --recipe');
    return undefined;
  }
  const [extra] = [...context.given].filter((name) => !beside.includes(name));
  if (model !== undefined || extra !== undefined)
    throw usage(`${extra === undefined ? 'a model' : `option ${extra}`} beside --recipe, which decides it`);
  const { followRecipe } = await import('../index.ts');
  const checkpoint = await checkpointOf(flags);
  const { progress } = context;
  const done = await interruptible((signal) =>
    followRecipe(recipe, { allowCode, progress, checkpoint, signal }),
  );
  for (const note of done.notes) context.say(`note: ${note}`);
  return done;
}

/** Its name beside results of this name. */
export const recipeName = (name: string) => `${name}.recipe.yaml`;
