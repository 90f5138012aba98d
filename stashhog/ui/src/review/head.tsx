// The top of a review: which plan, how far it is, and what can be done with it as a whole.

import { useEffect, useRef } from "preact/hooks";
import { Action, Badge, ProgressBar } from "../components/parts";
import { count, progressText, waitingText, whole, words } from "../core/format";
import { hasEnded } from "../core/frames";
import { spoken } from "../core/jobs";
import { jobs } from "../core/live";
import { addressOf, href } from "../core/router";
import { api } from "../core/api";
import type { Job } from "../core/shapes";
import { PLAN_STATUS } from "../core/words";
import type { Review } from "./review";
import type { ScopeName, Write } from "./scopes";

export type Asking = "delete" | "import" | "threshold" | "accept-shown" | "reject-shown" | "edit" | "skipped" | { write: Write; scope: ScopeName } | null;

// The job that works on a plan just now.
export function jobOf(plan: number): Job | undefined {
  return [...jobs.value.values()].find((job) => job.params.plan_id === plan && !hasEnded(job));
}

export function ReviewHead({ review, ask }: { review: Review; ask: (what: Asking) => void }) {
  const plan = review.plan.value!;
  const job = jobOf(review.id);
  const totals = review.totals.value;
  const accepted = totals.get("accepted") ?? 0;
  // What an ended job left as "applying" may have been written; undoing it begins by finding out.
  const open = plan.status === "applying" ? 0 : totals.get("applying") ?? 0;
  const written = (totals.get("applied") ?? 0) + (totals.get("undo_conflict") ?? 0) + open;
  const total = review.index.changes.size;
  const { name, tone } = PLAN_STATUS[plan.status];
  return (
    <header class="review-head">
      <div class="review-title">
        <a class="soft" href={href("/plans")}>Plans</a>
        <h1>{plan.name}</h1>
        <Badge kind={tone}>{name}</Badge>
        <span class="soft number">{whole(total - (totals.get("proposed") ?? 0))} of {count(total, "change")} decided · {count(review.index.scenes.size, "scene")}</span>
      </div>
      {job ? <JobBar job={job} /> : (
        <div class="actions">
          <button type="button" class={accepted ? "primary" : ""} disabled={!accepted || plan.status === "draft"} onClick={() => ask({ write: "apply", scope: "all" })} title={accepted ? undefined : "Accept changes first; only those are written"}>
            {accepted ? `Apply ${whole(accepted)}…` : "Apply…"}
          </button>
          {written > 0 && <button type="button" onClick={() => ask({ write: "undo", scope: "all" })}>Undo {whole(written)}…</button>}
          <Menu review={review} ask={ask} />
        </div>
      )}
    </header>
  );
}

function Menu({ review, ask }: { review: Review; ask: (what: Asking) => void }) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const gone = new AbortController();
    document.addEventListener("click", (event) => {
      const open = details.current;
      if (open?.open && !(event.target as Element).closest("summary")) open.open = false;
    }, { signal: gone.signal });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.current?.open) return;
      details.current.open = false;
      details.current.querySelector("summary")!.focus();
    }, { signal: gone.signal });
    return () => gone.abort();
  }, []);
  const skipped = Object.values(review.plan.value!.skipped).reduce((sum, n) => sum + n, 0);
  return (
    <details class="menu" ref={details}>
      <summary class="button" aria-label="More about this plan">⋯</summary>
      <div class="menu-list">
        {skipped > 0 && <button type="button" class="ghost" onClick={() => ask("skipped")}>What was left alone…</button>}
        <a class="button ghost" download href={addressOf(`api/analysis/plans/${review.id}/export`).href}>Export with decisions</a>
        <button type="button" class="ghost" onClick={() => ask("import")}>Import decisions…</button>
        <button type="button" class="ghost danger" onClick={() => ask("delete")}>Delete the plan…</button>
      </div>
    </details>
  );
}

const DOING: Record<string, string> = { analysis: "Analysing", apply: "Writing to Stash", undo: "Putting back" };

function JobBar({ job }: { job: Job }) {
  const { progress, waiting } = job;
  return (
    <div class="job-bar">
      <span class="unseen" role="status">{spoken(job)}</span>
      <div class="job-words">
        <a href={href(`/jobs/${job.id}`)}>{DOING[job.kind] ?? words(job.kind)}</a>
        <span class="soft number">{waiting ? waitingText(waiting, Date.now()) : job.status === "queued" ? "waits for its turn" : progressText(progress)}</span>
      </div>
      <ProgressBar done={progress.done} total={progress.total} label={DOING[job.kind] ?? job.kind} />
      <Action class="ghost" disabled={job.status === "cancelling"} run={() => api.delete(`jobs/${job.id}`)}>Cancel</Action>
    </div>
  );
}
