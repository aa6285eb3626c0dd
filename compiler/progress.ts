/** How long work tells how far it is. Pure callbacks: the command line paints them, the API may hand in its own. */

export interface Progress {
  /** Opens a stage, inside the one that is open. `total` is in the unit of `update`; without it the share is unknown. */
  stage(name: string, total?: number): Stage;
}

export interface Stage {
  /** So much of `total` is done; `note` says what is at hand. */
  update(done: number, note?: string): void;
  done(): void;
}

export const noProgress: Progress = { stage: () => ({ update() {}, done() {} }) };
