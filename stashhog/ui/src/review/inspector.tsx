// The current change in full: its scene, both values, why, how sure, and what else was thought of.

import type { ComponentChildren } from "preact";
import { Badge, Marked, Thumb } from "../components/parts";
import { clock, size } from "../core/format";
import { href } from "../core/router";
import { evidenceSpan, excerpt } from "../core/spans";
import { FIELD_NAMES, SOURCE_NAMES, STATUS_NAMES } from "../core/words";
import { useDetails, type Details, type DetailsCache, type FullChange } from "./details";
import type { Asking } from "./head";
import { sceneName, text, type Change } from "./index";
import { describe } from "./row";
import type { Review } from "./review";
import { mayDecide } from "./rules";
import { mayWrite } from "./scopes";

interface InspectorProps {
  review: Review;
  cache: DetailsCache;
  ask: (what: Asking) => void;
  onEdit: () => void;
  onClose: () => void;
}

export function Inspector({ review, cache, ask, onEdit, onClose }: InspectorProps) {
  void review.statuses.value;
  const details = useDetails(review, cache);
  const change = review.current;
  if (!change) return <aside class="inspector" aria-label="The current change" />;
  const full = details?.changes.get(change.id);
  return (
    <aside class="inspector" aria-label="The current change">
      <p class="unseen" role="status">{`${describe(change)}, ${Math.round(change.confidence * 100)} %, ${STATUS_NAMES[change.status]}, ${sceneName(change.scene)}`}</p>
      <button type="button" class="ghost icon-button inspector-close" aria-label="Close" onClick={onClose}>×</button>
      <SceneHead change={change} details={details} />
      <Decision change={change} full={full} review={review} ask={ask} onEdit={onEdit} />
      <Why change={change} full={full} path={change.scene.path} />
      {details && <Now details={details} />}
    </aside>
  );
}

function SceneHead({ change, details }: { change: Change; details: Details | undefined }) {
  const { scene } = change;
  const file = details?.scene?.files[0];
  const facts = file && [
    file.height ? `${file.height}p` : null, file.duration ? clock(file.duration) : null, file.size ? size(file.size) : null,
  ].filter(Boolean).join(" · ");
  return (
    <section class="inspector-scene">
      <Thumb scene={scene.id} width={336} />
      <p><a href={href(`/scenes/${scene.id}`)}>{sceneName(scene)}</a></p>
      {scene.path && <p class="path"><Marked text={scene.path} ranges={change.span ? [change.span] : []} /></p>}
      {facts && <p class="soft small number">{facts}{details?.scene?.organized && " · organised"}</p>}
    </section>
  );
}

function Decision({ change, full, review, ask, onEdit }: Omit<InspectorProps, "cache" | "onClose"> & { change: Change; full: FullChange | undefined }) {
  const { status } = change;
  const conflict = status === "conflict" || status === "undo_conflict";
  const before = text(change.current);
  const after = text(change.proposed);
  return (
    <section class="inspector-change">
      <h2>{FIELD_NAMES[change.field]} {change.action !== "set" && <span class="soft">{change.action}</span>} {change.creates && <Badge kind="warn">new in Stash</Badge>} {change.edited && <Badge>edited</Badge>}</h2>
      {conflict ? (
        <dl class="three-way">
          <Way name={status === "conflict" ? "Planned from" : "We wrote"}>{status === "conflict" ? before : after}</Way>
          <Way name="Now in Stash" tone="bad">{text(change.observed)}</Way>
          <Way name={status === "conflict" ? "Proposed" : "Was before"} tone="good">{status === "conflict" ? after : before}</Way>
        </dl>
      ) : (
        <dl class="three-way">
          {change.action === "set" && <Way name={status === "applied" ? "Before" : "Now"}>{before}</Way>}
          {change.action === "remove"
            ? <Way name={status === "applied" ? "Removed" : "Remove"} tone="bad">{before}</Way>
            : <Way name={status === "applied" ? "Written" : change.action === "add" ? "Add" : "Proposed"} tone="good">{after}</Way>}
        </dl>
      )}
      {status === "conflict" && <p class="small">Somebody changed this in Stash after the analysis. Accept to overwrite what is there now, or keep it.</p>}
      {status === "undo_conflict" && <p class="small">Somebody changed this after it was applied; undo leaves it as it is now.</p>}
      {full?.error && <p class="small trouble">{full.error.detail || full.error.code}</p>}
      {status === "applied" && full?.outcome === "already" && <p class="small soft">Stash had this already; nothing was sent, and undo leaves it.</p>}
      {mayWrite("undo", change) ? full?.outcome === "sent" && (
        <div class="actions"><button type="button" onClick={() => ask({ write: "undo", scope: "one" })}>Undo this change…</button></div>
      ) : (
        <div class="actions">
          <Press review={review} change={change} to="accepted" name={status === "conflict" ? "Overwrite" : "Accept"} keyName="a" />
          <Press review={review} change={change} to="rejected" name={status === "conflict" ? "Keep" : "Reject"} keyName="r" />
          {mayEdit(change) && <button type="button" class="ghost" onClick={onEdit}>Edit <kbd>e</kbd></button>}
          {mayWrite("apply", change) && <button type="button" class="ghost" onClick={() => ask({ write: "apply", scope: "one" })}>Apply this…</button>}
        </div>
      )}
    </section>
  );
}

export function mayEdit(change: Change): boolean {
  return change.action !== "remove" && (mayDecide(change.status, "accepted") || change.status === "accepted");
}

function Way({ name, tone = "", children }: { name: string; tone?: string; children: string }) {
  return <div class={tone}><dt>{name}</dt><dd>{children || <em class="soft">empty</em>}</dd></div>;
}

function Press({ review, change, to, name, keyName }: {
  review: Review; change: Change; to: "accepted" | "rejected"; name: string; keyName: string;
}) {
  const pressed = change.status === to;
  return (
    <button
      type="button" class={`press ${to}`} aria-pressed={pressed} disabled={!pressed && !mayDecide(change.status, to)}
      onClick={() => review.toggle(change, to)}
    >{pressed ? STATUS_NAMES[to] : name} <kbd>{keyName}</kbd></button>
  );
}

function Why({ change, full, path }: { change: Change; full: FullChange | undefined; path: string | null }) {
  const percent = Math.floor(change.confidence * 1000 + 1e-6) / 10;
  const span = full ? evidenceSpan(full.evidence, path) : null;
  const runnerUp = full?.evidence.runner_up as { value: string; confidence: number } | null | undefined;
  return (
    <section class="why">
      <h3>Why</h3>
      <p class="sure"><meter min={0} max={1} low={0.7} high={0.9} optimum={1} value={change.confidence} aria-label="Confidence" /> <strong class="number">{percent} %</strong> <span class="soft">{SOURCE_NAMES[change.source]}</span></p>
      {full && <p>{full.reason}</p>}
      {span && span.text !== path && <p class="path">{excerpt(span, 40).map((piece, at) => (piece.marked ? <mark key={at}>{piece.text}</mark> : piece.text))}</p>}
      {runnerUp && runnerUp.confidence >= 0.005 && (
        <p class="small">Next best: <b>{runnerUp.value}</b> <span class="soft number">{Math.round(runnerUp.confidence * 100)} %</span></p>
      )}
      {full && <Rest evidence={full.evidence} />}
    </section>
  );
}

const SHOWN_ELSEWHERE = new Set(["text", "start", "end", "span", "runner_up", "gap", "where"]);

// Whatever else the evidence holds, as it stands there.
function Rest({ evidence }: { evidence: FullChange["evidence"] }) {
  const rest = Object.entries(evidence).filter(([name, value]) => !SHOWN_ELSEWHERE.has(name) && value !== null && value !== "");
  if (rest.length === 0) return null;
  return (
    <dl class="rest small soft">
      {rest.map(([name, value]) => (
        <div key={name}><dt>{name.replaceAll("_", " ")}</dt><dd>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd></div>
      ))}
    </dl>
  );
}

function Now({ details }: { details: Details }) {
  const { scene } = details;
  if (!scene) return <section><p class="soft small">This scene is no longer in the library.</p></section>;
  const names = (list: { name: string }[]): ComponentChildren => list.map(({ name }) => name).join(", ");
  const facts: [string, ComponentChildren][] = [
    ["Title", scene.title], ["Date", scene.date], ["Studio", scene.studio?.name],
    ["Performers", names(scene.performers)], ["Tags", names(scene.tags)],
  ];
  return (
    <section>
      <h3>The scene as Stash has it</h3>
      <dl class="now">
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value || <em class="soft">–</em>}</dd></div>)}
      </dl>
    </section>
  );
}
