// What is asked before anything is written to Stash or put back there: how much of the plan, and
// what that comes to.

import { useMemo, useState } from "preact/hooks";
import { Dialog } from "../components/dialog";
import { Action } from "../components/parts";
import { count, whole } from "../core/format";
import { FIELD_NAMES } from "../core/words";
import { SummaryLines } from "./dialogs";
import { jobOf } from "./head";
import { sceneName } from "./index";
import { startJob, type Review } from "./review";
import { describe } from "./row";
import { MOST_NAMED, scopesOf, type Scope, type ScopeName, type Write } from "./scopes";
import { summarize, type Summary } from "./summary";

interface Props {
  review: Review;
  scope: ScopeName;
  onClose: () => void;
}

interface Chosen {
  scopes: Scope[];
  scope: Scope;
  summary: Summary;
  pick: (name: ScopeName) => void;
  // Why it cannot be done just now.
  refusal: string | null;
}

function useChosen(review: Review, write: Write, asked: ScopeName): Chosen {
  const [name, pick] = useState(asked);
  // What was current and selected when it was asked: both may move on below the question.
  const opened = useMemo(() => review.look(), []);
  const scopes = useMemo(() => scopesOf(write, asked, { ...review.look(), current: opened.current, selected: opened.selected }), [review.statuses.value]);
  // A part that is nothing any more, for somebody else was quicker, does not become the whole plan.
  const scope = scopes.find((one) => one.name === name) ?? { name, changes: [], body: {} };
  const summary = useMemo(() => summarize(scope.changes), [scope]);
  const tooMany = scope.name !== "all" && scope.name !== "scene" && scope.changes.length > MOST_NAMED;
  const refusal = jobOf(review.id) ? "A job is at work on this plan just now. Wait for its end."
    : tooMany ? `A part of a plan is ${whole(MOST_NAMED)} changes at most. Narrow the filters, or take the whole plan.` : null;
  return { scopes, scope, summary, pick, refusal };
}

const WRITTEN: Record<Write, string> = { apply: "accepted", undo: "written" };

function Scopes({ scopes, scope, pick, write }: Chosen & { write: Write }) {
  if (scopes.length < 2) return null;
  const words = ({ name, changes }: Scope): string => {
    switch (name) {
      case "all": return `All ${whole(changes.length)} that are ${WRITTEN[write]}`;
      case "shown": return `The ${whole(changes.length)} that fit the filters`;
      case "selected": return `The ${whole(changes.length)} that are selected`;
      case "scene": return `The ${whole(changes.length)} of “${sceneName(changes[0]!.scene)}”`;
      case "one": return `Only the ${describe(changes[0]!)}`;
    }
  };
  return (
    <fieldset class="plain scopes">
      <legend class="label">How much</legend>
      {scopes.map((one) => (
        <label key={one.name} class="check">
          <input type="radio" name="scope" value={one.name} checked={one === scope} onChange={() => pick(one.name)} /> <span>{words(one)}</span>
        </label>
      ))}
    </fieldset>
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

function start(review: Review, write: Write, { scope }: Chosen, body: object, onClose: () => void): () => Promise<void> {
  return async () => {
    await startJob(review, write, { ...scope.body, ...body });
    if (scope.name === "selected") review.selectNone();
    onClose();
  };
}

export function ApplyDialog({ review, scope, onClose }: Props) {
  const chosen = useChosen(review, "apply", scope);
  const { summary, refusal } = chosen;
  return (
    <Dialog title="Write to Stash" onClose={onClose}>
      <Scopes {...chosen} write="apply" />
      <SummaryLines of={summary} verb="will be written" />
      <Created of={summary} />
      <p class="soft">Each scene is read again before it is written. What somebody changed since the analysis is not overwritten: it becomes a conflict for you to look at. Everything written can be undone.</p>
      {refusal && <p class="warn-line" role="status">{refusal}</p>}
      <div class="actions">
        <button type="button" onClick={onClose}>Not now</button>
        <Action class="primary" autofocus disabled={summary.changes === 0 || refusal !== null} run={start(review, "apply", chosen, {}, onClose)}>Write {count(summary.changes, "change")}</Action>
      </div>
    </Dialog>
  );
}

export function UndoDialog({ review, scope, onClose }: Props) {
  const chosen = useChosen(review, "undo", scope);
  const { summary, refusal } = chosen;
  const [remove, setRemove] = useState(false);
  return (
    <Dialog title="Undo what was written" onClose={onClose}>
      <Scopes {...chosen} write="undo" />
      <p class="summary-line"><strong class="number">{count(summary.changes, "change")}</strong> in <strong class="number">{count(summary.scenes, "scene")}</strong> will be put back to what Stash had before.</p>
      <p class="soft">Only where Stash still has what this plan wrote. What somebody changed since stays, and is shown as an undo conflict; what Stash had already before the plan stays too.</p>
      <label class="check"><input type="checkbox" checked={remove} onChange={(event) => setRemove(event.currentTarget.checked)} /> Also remove the performers, tags and studios that this plan made, where nothing uses them</label>
      {refusal && <p class="warn-line" role="status">{refusal}</p>}
      <div class="actions">
        <button type="button" autofocus onClick={onClose}>Leave it</button>
        <Action class="danger" disabled={summary.changes === 0 || refusal !== null} run={start(review, "undo", chosen, { remove_created: remove }, onClose)}>Undo {count(summary.changes, "change")}</Action>
      </div>
    </Dialog>
  );
}
