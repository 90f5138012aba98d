// Everything that was ever proposed for a scene, by plan, and the way to write or undo it from here.

import { useState } from "preact/hooks";
import { Dialog } from "../components/dialog";
import { Action, Badge, Empty, Loaded } from "../components/parts";
import { api, type Page as ListPage } from "../core/api";
import { count, percent, valueText } from "../core/format";
import type { SceneChange } from "../core/library";
import { libraryVersion, turns } from "../core/live";
import { useLoad } from "../core/load";
import { href } from "../core/router";
import type { Plan } from "../core/shapes";
import { FIELD_NAMES, SOURCE_NAMES, STATUS_NAMES } from "../core/words";
import { jobOf } from "../review/head";
import { reviewOf, startJob } from "../review/review";
import { mayWrite, WRITE_WORDS, type Write } from "../review/scopes";

const MOST = 200;
const MOST_PLANS = 500;

interface Shown {
  items: SceneChange[];
  total: number;
  // By id, in the order of their changes: what it is called; null where it was deleted.
  plans: Map<number, string | null>;
}

interface Asked {
  write: Write;
  plan: number;
  changes: SceneChange[];
}

async function load(scene: string, gone: AbortSignal): Promise<Shown> {
  const [{ items, total }, living] = await Promise.all([
    api.get<ListPage<SceneChange>>(`scenes/${encodeURIComponent(scene)}/changes`, { size: MOST }, gone),
    api.get<ListPage<Plan>>("analysis/plans", { size: MOST_PLANS }, gone),
  ]);
  const names = new Map(living.items.map(({ id, name }) => [id, name]));
  const all = living.total === living.items.length;
  const ids = new Set(items.map(({ plan_id }) => plan_id));
  return { items, total, plans: new Map([...ids].map((id) => [id, names.get(id) ?? (all ? null : `Plan ${id}`)])) };
}

export function History({ id }: { id: string }) {
  const version = libraryVersion.value;
  const shown = useLoad((signal) => load(id, signal), [id, version, turns("apply", "undo", "analysis")]);
  const [asked, ask] = useState<Asked | null>(null);
  return (
    <section class="stack" aria-labelledby="history">
      <h2 id="history">History</h2>
      <Loaded of={shown}>
        {({ items, total, plans }) => items.length === 0 ? <Empty title="Nothing was ever proposed for this scene." /> : (
          <>
            <table class="table history">
              <thead><tr><th>Field</th><th>Change</th><th class="number wide-only">Sure</th><th class="wide-only">Found by</th><th>Status</th></tr></thead>
              {[...plans].map(([plan, name]) => (
                <OfPlan key={plan} id={plan} name={name} scene={id} changes={items.filter(({ plan_id }) => plan_id === plan)} ask={ask} />
              ))}
            </table>
            {total > items.length && <p class="soft">The {items.length} newest of {total}.</p>}
          </>
        )}
      </Loaded>
      {asked && <WriteDialog {...asked} onClose={() => ask(null)} />}
    </section>
  );
}

function OfPlan({ id, name, scene, changes, ask }: {
  id: number; name: string | null; scene: string; changes: SceneChange[]; ask: (what: Asked) => void;
}) {
  const job = jobOf(id);
  const may = (write: Write) => (name !== null && !job ? changes.filter((change) => mayWrite(write, change) && change.outcome !== "already") : []);
  return (
    <tbody>
      <tr class="of-plan">
        <th colSpan={5} scope="rowgroup">
          <div class="actions">
            {name !== null ? <a href={href(`/plans/${id}`, { scene, status: "all" })}>{name}</a> : <span>Plan {id} <span class="soft">(deleted)</span></span>}
            {job && <span class="soft small">A job is at work on this plan.</span>}
            {WRITE_WORDS.map(([write, word]) => {
              const some = may(write);
              return some.length > 1 && <button key={write} type="button" onClick={() => ask({ write, plan: id, changes: some })}>{word} {some.length}…</button>;
            })}
          </div>
        </th>
      </tr>
      {changes.map((change) => (
        <ChangeRow key={change.id} change={change}>
          {WRITE_WORDS.map(([write, word]) => may(write).includes(change) && (
            <button key={write} type="button" class="link" onClick={() => ask({ write, plan: id, changes: [change] })}>{word}<span class="unseen"> {FIELD_NAMES[change.field]}</span>…</button>
          ))}
        </ChangeRow>
      ))}
    </tbody>
  );
}

const TONES: Partial<Record<string, "good" | "bad" | "warn">> = { applied: "good", conflict: "bad", failed: "bad", undo_conflict: "bad", accepted: "warn" };

function ChangeRow({ change, children }: { change: SceneChange; children: preact.ComponentChildren }) {
  return (
    <tr>
      <td>{FIELD_NAMES[change.field]}</td>
      <td>
        <Words of={change} />
        {change.reason && <div class="small soft">{change.reason}</div>}
      </td>
      <td class="number wide-only">{percent(change.confidence)}</td>
      <td class="wide-only soft">{SOURCE_NAMES[change.source]}</td>
      <td>
        <Badge kind={TONES[change.status] ?? ""}>{STATUS_NAMES[change.status]}</Badge> {children}
        {change.error && <div class="small soft">{change.error.detail}</div>}
        {change.outcome === "already" && <div class="small soft">It was there already.</div>}
      </td>
    </tr>
  );
}

type Told = Pick<SceneChange, "action" | "current" | "proposed">;

// What undoing a change does, told as a change.
function inverse({ action, current, proposed }: Told): Told {
  return { action: ({ set: "set", add: "remove", remove: "add" } as const)[action], current: proposed, proposed: current };
}

function Words({ of: { action, current, proposed } }: { of: Told }) {
  const before = valueText(current);
  switch (action) {
    case "add": return <>add <ins>{valueText(proposed)}</ins></>;
    case "remove": return <>remove <del>{before}</del></>;
    case "set": return <>{before && <><del>{before}</del> → </>}<ins>{valueText(proposed) ?? "nothing"}</ins></>;
  }
}

const ASKED: Record<Write, { title: string; note: string }> = {
  apply: { title: "Write to Stash", note: "The scene is read again before it is written. What somebody changed since the analysis is not overwritten." },
  undo: { title: "Undo what was written", note: "Only where Stash still has what the plan wrote; what somebody changed since stays." },
};

function WriteDialog({ write, plan, changes, onClose }: Asked & { onClose: () => void }) {
  const { title, note } = ASKED[write];
  const run = async () => {
    await startJob(reviewOf(plan), write, { change_ids: changes.map(({ id }) => id) });
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <ul class="values-list">{changes.map((change) => <li key={change.id}><span class="soft">{FIELD_NAMES[change.field]}</span> <Words of={write === "undo" ? inverse(change) : change} /></li>)}</ul>
      <p class="soft">{note}</p>
      <div class="actions">
        <button type="button" onClick={onClose}>Not now</button>
        <Action class={write === "apply" ? "primary" : "danger"} autofocus run={run}>{write === "apply" ? "Write" : "Undo"} {count(changes.length, "change")}</Action>
      </div>
    </Dialog>
  );
}
