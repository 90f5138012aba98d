// What is asked before something is done with many changes, or with the plan as a whole.

import { useMemo, useState } from "preact/hooks";
import { Dialog } from "../components/dialog";
import { Action } from "../components/parts";
import { api } from "../core/api";
import { count, sentence, whole } from "../core/format";
import { say } from "../core/notices";
import { go } from "../core/router";
import type { Decision } from "../core/shapes";
import { FIELD_NAMES } from "../core/words";
import { Preview, useForesight } from "./foresight";
import type { Change } from "./index";
import { forgetReview, type Review } from "./review";
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

export function DecideShownDialog({ review, to, onClose }: DialogProps & { to: "accepted" | "rejected" }) {
  const shown = useMemo(() => review.shownOpen(), []);
  const foresight = useForesight(review, shown, to);
  const { changes, ready } = foresight;
  const summary = useMemo(() => summarize(changes), [changes]);
  const word = to === "accepted" ? "Accept" : "Reject";
  return (
    <Dialog title={`${word} all that is shown`} onClose={onClose}>
      <SummaryLines of={summary} verb={`will be ${to}`} />
      <Preview of={foresight} />
      <p class="soft">Nothing is written to Stash by this, and <kbd>u</kbd> takes it back.{to === "rejected" && " What is rejected is not proposed again."}</p>
      <div class="actions">
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" class="primary" autofocus disabled={!ready} onClick={() => { decideMany(review, changes, to); onClose(); }}>{word} {count(summary.changes, "change")}</button>
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
