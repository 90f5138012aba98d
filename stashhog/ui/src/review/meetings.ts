// What accepting would meet, in words and numbers: pure.

import { count, whole } from "../core/format";
import { FIELD_NAMES } from "../core/words";
import { subject, text, type Change } from "./index";

export const MEETINGS = ["rejected", "rejected_elsewhere", "rivals", "changed", "gone"] as const;
export type Meets = Record<(typeof MEETINGS)[number], number[]>;

const NAMED = 4;

export interface Meeting {
  text: string;
  // The names that come up most, with how often.
  names: string;
}

const WORDS: Record<(typeof MEETINGS)[number], (many: number) => string> = {
  rejected: (many) => `${count(many, "change")} you rejected before for the same scene`,
  rejected_elsewhere: (many) => `${count(many, "change")} with a name that you mostly rejected elsewhere`,
  rivals: (many) => `${count(many, "change")} of a field for which another value is accepted or written`,
  changed: (many) => `${count(many, "change")} of a value that was changed in Stash meanwhile: a conflict to come`,
  gone: (many) => `${count(many, "change")} of scenes that are gone from Stash: they would fail`,
};

export function meetingsOf(meets: Meets, changeOf: (id: number) => Change | undefined): Meeting[] {
  return MEETINGS.filter((name) => meets[name].length > 0).map((name) => ({
    text: WORDS[name](meets[name].length),
    names: name === "rejected_elsewhere" ? mostNamed(meets[name], changeOf) : "",
  }));
}

function mostNamed(ids: readonly number[], changeOf: (id: number) => Change | undefined): string {
  const many = new Map<string, number>();
  for (const id of ids) {
    const change = changeOf(id);
    if (!change) continue;
    const name = `${FIELD_NAMES[change.field].toLowerCase()} ${text(subject(change))}`;
    many.set(name, (many.get(name) ?? 0) + 1);
  }
  const most = [...many].sort((a, b) => b[1] - a[1]);
  const said = most.slice(0, NAMED).map(([name, n]) => (n === 1 ? name : `${name} (${whole(n)})`));
  return [...said, ...(most.length > NAMED ? [`${whole(most.length - NAMED)} more`] : [])].join(", ");
}

// All ids that meet something, each once.
export function met(meets: Meets): Set<number> {
  return new Set(MEETINGS.flatMap((name) => meets[name]));
}

// What two questions about different changes were answered, together.
export function together(one: Meets | null, other: Meets | null): Meets | null {
  if (!one || !other) return one ?? other;
  return Object.fromEntries(MEETINGS.map((name) => [name, [...one[name], ...other[name]]])) as Meets;
}
