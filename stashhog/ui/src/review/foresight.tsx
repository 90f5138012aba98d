// What the service says beforehand of a decision about many changes: how many it moves, and what
// accepting them would meet, which may be left out.

import { useEffect, useMemo, useState } from "preact/hooks";
import { ErrorBox } from "../components/parts";
import { api } from "../core/api";
import { whole } from "../core/format";
import type { Decision } from "../core/shapes";
import { FIELD_NAMES, SOURCE_NAMES } from "../core/words";
import type { Change } from "./index";
import { meetingsOf, met, together, type Meeting, type Meets } from "./meetings";
import type { Review } from "./review";

interface DryRun {
  updated: number;
  by_field: Record<string, number>;
  by_source: Record<string, number>;
  meets: Meets | null;
}

const AT_ONCE = 10_000;
const REST_MS = 150;

// What the service says that a decision would move, without moving it.
async function dryRun(review: Review, changes: readonly Change[], status: Decision, signal: AbortSignal): Promise<DryRun> {
  await review.outbox.settled();
  const sum: DryRun = { updated: 0, by_field: {}, by_source: {}, meets: null };
  for (let at = 0; at < changes.length; at += AT_ONCE) {
    const ids = changes.slice(at, at + AT_ONCE).map(({ id }) => id);
    const part = await api.patch<DryRun>(`analysis/plans/${review.id}/changes`, { status, ids, dry_run: true, foresee: true }, { signal });
    sum.updated += part.updated;
    sum.meets = together(sum.meets, part.meets);
    for (const name of ["by_field", "by_source"] as const) {
      for (const [key, n] of Object.entries(part[name])) sum[name][key] = (sum[name][key] ?? 0) + n;
    }
  }
  return sum;
}

export interface Foresight {
  // What is to be decided: all that was chosen, without what was left out.
  changes: readonly Change[];
  run: DryRun | null;
  error: Error | null;
  // Whether the service has answered, and anything would move.
  ready: boolean;
  meetings: Meeting[];
  many: number;
  without: boolean;
  leaveOut: (yes: boolean) => void;
  status: Decision;
}

// The service is asked a moment after the choice came to rest.
export function useForesight(review: Review, chosen: readonly Change[], status: Decision): Foresight {
  const [{ run, error }, setState] = useState<{ run: DryRun | null; error: Error | null }>({ run: null, error: null });
  const [without, leaveOut] = useState(false);
  useEffect(() => {
    setState({ run: null, error: null });
    if (chosen.length === 0) return;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      dryRun(review, chosen, status, gone.signal).then(
        (found) => setState({ run: found, error: null }),
        (caught: Error) => caught.name === "AbortError" || setState({ run: null, error: caught }),
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [chosen, status]);
  const ids = useMemo(() => (run?.meets ? met(run.meets) : new Set<number>()), [run]);
  const changes = useMemo(() => (without && ids.size ? chosen.filter(({ id }) => !ids.has(id)) : chosen), [chosen, ids, without]);
  const meetings = useMemo(() => (run?.meets ? meetingsOf(run.meets, (id) => review.index.changes.get(id)) : []), [run]);
  const ready = Boolean(run?.updated) && changes.length > 0;
  return { changes, run, error, ready, meetings, many: ids.size, without, leaveOut, status };
}

export function Preview({ of: { run, error, status, meetings, many, without, leaveOut } }: { of: Foresight }) {
  if (error) return <ErrorBox error={error} />;
  if (!run) return <p class="soft" role="status">Asking the service what this would {status === "accepted" ? "accept" : "reject"}…</p>;
  const parts = (counts: Record<string, number>, names: Record<string, string>) =>
    Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([key, n]) => `${whole(n)} ${(names[key] ?? key).toLowerCase()}`).join(" · ");
  return (
    <div class="preview" role="status">
      <p>{parts(run.by_field, FIELD_NAMES)}</p>
      <p class="soft">{parts(run.by_source, { ...SOURCE_NAMES, rule: "by rule", learned: "learned", llm: "by the model" })}</p>
      {meetings.length > 0 && (
        <div class="meetings">
          <ul>{meetings.map(({ text, names }) => <li key={text}>{text}{names && <span class="soft">: {names}</span>}</li>)}</ul>
          <label class="check"><input type="checkbox" checked={without} onChange={(event) => leaveOut(event.currentTarget.checked)} /> Leave {many === 1 ? "this one" : `these ${whole(many)}`} to be looked at one by one</label>
        </div>
      )}
      {status === "accepted" && run.meets && meetings.length === 0 && <p class="soft">Nothing of it contradicts what you decided before.</p>}
    </div>
  );
}
