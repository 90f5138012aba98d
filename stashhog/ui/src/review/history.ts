// Decisions that can be taken back, the latest first: pure.

import type { ChangeStatus, Decision } from "../core/shapes";
import { undoTarget } from "./rules";

export interface Step {
  label: string;
  moves: readonly { id: number; from: ChangeStatus; to: Decision }[];
}

const REMEMBERED = 200;

export class History {
  #steps: Step[] = [];

  get length(): number {
    return this.#steps.length;
  }

  get last(): Step | undefined {
    return this.#steps.at(-1);
  }

  push(step: Step): void {
    if (step.moves.length) this.#steps = [...this.#steps, step].slice(-REMEMBERED);
  }

  // Takes the latest step off and says what has to move where; what has moved on meanwhile stays.
  pop(statusOf: (id: number) => ChangeStatus | undefined): { step: Step; back: Map<Decision, number[]> } | undefined {
    const step = this.#steps.pop();
    if (!step) return undefined;
    const back = new Map<Decision, number[]>();
    for (const { id, from, to } of step.moves) {
      if (statusOf(id) !== to) continue;
      const target = undoTarget(from);
      back.set(target, [...(back.get(target) ?? []), id]);
    }
    return { step, back };
  }
}
