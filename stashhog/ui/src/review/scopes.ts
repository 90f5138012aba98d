// Which part of a plan is written or put back: pure.

import type { ChangeStatus } from "../core/shapes";
import type { Change } from "./index";

export type Write = "apply" | "undo";
export type ScopeName = "all" | "shown" | "selected" | "scene" | "one";

export interface Scope {
  name: ScopeName;
  changes: readonly Change[];
  // What the service is told; nothing stands for the whole plan.
  body: { change_ids?: number[]; scene_ids?: string[] };
}

// What a write takes up.
export const WRITES: Record<Write, readonly ChangeStatus[]> = { apply: ["accepted"], undo: ["applied", "undo_conflict"] };
export const WRITE_WORDS: readonly (readonly [Write, string])[] = [["apply", "Apply"], ["undo", "Undo"]];
// The service takes no more ids than that at once.
export const MOST_NAMED = 10_000;

export function mayWrite(write: Write, { status }: Pick<Change, "status">): boolean {
  return WRITES[write].includes(status);
}

export interface Look {
  changes: Iterable<Change>;
  // Those that fit the filters; null where none are set.
  matching: ReadonlySet<number> | null;
  selected: ReadonlySet<number>;
  current: Change | undefined;
}

// The parts that may be chosen, the whole plan first. What is empty is left out, and so is what is
// the whole plan again, but for the part that was asked for.
export function scopesOf(write: Write, asked: ScopeName, { changes, matching, selected, current }: Look): Scope[] {
  const all = [...changes].filter((change) => mayWrite(write, change));
  const some = (name: ScopeName, within: (change: Change) => boolean): Scope => {
    const found = all.filter(within);
    return { name, changes: found, body: { change_ids: found.map(({ id }) => id) } };
  };
  const parts = [
    some("shown", ({ id }) => matching?.has(id) ?? false),
    some("selected", ({ id }) => selected.has(id)),
    { ...some("scene", ({ scene }) => scene === current?.scene), body: { scene_ids: current ? [current.scene.id] : [] } },
    some("one", (change) => change === current),
  ];
  const whole: Scope = { name: "all", changes: all, body: {} };
  return [whole, ...parts.filter(({ name, changes: part }) => part.length > 0 && (part.length < all.length || name === asked))];
}
