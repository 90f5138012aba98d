// What is shown: statuses as tabs, the other filters, search, and what to do with all of it.

import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { Select } from "../components/parts";
import { whole } from "../core/format";
import type { ChangeStatus } from "../core/shapes";
import { FIELD_NAMES, FIELDS, SOURCE_NAMES, SOURCES, STATUS_NAMES } from "../core/words";
import { DEFAULTS, narrows, ORDERS, RANGES, rangeKey, readRange, type Filters, type Order } from "./filters";
import type { Asking } from "./head";
import { sum, type Review } from "./review";
import { mayDecide } from "./rules";
import { mayWrite, WRITE_WORDS } from "./scopes";

const SEARCH_MS = 120;
const ALWAYS: readonly (ChangeStatus | "all")[] = ["proposed", "accepted", "rejected"];
const SOMETIMES: readonly ChangeStatus[] = ["conflict", "failed", "applying", "applied", "undone", "undo_conflict"];

interface ToolbarProps {
  review: Review;
  filters: Filters;
  onFilters: (filters: Partial<Filters>) => void;
  ask: (what: Asking) => void;
  search: RefObject<HTMLInputElement | null>;
}

export function Toolbar({ review, filters, onFilters, ask, search }: ToolbarProps) {
  const counts = review.counts.value;
  const totals = review.totals.value;
  const tabs = [...ALWAYS, ...SOMETIMES.filter((status) => totals.get(status)), "all" as const];
  const ranges: [string, string][] = RANGES.map(([key, name]) => [key, name]);
  if (!ranges.some(([key]) => key === rangeKey(filters))) {
    ranges.push([rangeKey(filters), `${Math.round(filters.min * 100)} to ${Math.round(filters.max * 100)} %`]);
  }
  return (
    <div class="toolbar">
      <nav class="tabs" aria-label="Status">
        {tabs.map((status) => (
          <button
            key={status} type="button" class={`tab ${status}`} aria-pressed={filters.status === status}
            onClick={() => (filters.status === status ? review.refresh() : onFilters({ status }))}
          >
            {status === "all" ? "All" : STATUS_NAMES[status]} <span class="number">{whole(status === "all" ? sum(counts) : counts.get(status) ?? 0)}</span>
          </button>
        ))}
      </nav>
      <Shown review={review} filters={filters} ask={ask} />
      <div class="filters">
        <Select label="Field" value={filters.field} onPick={(field) => onFilters({ field: field as Filters["field"] })}
          options={[["", "All fields"], ...FIELDS.map((field) => [field, FIELD_NAMES[field]] as const)]} />
        <Select label="Source" value={filters.source} onPick={(source) => onFilters({ source: source as Filters["source"] })}
          options={[["", "All sources"], ...SOURCES.map((source) => [source, `by ${SOURCE_NAMES[source]}`] as const)]} />
        <Select label="Confidence" value={rangeKey(filters)} onPick={(key) => onFilters(readRange(key))} options={ranges} />
        <Select label="Marks" value={filters.flag} onPick={(flag) => onFilters({ flag: flag as Filters["flag"] })}
          options={[["", "New or known"], ["new", "New in Stash"], ["edited", "Edited"]]} />
        <Select label="Order" value={filters.order} onPick={(order) => onFilters({ order: order as Order })} options={ORDERS} />
        <Search value={filters.q} onSearch={(q) => onFilters({ q })} field={search} />
        {narrows(filters) && <button type="button" class="ghost" onClick={() => onFilters({ ...DEFAULTS, status: filters.status, order: filters.order })}>Clear filters</button>}
      </div>
    </div>
  );
}

// Follows the typing a moment later: the address does not change with every letter.
function Search({ value, onSearch, field }: { value: string; onSearch: (text: string) => void; field: ToolbarProps["search"] }) {
  const timer = useRef(0);
  const [typed, setTyped] = useState<string | null>(null);
  const finish = (text: string) => {
    clearTimeout(timer.current);
    setTyped(null);
    if (text !== value) onSearch(text);
  };
  return (
    <input
      ref={field} type="search" aria-label="Search path, title and values" placeholder="Search  /" value={typed ?? value}
      onInput={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => finish(text), SEARCH_MS);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" && event.key !== "Enter") return;
        finish(event.currentTarget.value);
        event.currentTarget.blur();
      }}
    />
  );
}

function Shown({ review, filters, ask }: { review: Review; filters: Filters; ask: (what: Asking) => void }) {
  const open = review.counts.value.get(filters.status === "all" ? "proposed" : filters.status) ?? 0;
  const stale = review.stale.value;
  void review.statuses.value;
  const picked = [...review.selected.value].map((id) => review.index.changes.get(id)!);
  const chosen = picked.length;
  const may = (to: "accepted" | "rejected") => picked.some(({ status }) => mayDecide(status, to));
  const decidable = ["all", "proposed", "accepted", "rejected", "failed", "undone"].includes(filters.status);
  return (
    <div class="shown">
      {chosen > 0 ? (
        <>
          <strong class="number">{whole(chosen)} selected</strong>
          {may("accepted") && <button type="button" onClick={() => review.press("accepted")}>Accept</button>}
          {may("rejected") && <button type="button" onClick={() => review.press("rejected")}>Reject</button>}
          {WRITE_WORDS.map(([write, word]) => {
            const many = picked.filter((change) => mayWrite(write, change)).length;
            return many > 0 && <button key={write} type="button" onClick={() => ask({ write, scope: "selected" })}>{word} {whole(many)}…</button>;
          })}
          <button type="button" class="ghost" onClick={() => review.selectNone()}>Clear</button>
        </>
      ) : (
        <>
          {(filters.status === "proposed" || filters.status === "all") && (
            <button type="button" disabled={open === 0} onClick={() => ask("threshold")} title="Accept what is sure enough (t)">Accept the sure ones…</button>
          )}
          {decidable && filters.status !== "accepted" && <button type="button" class="ghost" disabled={open === 0} onClick={() => ask("accept-shown")}>Accept all {whole(open)}…</button>}
          {(decidable || filters.status === "conflict") && filters.status !== "rejected" && (
            <button type="button" class="ghost" disabled={open === 0} onClick={() => ask("reject-shown")}>{filters.status === "conflict" ? "Keep what Stash has in all" : "Reject all"} {whole(open)}…</button>
          )}
        </>
      )}
      {stale > 0 && <button type="button" class="ghost stale" onClick={() => review.refresh()}>Hide {whole(stale)} decided</button>}
    </div>
  );
}
