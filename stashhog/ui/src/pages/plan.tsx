// A plan under review.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Trouble } from "../components/parts";
import { count } from "../core/format";
import { connection, jobs } from "../core/live";
import { hasEnded } from "../core/frames";
import { useTitle } from "../core/load";
import { setQuery } from "../core/router";
import type { Page, PageProps } from "../pages";
import { DetailsCache } from "../review/details";
import { DecideShownDialog, DeleteDialog, ImportDialog, SkippedDialog } from "../review/dialogs";
import { EditDialog } from "../review/edit";
import { readFilters, writeFilters, type Filters } from "../review/filters";
import { jobOf, ReviewHead, type Asking } from "../review/head";
import { Inspector, mayEdit } from "../review/inspector";
import { useReviewKeys } from "../review/keys";
import { ChangeList } from "../review/list";
import { reviewOf, type Review } from "../review/review";
import { ThresholdDialog } from "../review/threshold";
import { Toolbar } from "../review/toolbar";
import { ApplyDialog, UndoDialog } from "../review/write";

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

  if (review.error.value) return <div class="page"><Trouble error={review.error.value} retry={() => void review.load()} lost={{ what: `plan ${id}`, list: "/plans", name: "All plans" }} /></div>;
  if (!plan) return <p class="loading" role="status">Loading…</p>;
  const close = () => ask(null);
  const write = asking !== null && typeof asking === "object" ? asking : null;
  return (
    <div class={open ? "review open" : "review"}>
      <ReviewHead review={review} ask={ask} />
      <Toolbar review={review} filters={filters} onFilters={onFilters} ask={ask} search={search} />
      <div class="review-body">
        <ChangeList review={review} ask={ask} onOpen={() => setOpen(true)} onEdit={edit} />
        <Inspector review={review} cache={cache} ask={ask} onEdit={edit} onClose={() => setOpen(false)} />
      </div>
      <Saved review={review} />
      {write?.write === "apply" && <ApplyDialog review={review} scope={write.scope} onClose={close} />}
      {write?.write === "undo" && <UndoDialog review={review} scope={write.scope} onClose={close} />}
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
    cache.forget();
    void review.load(true).then(() => review.refresh());
  }, [over]);

  useEffect(() => {
    const gone = new AbortController();
    const look = () => document.visibilityState === "visible" && void review.load();
    document.addEventListener("visibilitychange", look, { signal: gone.signal });
    addEventListener("focus", look, { signal: gone.signal });
    return () => gone.abort();
  }, [review]);
  const connected = connection.value;
  useEffect(() => {
    if (connected !== "open") return;
    review.outbox.retryNow();
    // Also while the first answer is on its way: it may be older than the end of a job that nobody tells of any more.
    void review.load();
  }, [review, connected]);
}
