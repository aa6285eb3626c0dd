import { expect, test } from 'vitest';
import { terminalProgress } from '../../compiler/cli/ui/progress.ts';
import { noProgress } from '../../compiler/progress.ts';

function screen(isTTY = true, columns = 80) {
  let now = 0;
  const writes: string[] = [];
  return {
    writes,
    pass: (ms: number) => (now += ms),
    options: { clock: () => now, terminal: { isTTY, columns, write: (text: string) => writes.push(text) } },
  };
}

const line = (text: string) => text.replace('\r\x1b[2K', '');

test('shows the stage, the share done and the time left', () => {
  const { writes, pass, options } = screen();
  const stage = terminalProgress(options).stage('prune', 8);
  pass(3000);
  stage.update(2, 'conv1');
  expect(line(writes.at(-1)!)).toBe('prune  █████░░░░░░░░░░░░░░░  25 %  9.00 s left  conv1');
  pass(9000);
  stage.done();
  expect(line(writes.at(-1)!)).toMatch(/✓.* prune {2}12\.0 s\n$/);
});

test('repaints at most ten times a second', () => {
  const { writes, pass, options } = screen();
  const stage = terminalProgress(options).stage('tune', 1000);
  for (let i = 0; i < 1000; i++) {
    pass(1);
    stage.update(i);
  }
  expect(writes.length).toBeGreaterThan(8);
  expect(writes.length).toBeLessThanOrEqual(11);
});

test('stages nest; only the outermost leaves a line', () => {
  const { writes, pass, options } = screen();
  const progress = terminalProgress(options);
  const outer = progress.stage('sweep', 2);
  pass(200);
  const inner = progress.stage('fine-tune');
  expect(line(writes.at(-1)!)).toBe('sweep › fine-tune');
  pass(200);
  inner.done();
  outer.update(1);
  outer.done();
  expect(writes.filter((text) => text.endsWith('\n'))).toHaveLength(1);
});

test('a failed inner stage closes with the outer one', () => {
  const { writes, options } = screen();
  const progress = terminalProgress(options);
  const outer = progress.stage('outer');
  progress.stage('inner');
  outer.done();
  outer.done();
  expect(writes.filter((text) => text.endsWith('\n'))).toHaveLength(1);
});

test('never wider than the terminal, never a control character of a name', () => {
  const { writes, pass, options } = screen(true, 40);
  const stage = terminalProgress(options).stage('prune', 10);
  pass(200);
  stage.update(5, `\x1b[2J\n${'long '.repeat(40)}`);
  expect(line(writes.at(-1)!).length).toBeLessThan(40);
  expect(line(writes.at(-1)!)).not.toMatch(/\p{Cc}/u);
});

test('silent off a terminal, under --quiet and under --json', () => {
  for (const extra of [{ quiet: true }, { json: true }]) {
    expect(terminalProgress({ ...screen().options, ...extra })).toBe(noProgress);
  }
  expect(terminalProgress(screen(false).options)).toBe(noProgress);
  noProgress.stage('x', 1).update(1);
});
