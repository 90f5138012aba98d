// The list: only the rows that are seen, and a few around them, are in the document.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Empty } from "../components/parts";
import type { ChangeStatus } from "../core/shapes";
import { STATUS_NAMES } from "../core/words";
import { narrows } from "./filters";
import type { Asking } from "./head";
import { NARROW, rowHeights } from "./heights";
import type { Layout, Row } from "./layout";
import { sum, type Review } from "./review";
import { ChangeRow, drawnAs, SceneRow } from "./row";

const AROUND = 3;

interface ListProps {
  review: Review;
  ask: (what: Asking) => void;
  onOpen: () => void;
  onEdit: () => void;
}

export function ChangeList({ review, ask, onOpen, onEdit }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 900 });
  const layout = review.layout.value;

  useEffect(() => {
    const gone = new AbortController();
    // Kept at hand: it is told of once more after it left the document, and this ends only then.
    const element = box.current!;
    const measure = () => review.measure(rowHeights());
    measure();
    NARROW.addEventListener("change", measure, { signal: gone.signal });
    const watch = new ResizeObserver(() => {
      if (element.isConnected) view.value = { top: element.scrollTop, height: element.clientHeight };
    });
    watch.observe(element);
    return () => {
      gone.abort();
      watch.disconnect();
    };
  }, [review]);

  useAnchor(box, layout);
  useFollow(box, review, view.peek().height);

  const { top, height } = view.value;
  const rows = layout.between(top, top + height, AROUND);
  void review.statuses.value;
  const draw = useDrawn({ review, ask, onOpen, onEdit });
  return (
    <div
      ref={box} class="changes" tabIndex={0} role="region" aria-label="Changes"
      onScroll={(event) => (view.value = { top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
    >
      {review.loaded.value && layout.rows.length === 0 && <NothingShown review={review} />}
      <div class="changes-all" role="list" style={{ height: `${layout.height}px` }}>
        {rows.map((row) => draw(row))}
      </div>
    </div>
  );
}

// Draws a row anew only when something on it changed: a key that is pressed touches two rows.
function useDrawn({ review, ask, onOpen, onEdit }: ListProps): (row: Row) => VNode {
  const latest = useRef({ ask, onOpen, onEdit });
  latest.current = { ask, onOpen, onEdit };
  const drawn = useRef(new Map<string, { as: string; node: VNode }>());
  const cursor = review.cursor.value;
  const chosen = review.selected.value;
  const before = drawn.current;
  drawn.current = new Map();
  return (row) => {
    const key = row.change ? String(row.change.id) : `s${row.scene.id}`;
    const current = row.change?.id === cursor;
    const selected = row.change !== null && chosen.has(row.change.id);
    const as = drawnAs({ review, row, current, selected });
    const known = before.get(key);
    const node = known?.as === as ? known.node : row.change
      ? (
        <ChangeRow
          key={key} review={review} row={row} current={current} selected={selected}
          onOpen={() => latest.current.onOpen()} onEdit={() => latest.current.onEdit()}
        />
      )
      : <SceneRow key={key} review={review} row={row} ask={(what) => latest.current.ask(what)} />;
    drawn.current.set(key, { as, node });
    return node;
  };
}

// Keeps what is seen in its place when rows come or go above it.
function useAnchor(box: { current: HTMLDivElement | null }, layout: Layout): void {
  const before = useRef<Layout>(layout);
  useLayoutEffect(() => {
    const element = box.current!;
    const old = before.current;
    before.current = layout;
    if (old === layout || element.scrollTop === 0) return;
    const from = old.indexAt(element.scrollTop);
    const kept = old.rows.slice(from, from + 200).find((row) => layout.has(row.change?.id ?? null));
    if (!kept) return;
    const now = layout.rowOf(kept.change!.id)!;
    element.scrollTop += now.top - kept.top;
  }, [layout]);
}

// Scrolls so that the current change, and the head of its scene where that fits, is seen.
// The room is what was measured last: asking for it here would lay the whole page out again.
function useFollow(box: { current: HTMLDivElement | null }, review: Review, room: number): void {
  const cursor = review.cursor.value;
  const before = useRef<number | null>(null);
  useLayoutEffect(() => {
    const first = before.current === null;
    before.current = cursor;
    const row = review.layout.value.rowOf(cursor);
    if (row && !(first && row.top < room / 2)) reveal(box.current!, review.layout.value, row, room);
  }, [cursor]);
}

function reveal(element: HTMLElement, layout: Layout, row: Row, room: number): void {
  const index = layout.indexAt(row.top);
  const head = layout.rows[index - 1]?.change === null ? layout.rows[index - 1]! : row;
  const from = head.top;
  const to = row.top + row.height + 2 * row.height;
  if (from < element.scrollTop) element.scrollTop = from;
  else if (to > element.scrollTop + room) element.scrollTop = Math.min(to - room, from);
}

function NothingShown({ review }: { review: Review }) {
  const { status } = review.filters;
  const total = review.index.changes.size;
  if (total === 0) {
    return review.plan.value?.status === "draft"
      ? <Empty title="Nothing found yet"><p>The analysis is running; what it finds appears here, and can be reviewed at once.</p></Empty>
      : <Empty title="This plan changes nothing"><p>Every scene that was looked at was left alone; the menu says why.</p></Empty>;
  }
  if (status === "proposed" && sum(review.counts.value) === total) {
    return <Empty title="Everything is decided"><p>What you accepted is written to Stash when you apply it.</p></Empty>;
  }
  return <Empty title={narrows(review.filters) ? "No change fits these filters" : `None is “${STATUS_NAMES[status as ChangeStatus].toLowerCase()}” just now`} />;
}
