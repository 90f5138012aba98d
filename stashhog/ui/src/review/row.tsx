// One row of the list: a scene, or one of its changes.

import { Marked, Thumb } from "../components/parts";
import { href } from "../core/router";
import { splitPath, type Range } from "../core/spans";
import { FIELD_NAMES, SOURCE_NAMES, STATUS_NAMES } from "../core/words";
import type { Asking } from "./head";
import { sceneName, text, type Change } from "./index";
import type { Row } from "./layout";
import type { Review } from "./review";
import { mayDecide } from "./rules";
import { mayWrite, WRITE_WORDS } from "./scopes";

interface RowProps {
  review: Review;
  row: Row;
}

// A scene with a title: that, and its path; else its file's name, and the folder.
export function SceneRow({ review, row, ask }: RowProps & { ask: (what: Asking) => void }) {
  const { scene, shown } = row;
  const name = sceneName(scene);
  const spans = shown.map(({ span }) => span).filter((span): span is Range => span !== null);
  const parts = scene.path !== null && !scene.title ? splitPath(scene.path, spans) : null;
  const open = shown.filter(({ status }) => status === "proposed");
  const write = WRITE_WORDS.map(([what, word]) => ({ what, word, many: shown.filter((change) => mayWrite(what, change)).length }));
  const decide = (to: "accepted" | "rejected", sign: string, word: string, key: string) => {
    const many = (open.length ? open : shown.filter(({ status }) => mayDecide(status, to))).length;
    return many > 0 && (
      <button
        type="button" class="ghost" title={`${word} the scene (${key})`} aria-label={`${word} ${many} of ${name}`}
        onClick={() => review.decideScene(scene, to)}
      >{sign} {many}</button>
    );
  };
  return (
    <div class="scene-row" role="listitem" {...placeOf(review, row)} style={{ transform: `translateY(${row.top}px)`, height: `${row.height}px` }}>
      <Thumb scene={scene.id} width={80} />
      <div class="scene-words" title={scene.path ?? undefined}>
        <a href={href(`/scenes/${scene.id}`)}>{parts ? <Marked text={parts.name} ranges={parts.inName} /> : name}</a>
        <div class="path">
          {parts ? <Marked text={parts.folder} ranges={parts.inFolder} /> : scene.path && <Marked text={scene.path} ranges={spans} />}
        </div>
      </div>
      <div class="scene-acts">
        {write.map(({ what, word, many }) => many > 0 && (
          <button
            key={what} type="button" class="ghost" aria-label={`${word} ${many} of ${name}`}
            onClick={() => { review.cursor.value = shown[0]!.id; ask({ write: what, scope: "scene" }); }}
          >{word} {many}…</button>
        ))}
        {decide("accepted", "✓", "Accept", "A")}
        {decide("rejected", "✕", "Reject", "R")}
      </div>
    </div>
  );
}

interface ChangeRowProps extends RowProps {
  current: boolean;
  selected: boolean;
  onOpen: () => void;
  onEdit: () => void;
}

// What a row draws, in one text: as long as it is the same, the row is not drawn again.
export function drawnAs({ review, row, current, selected }: Pick<ChangeRowProps, "review" | "row" | "current" | "selected">): string {
  const total = review.layout.value.rows.length;
  const { change, scene } = row;
  if (!change) return [row.top, row.height, total, scene.title, scene.path, ...row.shown.map(({ id, status }) => id + status)].join();
  const values = [change.current, change.proposed, change.observed].map(text);
  return [row.top, row.height, total, change.status, current, selected, change.creates, change.edited, ...values].join("\n");
}

export function ChangeRow({ review, row, current, selected, onOpen, onEdit }: ChangeRowProps) {
  const change = row.change!;
  const pick = () => {
    review.cursor.value = change.id;
  };
  return (
    <div
      class={`change-row ${change.status}${current ? " current" : ""}`} role="listitem" {...placeOf(review, row)} aria-current={current ? "true" : undefined}
      style={{ transform: `translateY(${row.top}px)`, height: `${row.height}px` }}
      onClick={() => { pick(); onOpen(); }} onDblClick={() => { pick(); onEdit(); }}
    >
      <input type="checkbox" checked={selected} aria-label={`Select ${describe(change)}`} title="Select (x); with Shift, all from the one before" onClick={(event) => { event.stopPropagation(); review.select(change.id, event.shiftKey); }} />
      <Confidence of={change.confidence} />
      <span class="what">{FIELD_NAMES[change.field]}</span>
      <Values change={change} />
      <span class="source">{note(change)}</span>
      <Decide review={review} change={change} />
    </div>
  );
}

// Where in the whole list a row stands, for most of it is not in the document.
function placeOf(review: Review, row: Row) {
  return { "aria-posinset": row.at + 1, "aria-setsize": review.layout.peek().rows.length };
}

export function Confidence({ of }: { of: number }) {
  const tone = of >= 0.9 ? "high" : of >= 0.7 ? "middle" : "low";
  return <span class={`confidence ${tone}`} title={`Confidence ${of}`}>{Math.floor(of * 100 + 1e-9)}</span>;
}

// What is there → what is proposed, in one line.
export function Values({ change }: { change: Change }) {
  const before = text(change.status === "conflict" ? change.observed : change.current);
  const after = text(change.proposed);
  if (change.action === "remove") return <span class="values"><del>{before}</del></span>;
  return (
    <span class="values" title={before ? `${before} → ${after}` : after}>
      {before && <><del>{before}</del> → </>}
      <ins>{after}</ins>
      {change.creates && <em class="flag">new</em>}
      {change.edited && <em class="flag">edited</em>}
    </span>
  );
}

function note(change: Change): string {
  return change.status === "proposed" ? SOURCE_NAMES[change.source] : STATUS_NAMES[change.status];
}

function Decide({ review, change }: { review: Review; change: Change }) {
  const { status } = change;
  const button = (to: "accepted" | "rejected", sign: string, words: string) => {
    const pressed = status === to;
    return (
      <button
        type="button" class={`decide ${to}`} aria-pressed={pressed} disabled={!pressed && !mayDecide(status, to)}
        title={words} aria-label={`${words} ${describe(change)}`}
        onClick={(event) => {
          event.stopPropagation();
          review.cursor.value = change.id;
          review.toggle(change, to);
        }}
      >{sign}</button>
    );
  };
  return <>{button("accepted", "✓", "Accept")}{button("rejected", "✕", "Reject")}</>;
}

// A change in one sentence, for those who listen.
export function describe(change: Change): string {
  const what = FIELD_NAMES[change.field].toLowerCase();
  if (change.action === "remove") return `${what} ${text(change.current)}, to be removed`;
  const before = text(change.current);
  return `${what} ${text(change.proposed)}${before ? ` instead of ${before}` : ""}`;
}
