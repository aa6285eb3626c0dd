import { styleText } from 'node:util';
import { noProgress, type Progress, type Stage } from '../../progress.ts';
import { duration, percent, printable, shortened } from './format.ts';

/** What the painter needs of `process.stderr`. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly terminal?: Terminal;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
}

const repaintMs = 100;
const barWidth = 20;
const clearLine = '\r\x1b[2K';

interface OpenStage {
  readonly name: string;
  readonly total: number | undefined;
  readonly start: number;
  at: number;
  note: string;
}

/** A line on stderr that shows the open stage; silent under --quiet, under --json and off a terminal. */
export function terminalProgress(options: ProgressOptions = {}): Progress {
  const terminal = options.terminal ?? process.stderr;
  if (options.quiet || options.json || !terminal.isTTY) return noProgress;
  const clock = options.clock ?? (() => performance.now());
  const open: OpenStage[] = [];
  let painted = Number.NEGATIVE_INFINITY;

  function paint(): void {
    const now = clock();
    if (now - painted < repaintMs) return;
    painted = now;
    terminal.write(clearLine + stageLine(open, now, terminal.columns ?? 80));
  }

  return {
    stage(name, total): Stage {
      const stage: OpenStage = { name: printable(name), total, start: clock(), at: 0, note: '' };
      open.push(stage);
      paint();
      return {
        update(done, note = '') {
          stage.at = done;
          stage.note = printable(note);
          paint();
        },
        done() {
          const depth = open.indexOf(stage);
          if (depth < 0) return;
          open.length = depth;
          if (depth > 0) return paint();
          terminal.write(`${clearLine}${finishedLine(stage, clock())}\n`);
          painted = Number.NEGATIVE_INFINITY;
        },
      };
    },
  };
}

function finishedLine({ name, start }: OpenStage, now: number): string {
  return `${styleText('green', '✓', { stream: process.stderr })} ${name}  ${duration(now - start)}`;
}

/** `prune › fine-tune  ███████░░░░░  42.0 %  12.3 s left  epoch 3`, cut to the width of the terminal. */
function stageLine(open: readonly OpenStage[], now: number, columns: number): string {
  const inner = open[open.length - 1];
  const path = open.map((s) => s.name).join(' › ');
  const parts = [path, ...share(inner, now), inner.note].filter((part) => part !== '');
  return shortened(parts.join('  '), columns - 1);
}

function share({ at, total, start }: OpenStage, now: number): string[] {
  if (total === undefined || total <= 0) return [];
  const done = Math.min(Math.max(at / total, 0), 1);
  const filled = Math.round(done * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const left = done > 0 && done < 1 ? `${duration(((now - start) * (1 - done)) / done)} left` : '';
  return [bar, percent(done, 0), left];
}
