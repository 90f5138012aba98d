// What is asked before something is done with many changes, or with the plan as a whole.

import { useEffect, useMemo, useState } from "preact/hooks";
import { Dialog } from "../components/dialog";
import { Action, ErrorBox } from "../components/parts";
import { api } from "../core/api";
import { count, sentence, whole } from "../core/format";
import { say } from "../core/notices";
import { go } from "../core/router";
import type { Decision } from "../core/shapes";
import { FIELD_NAMES, SOURCE_NAMES } from "../core/words";
import type { Change } from "./index";
import { forgetReview, startJob, type Review } from "./review";
import { summarize, type Summary } from "./summary";

interface DialogProps {
  review: Review;
  onClose: () => void;
}

export function SummaryLines({ of, verb }: { of: Summary; verb: string }) {
  return (
    <>
      <p class="summary-line"><strong class="number">{count(of.changes, "change")}</strong> in <strong class="number">{count(of.scenes, "scene")}</strong> {verb}{of.created.length > 0 && <>, <strong class="number">{count(of.created.length, "new entry", "new entries")}</strong> made in Stash</>}.</p>
      <p class="soft">{of.byField.map(([field, n]) => `${whole(n)} ${FIELD_NAMES[field].toLowerCase()}`).join(" · ")}</p>
      {of.removals > 0 && <p class="warn-line">{count(of.removals, "value")} will be removed.</p>}
      {of.replacements > 0 && <p class="warn-line">{count(of.replacements, "value")} that Stash has will be replaced.</p>}
    </>
  );
}

function Created({ of }: { of: Summary }) {
  if (of.created.length === 0) return null;
  return (
    <details open={of.created.length <= 8}>
      <summary>{count(of.created.length, "new entry", "new entries")}</summary>
      <ul class="created">{of.created.map(({ field, name }) => <li key={field + name}>{name} <span class="soft">{FIELD_NAMES[field].toLowerCase()}</span></li>)}</ul>
    </details>
  );
}

export function ApplyDialog({ review, onClose }: DialogProps) {
  const summary = useMemo(() => summarize(review.withStatus("accepted")), [review.statuses.value]);
  return (
    <Dialog title="Write to Stash" onClose={onClose}>
      <SummaryLines of={summary} verb="will be written" />
      <Created of={summary} />
      <p class="soft">Each scene is read again before it is written. What somebody changed since the analysis is not overwritten: it becomes a conflict for you to look at. Everything written can be undone.</p>
      <div class="actions">
        <button type="button" onClick={onClose}>Not now</button>
        <Action class="primary" autofocus disabled={summary.changes === 0} run={async () => { await startJob(review, "apply", {}); onClose(); }}>Write {count(summary.changes, "change")}</Action>
      </div>
    </Dialog>
  );
}

export function UndoDialog({ review, onClose }: DialogProps) {
  const summary = useMemo(() => summarize(review.withStatus("applied", "undo_conflict")), [review.statuses.value]);
  const [remove, setRemove] = useState(false);
  return (
    <Dialog title="Undo what was written" onClose={onClose}>
      <p class="summary-line"><strong class="number">{count(summary.changes, "change")}</strong> in <strong class="number">{count(summary.scenes, "scene")}</strong> will be put back to what Stash had before.</p>
      <p class="soft">Only where Stash still has what this plan wrote. What somebody changed since stays, and is shown as an undo conflict; what Stash had already before the plan stays too.</p>
      <label class="check"><input type="checkbox" checked={remove} onChange={(event) => setRemove(event.currentTarget.checked)} /> Also remove the performers, tags and studios that this plan made, where nothing uses them</label>
      <div class="actions">
        <button type="button" autofocus onClick={onClose}>Leave it</button>
        <Action class="danger" disabled={summary.changes === 0} run={async () => { await startJob(review, "undo", { remove_created: remove }); onClose(); }}>Undo {count(summary.changes, "change")}</Action>
      </div>
    </Dialog>
  );
}

export interface DryRun {
  updated: number;
  by_field: Record<string, number>;
  by_source: Record<string, number>;
}

const AT_ONCE = 10_000;

// What the service says that a decision would move, without moving it.
export async function dryRun(review: Review, changes: readonly Change[], status: Decision, signal: AbortSignal): Promise<DryRun> {
  await review.outbox.settled();
  const sum: DryRun = { updated: 0, by_field: {}, by_source: {} };
  for (let at = 0; at < changes.length; at += AT_ONCE) {
    const ids = changes.slice(at, at + AT_ONCE).map(({ id }) => id);
    const part = await api.patch<DryRun>(`analysis/plans/${review.id}/changes`, { status, ids, dry_run: true }, { signal });
    sum.updated += part.updated;
    for (const name of ["by_field", "by_source"] as const) {
      for (const [key, n] of Object.entries(part[name])) sum[name][key] = (sum[name][key] ?? 0) + n;
    }
  }
  return sum;
}

// The service's own count for a set of changes, asked a moment after the set came to rest.
export function useDryRun(review: Review, changes: readonly Change[], status: Decision): { run: DryRun | null; error: Error | null } {
  const [state, setState] = useState<{ run: DryRun | null; error: Error | null }>({ run: null, error: null });
  useEffect(() => {
    setState({ run: null, error: null });
    if (changes.length === 0) return;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      dryRun(review, changes, status, gone.signal).then(
        (run) => setState({ run, error: null }),
        (error: Error) => error.name === "AbortError" || setState({ run: null, error }),
      );
    }, 150);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [changes, status]);
  return state;
}

export function Preview({ of, error, status }: { of: DryRun | null; error: Error | null; status: Decision }) {
  if (error) return <ErrorBox error={error} />;
  if (!of) return <p class="soft" role="status">Asking the service what this would {status === "accepted" ? "accept" : "reject"}…</p>;
  const parts = (counts: Record<string, number>, names: Record<string, string>) =>
    Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([key, n]) => `${whole(n)} ${(names[key] ?? key).toLowerCase()}`).join(" · ");
  return (
    <div class="preview" role="status">
      <p>{parts(of.by_field, FIELD_NAMES)}</p>
      <p class="soft">{parts(of.by_source, { ...SOURCE_NAMES, rule: "by rule", learned: "learned", llm: "by the model" })}</p>
    </div>
  );
}

export function DecideShownDialog({ review, to, onClose }: DialogProps & { to: "accepted" | "rejected" }) {
  const changes = useMemo(() => review.shownOpen(), []);
  const summary = useMemo(() => summarize(changes), [changes]);
  const { run, error } = useDryRun(review, changes, to);
  const word = to === "accepted" ? "Accept" : "Reject";
  return (
    <Dialog title={`${word} all that is shown`} onClose={onClose}>
      <SummaryLines of={summary} verb={`will be ${to}`} />
      <Preview of={run} error={error} status={to} />
      <p class="soft">Nothing is written to Stash by this, and <kbd>u</kbd> takes it back.{to === "rejected" && " What is rejected is not proposed again."}</p>
      <div class="actions">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" class="primary" autofocus disabled={!run?.updated} onClick={() => { decideMany(review, changes, to); onClose(); }}>{word} {count(run?.updated ?? summary.changes, "change")}</button>
      </div>
    </Dialog>
  );
}

export function decideMany(review: Review, changes: readonly Change[], to: Decision): void {
  const moved = review.decide(changes, to);
  const step = review.history.last;
  review.refresh();
  const back = () => (review.history.last === step ? review.undo() : say("Other decisions came after it; u takes back the latest"));
  say(`${count(moved, "change")} ${to}`, { label: "Take back", run: back });
}

export function DeleteDialog({ review, onClose }: DialogProps) {
  return (
    <Dialog title="Delete this plan" onClose={onClose}>
      <p>The plan and its decisions are removed from here. What it wrote to Stash stays as it is, and so do the scenes' history and what was rejected.</p>
      <div class="actions">
        <button type="button" autofocus onClick={onClose}>Keep it</button>
        <Action class="danger" run={async () => {
          await review.outbox.settled();
          await api.delete(`analysis/plans/${review.id}`);
          forgetReview(review.id);
          go("/plans");
        }}>Delete the plan</Action>
      </div>
    </Dialog>
  );
}

export function ImportDialog({ review, onClose }: DialogProps) {
  const [file, setFile] = useState<File | null>(null);
  return (
    <Dialog title="Import decisions" onClose={onClose}>
      <p>An exported file brings its decisions back, here or in any plan that proposes the same.</p>
      <input type="file" accept=".jsonl,.ndjson,.json" aria-label="Exported plan" onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
      <div class="actions">
        <button type="button" onClick={onClose}>Cancel</button>
        <Action class="primary" disabled={!file} run={async () => {
          await review.outbox.settled();
          const done = await api.post<{ updated: number; unchanged: number; unmatched: number }>("analysis/plans/import", file, { type: "application/x-ndjson" });
          await review.load(true);
          review.refresh();
          say(`${count(done.updated, "decision")} brought back, ${whole(done.unchanged)} stood so already, ${whole(done.unmatched)} fit nothing`);
          onClose();
        }}>Import</Action>
      </div>
    </Dialog>
  );
}

export function SkippedDialog({ review, onClose }: DialogProps) {
  const reasons = Object.entries(review.plan.value!.skipped).sort((a, b) => b[1] - a[1]);
  const most = reasons[0]?.[1] ?? 1;
  return (
    <Dialog title="What was left alone" onClose={onClose}>
      <dl class="skipped">
        {reasons.map(([code, n]) => (
          <div key={code}><dt>{sentence(code)}</dt><dd><meter min={0} max={most} value={n} aria-label={sentence(code)} /> <span class="number">{whole(n)}</span></dd></div>
        ))}
      </dl>
    </Dialog>
  );
}
