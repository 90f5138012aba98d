// A plan under review.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ErrorBox } from "../components/parts";
import { count, sentence, whole } from "../core/format";
import { connection, jobs } from "../core/live";
import { hasEnded } from "../core/frames";
import { useTitle } from "../core/load";
import { say, warn } from "../core/notices";
import { setQuery } from "../core/router";
import type { Job } from "../core/shapes";
import type { Page, PageProps } from "../pages";
import { DetailsCache } from "../review/details";
import { ApplyDialog, DecideShownDialog, DeleteDialog, ImportDialog, SkippedDialog, UndoDialog } from "../review/dialogs";
import { EditDialog } from "../review/edit";
import { readFilters, writeFilters, type Filters } from "../review/filters";
import { jobOf, ReviewHead, type Asking } from "../review/head";
import { Inspector, mayEdit } from "../review/inspector";
import { useReviewKeys } from "../review/keys";
import { ChangeList } from "../review/list";
import { reviewOf, type Review } from "../review/review";
import { ThresholdDialog } from "../review/threshold";
import { Toolbar } from "../review/toolbar";

export const planPage: Page = { path: "/plans/:id", view: PlanReview, whole: true, prepare: (id) => reviewOf(Number(id)).open() };

function PlanReview({ id, query }: PageProps) {
  const review = useMemo(() => reviewOf(Number(id)), [id]);
  const [asking, ask] = useState<Asking>(null);
  const [open, setOpen] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const cache = useMemo(() => new DetailsCache(), [review]);
  const filters = useMemo(() => readFilters(query), [query.toString()]);
  const onFilters = (some: Partial<Filters>) => setQuery(writeFilters({ ...filters, ...some }));
  const edit = () => review.current && mayEdit(review.current) && ask("edit");
  const plan = review.plan.value;

  useTitle(plan?.name ?? `Plan ${id}`);
  useEffect(() => review.open(), [review]);
  useEffect(() => review.show(filters), [review, filters]);
  useLiveReload(review, cache);
  useReviewKeys(review, { ask, edit, search: () => search.current?.focus() });

  if (review.error.value) return <div class="page"><ErrorBox error={review.error.value} retry={() => void review.load()} /></div>;
  if (!plan) return <p class="loading" role="status">Loading…</p>;
  const close = () => ask(null);
  return (
    <div class={open ? "review open" : "review"}>
      <ReviewHead review={review} ask={ask} />
      <Toolbar review={review} filters={filters} onFilters={onFilters} ask={ask} search={search} />
      <div class="review-body">
        <ChangeList review={review} onOpen={() => setOpen(true)} onEdit={edit} />
        <Inspector review={review} cache={cache} onEdit={edit} onClose={() => setOpen(false)} />
      </div>
      <Saved review={review} />
      {asking === "apply" && <ApplyDialog review={review} onClose={close} />}
      {asking === "undo" && <UndoDialog review={review} onClose={close} />}
      {asking === "threshold" && <ThresholdDialog review={review} onClose={close} />}
      {asking === "accept-shown" && <DecideShownDialog review={review} to="accepted" onClose={close} />}
      {asking === "reject-shown" && <DecideShownDialog review={review} to="rejected" onClose={close} />}
      {asking === "edit" && review.current && <EditDialog review={review} change={review.current} onClose={close} />}
      {asking === "delete" && <DeleteDialog review={review} onClose={close} />}
      {asking === "import" && <ImportDialog review={review} onClose={close} />}
      {asking === "skipped" && <SkippedDialog review={review} onClose={close} />}
    </div>
  );
}

// The line at the bottom: whether everything is saved, and the keys that count.
function Saved({ review }: { review: Review }) {
  const { state, pending } = review.outbox;
  return (
    <footer class="review-foot">
      {state.value === "waiting" ? (
        <span class="unsaved" role="status">{count(pending.value, "decision")} not saved yet; the service does not answer. <button type="button" class="ghost" onClick={() => review.outbox.retryNow()}>Try now</button></span>
      ) : (
        <span class="soft">{state.value === "saving" ? "Saving…" : "All decisions saved"}</span>
      )}
      <span class="foot-keys soft"><kbd>j</kbd> <kbd>k</kbd> move <kbd>a</kbd> accept <kbd>r</kbd> reject <kbd>e</kbd> edit <kbd>u</kbd> undo <kbd>t</kbd> threshold <kbd>?</kbd> all keys</span>
    </footer>
  );
}

const REFRESH_MS = 1500;

// Follows the job that works on this plan, and what other windows decide.
function useLiveReload(review: Review, cache: DetailsCache): void {
  const job = jobOf(review.id);
  const last = useRef<string | null>(null);
  useEffect(() => {
    if (!job) return;
    last.current = job.id;
    const timer = setInterval(() => void review.load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [review, job?.id]);

  const ended = last.current ? jobs.value.get(last.current) : undefined;
  const over = ended !== undefined && hasEnded(ended);
  useEffect(() => {
    if (!over) return;
    last.current = null;
    tell(ended!);
    cache.forget();
    void review.load(true).then(() => review.refresh());
  }, [over]);

  useEffect(() => {
    const gone = new AbortController();
    const look = () => document.visibilityState === "visible" && void review.load();
    document.addEventListener("visibilitychange", look, { signal: gone.signal });
    return () => gone.abort();
  }, [review]);
  const connected = connection.value;
  useEffect(() => {
    if (connected === "open") {
      review.outbox.retryNow();
      if (review.loaded.value) review.open();
    }
  }, [review, connected]);
}

function tell(job: Job): void {
  const result = (job.result ?? {}) as Record<string, number>;
  const parts = (["applied", "undone", "already", "conflicts", "failed", "skipped"] as const)
    .filter((name) => result[name]).map((name) => `${whole(result[name])} ${WORDS[name]}`);
  if (job.status === "completed" && job.kind === "analysis") say("The analysis has ended");
  else if (job.status === "completed") say(parts.length ? `Done: ${parts.join(", ")}` : "Done: there was nothing to do");
  else warn(`${sentence(job.kind)} ${job.status}${job.error ? `: ${job.error.detail}` : ""}`);
}

const WORDS = {
  applied: "written", undone: "put back", already: "there already", conflicts: "in conflict", failed: "failed", skipped: "skipped",
};
