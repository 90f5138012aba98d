// All scenes of the library: found, looked at as a list or as pictures, chosen, analysed.

import { useEffect, useRef, useState } from "preact/hooks";
import { analyse } from "../components/analyse";
import { Action, Badge, Empty, Loaded, Pager, Select, Thumb } from "../components/parts";
import { api, type Page as ListPage } from "../core/api";
import { clock, count, size, whole } from "../core/format";
import { useKeys } from "../core/keys";
import { LACKING, type Lacking, type Scene } from "../core/library";
import type { Query } from "../core/links";
import { libraryVersion, takeJob } from "../core/live";
import { useLoad, useTitle } from "../core/load";
import { say } from "../core/notices";
import { go, href, setQuery } from "../core/router";
import type { Job } from "../core/shapes";
import type { Page, PageProps } from "../pages";
import { changed, filterBody, filterQuery, hasFilters, missingOf, pageOf, SORTS, sortOf, toggled } from "../scenes/filters";
import { EntityChip, EntityPicker, type EntityKind } from "../scenes/picker";

const SIZE = 60;
const TYPING_MS = 250;

export const scenesPage: Page = { path: "/scenes", view: Scenes, nav: { label: "Scenes", key: "s" } };

function Scenes({ query }: PageProps) {
  useTitle("Scenes");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const page = pageOf(query);
  const grid = query.get("view") === "grid";
  const version = libraryVersion.value;
  const list = useLoad(
    (signal) => api.get<ListPage<Scene>>("scenes", { ...filterQuery(query), sort: sortOf(query), page, size: SIZE }, signal),
    [query.toString(), version],
  );
  const items = list.data?.items ?? [];
  const change = (values: Query, how?: { replace?: boolean }) => setQuery(changed(query, values), how);
  const pick = (id: string) => setChosen(new Set(toggled([...chosen], id)));
  const move = (by: number) => {
    const next = Math.max(0, Math.min(items.length - 1, at + by));
    setAt(next);
    document.querySelector(`[data-row="${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useEffect(() => setAt(-1), [query.toString()]);
  useKeys("Scenes", [
    { keys: ["/"], what: "search", run: () => search.current?.focus() },
    { keys: ["j", "ArrowDown"], what: "next scene", run: () => move(1) },
    { keys: ["k", "ArrowUp"], what: "previous scene", run: () => move(-1) },
    { keys: ["Enter", "o"], what: "open the scene", run: () => items[at] && go(`/scenes/${items[at].id}`) },
    { keys: ["x"], what: "select", run: () => items[at] && pick(items[at].id) },
    { keys: ["Escape"], what: "select nothing", run: () => setChosen(new Set()) },
    { keys: ["v"], what: "list or pictures", run: () => change({ view: grid ? null : "grid", page: query.get("page") }) },
  ]);
  return (
    <div class="page">
      <div class="page-head">
        <h1>Scenes</h1>
        <span class="soft" role="status">{list.data && count(list.data.total, "scene")}</span>
        <Actions query={query} total={list.data?.total ?? 0} chosen={chosen} clear={() => setChosen(new Set())} />
      </div>
      <div class="scene-filters">
        <SearchField text={query.get("q") ?? ""} field={search} onText={(q) => change({ q })} />
        <Select label="Sort by" value={sortOf(query)} options={SORTS} onPick={(sort) => change({ sort })} />
        <button type="button" aria-pressed={grid} onClick={() => change({ view: grid ? null : "grid", page: query.get("page") })}>Pictures</button>
        <button type="button" aria-expanded={open} aria-pressed={open} onClick={() => setOpen(!open)}>Filters</button>
      </div>
      {open && <MoreFilters query={query} change={change} />}
      <Chips query={query} change={change} />
      <Loaded of={list}>
        {({ items: scenes, pages }) => scenes.length === 0 ? <Nothing filtered={hasFilters(query)} /> : (
          <>
            {grid
              ? <Grid scenes={scenes} at={at} chosen={chosen} pick={pick} />
              : <List scenes={scenes} at={at} chosen={chosen} pick={pick} setAll={(on) => setChosen(new Set(on ? [...chosen, ...scenes.map(({ id }) => id)] : []))} />}
            <Pager page={page} pages={pages} onPage={(to) => {
              change({ page: to === 1 ? null : to }, { replace: false });
              scrollTo(0, 0);
            }} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function SearchField({ text, field, onText }: { text: string; field: { current: HTMLInputElement | null }; onText: (text: string) => void }) {
  const timer = useRef(0);
  return (
    <input
      ref={field} class="search" type="search" placeholder="Search title, path, performers, studio, tags" aria-label="Search scenes"
      key={text === "" ? "empty" : "text"} defaultValue={text} spellcheck={false}
      onInput={(event) => {
        const typed = event.currentTarget.value;
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => onText(typed.trim()), TYPING_MS);
      }}
    />
  );
}

const TRUTH = [["", "either"], ["true", "yes"], ["false", "no"]] as const;
type Change = (values: Query, how?: { replace?: boolean }) => void;

function MoreFilters({ query, change }: { query: URLSearchParams; change: Change }) {
  const missing = missingOf(query);
  return (
    <div class="panel filter-panel">
      <fieldset class="plain">
        <legend class="label">Nothing in</legend>
        <div class="checks">
          {LACKING.map((name) => (
            <label key={name} class="check">
              <input type="checkbox" checked={missing.includes(name)} onChange={() => change({ missing: toggled(missing, name) })} /> {name}
            </label>
          ))}
        </div>
      </fieldset>
      <div class="filter-fields">
        <label class="field"><span class="label">Organized</span><Select value={query.get("organized") ?? ""} options={TRUTH} onPick={(organized) => change({ organized })} /></label>
        <label class="field"><span class="label">Analysed as it is now</span><Select value={query.get("analyzed") ?? ""} options={TRUTH} onPick={(analyzed) => change({ analyzed })} /></label>
        <label class="field"><span class="label">Deleted in Stash</span><Select value={query.get("deleted") ?? ""} options={[["", "no"], ["true", "yes"]]} onPick={(deleted) => change({ deleted })} /></label>
        <div class="field"><span class="label">Studio</span><EntityPicker kind="studios" onPick={(studio_id) => change({ studio_id })} /></div>
        <div class="field"><span class="label">Performer</span><EntityPicker kind="performers" onPick={(id) => change({ performer_id: [...query.getAll("performer_id"), id] })} /></div>
        <div class="field"><span class="label">Tag</span><EntityPicker kind="tags" onPick={(id) => change({ tag_id: [...query.getAll("tag_id"), id] })} /></div>
        <label class="field"><span class="label">Path begins with</span><input value={query.get("path") ?? ""} spellcheck={false} onChange={(event) => change({ path: event.currentTarget.value })} /></label>
        <label class="field"><span class="label">From</span><input type="date" value={query.get("date_from") ?? ""} onChange={(event) => change({ date_from: event.currentTarget.value })} /></label>
        <label class="field"><span class="label">To</span><input type="date" value={query.get("date_to") ?? ""} onChange={(event) => change({ date_to: event.currentTarget.value })} /></label>
      </div>
    </div>
  );
}

const PLAIN: [string, (value: string) => string][] = [
  ["missing", (value) => `no ${value}`],
  ["organized", (value) => (value === "true" ? "organized" : "not organized")],
  ["analyzed", (value) => (value === "true" ? "analysed as it is now" : "not analysed as it is now")],
  ["deleted", () => "deleted in Stash"],
  ["path", (value) => `in ${value}…`],
  ["date_from", (value) => `from ${value}`],
  ["date_to", (value) => `to ${value}`],
];

function Chips({ query, change }: { query: URLSearchParams; change: Change }) {
  const studio = query.get("studio_id");
  const plain = PLAIN.flatMap(([name, text]) => query.getAll(name).map((value): [string, string, string] => [name, value, text(value)]));
  const lists: [EntityKind, "performer_id" | "tag_id"][] = [["performers", "performer_id"], ["tags", "tag_id"]];
  const some = studio || lists.some(([, name]) => query.has(name)) || hasFilters(query);
  if (!some) return null;
  return (
    <div class="chips">
      {studio && <EntityChip kind="studios" id={studio} onRemove={() => change({ studio_id: null })} />}
      {lists.flatMap(([kind, name]) => query.getAll(name).map((id) => (
        <EntityChip key={`${name}${id}`} kind={kind} id={id} onRemove={() => change({ [name]: query.getAll(name).filter((one) => one !== id) })} />
      )))}
      {plain.map(([name, value, text]) => (
        <span key={name + value} class="chip">
          {text}
          <button type="button" class="ghost" aria-label={`Not only: ${text}`} onClick={() => change({ [name]: query.getAll(name).filter((one) => one !== value) })}>×</button>
        </span>
      ))}
      {hasFilters(query) && <a href={href("/scenes", { view: query.get("view"), sort: query.get("sort") })}>All scenes</a>}
    </div>
  );
}

function Actions({ query, total, chosen, clear }: { query: URLSearchParams; total: number; chosen: ReadonlySet<string>; clear: () => void }) {
  const some = chosen.size > 0;
  const ids = [...chosen];
  const resync = async () => {
    takeJob(await api.post<Job>("scenes/sync", some ? { scene_ids: ids } : { mode: "incremental" }));
    say(some ? `Reading ${count(ids.length, "scene")} from Stash again.` : "Reading what changed in Stash.");
    clear();
  };
  return (
    <div class="actions">
      {some && <><span>{whole(chosen.size)} selected</span><button type="button" class="ghost" onClick={clear}>Select none</button></>}
      <Action run={resync}>{some ? "Read again from Stash" : "Sync"}</Action>
      <Action
        class="primary" disabled={!some && total === 0}
        run={() => analyse(some ? { scene_ids: ids } : { filter: filterBody(query) }, some ? count(ids.length, "scene") : undefined)}
      >
        {some ? "Analyse these…" : hasFilters(query) ? "Analyse what is shown…" : "Analyse…"}
      </Action>
    </div>
  );
}

interface ScenesProps {
  scenes: Scene[];
  at: number;
  chosen: ReadonlySet<string>;
  pick: (id: string) => void;
}

function List({ scenes, at, chosen, pick, setAll }: ScenesProps & { setAll: (on: boolean) => void }) {
  const all = scenes.every(({ id }) => chosen.has(id));
  return (
    <table class="table scenes">
      <thead>
        <tr>
          <th class="tick"><input type="checkbox" aria-label="Select all on this page" checked={all} onChange={() => setAll(!all)} /></th>
          <th class="wide-only"><span class="unseen">Picture</span></th><th>Scene</th><th class="wide-only">Studio</th><th class="wide-only">Performers</th>
          <th class="wide-only">Tags</th><th class="wide-only">Date</th><th class="number">Length</th>
        </tr>
      </thead>
      <tbody>
        {scenes.map((scene, position) => (
          <tr key={scene.id} data-row={position} class={position === at ? "current" : undefined}>
            <td class="tick"><input type="checkbox" aria-label={`Select ${nameOf(scene)}`} checked={chosen.has(scene.id)} onChange={() => pick(scene.id)} /></td>
            <td class="wide-only picture"><Thumb scene={scene.id} width={80} /></td>
            <td>
              <a class="clamp" href={href(`/scenes/${scene.id}`)}>{nameOf(scene)}</a> <Flags scene={scene} />
              {scene.files[0] && <div class="small soft path" title={scene.files[0].path}>{placeOf(scene)}</div>}
              <div class="small soft narrow-only clamp">{[scene.studio?.name, scene.date, scene.performers.map(({ name }) => name).join(", ")].filter(Boolean).join(" · ")}</div>
            </td>
            <td class="wide-only">{scene.studio?.name ?? <Lack what="studio" />}</td>
            <td class="wide-only">{scene.performers.length ? <div class="clamp">{scene.performers.map(({ name }) => name).join(", ")}</div> : <Lack what="performers" />}</td>
            <td class="wide-only small">{scene.tags.length ? shortList(scene.tags.map(({ name }) => name), 4) : <Lack what="tags" />}</td>
            <td class="wide-only number left">{scene.date ?? <Lack what="date" />}</td>
            <td class="number">{clock(scene.files[0]?.duration)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Grid({ scenes, at, chosen, pick }: ScenesProps) {
  return (
    <ul class="grid">
      {scenes.map((scene, position) => (
        <li key={scene.id} data-row={position} class={position === at ? "card current" : "card"}>
          <a href={href(`/scenes/${scene.id}`)} class="card-picture" tabIndex={-1} aria-hidden="true"><Thumb scene={scene.id} width={320} /></a>
          <div class="card-text">
            <input type="checkbox" aria-label={`Select ${nameOf(scene)}`} checked={chosen.has(scene.id)} onChange={() => pick(scene.id)} />
            <div>
              <a class="clamp" href={href(`/scenes/${scene.id}`)}>{nameOf(scene)}</a> <Flags scene={scene} />
              <div class="small soft">{[scene.studio?.name, scene.date, clock(scene.files[0]?.duration), size(scene.files[0]?.size)].filter(Boolean).join(" · ")}</div>
              <div class="small soft clamp">{scene.performers.map(({ name }) => name).join(", ")}</div>
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}

// A scene's title, or the name of its file.
export function nameOf(scene: Pick<Scene, "id" | "title" | "files">): string {
  return scene.title || scene.files[0]?.path.split(/[\\/]/).pop() || `Scene ${scene.id}`;
}

// Where its file lies: the folder alone where the scene goes by the file's name.
function placeOf({ title, files }: Scene): string {
  const path = files[0]!.path;
  return title ? path : path.slice(0, path.length - path.split(/[\\/]/).pop()!.length) || path;
}

export function Flags({ scene }: { scene: Scene }) {
  return (
    <>
      {scene.organized && <Badge kind="good">organized</Badge>}
      {scene.deleted && <Badge kind="bad">deleted in Stash</Badge>}
    </>
  );
}

function Lack({ what }: { what: Lacking }) {
  return <span class="soft"><span aria-hidden="true">–</span><span class="unseen">no {what}</span></span>;
}

function shortList(names: readonly string[], most: number): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} +${names.length - most}`;
}

function Nothing({ filtered }: { filtered: boolean }) {
  return filtered
    ? <Empty title="No scene matches."><a href={href("/scenes")}>Show all scenes</a></Empty>
    : <Empty title="No scenes yet"><p>A sync brings your library here; nothing in Stash changes by that.</p><a href={href("/")}>Go to the start</a></Empty>;
}
