import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, matcher, readFilters, statusMatches, writeFilters } from "../../stashhog/ui/src/review/filters.ts";
import { History } from "../../stashhog/ui/src/review/history.ts";
import { PlanIndex, sceneName } from "../../stashhog/ui/src/review/index.ts";
import { grouped, Layout } from "../../stashhog/ui/src/review/layout.ts";
import { meetingsOf, met, together } from "../../stashhog/ui/src/review/meetings.ts";
import { pressed, undoTarget } from "../../stashhog/ui/src/review/rules.ts";
import { scopesOf } from "../../stashhog/ui/src/review/scopes.ts";
import { atLeast, histogram, summarize } from "../../stashhog/ui/src/review/summary.ts";
import { queryText } from "../../stashhog/ui/src/core/links.ts";

const HEIGHTS = { scene: 50, change: 30 };

// [id, scene, field, proposed, more]
function indexOf(...changes) {
  const index = new PlanIndex();
  index.take(answer(changes), () => false);
  return index;
}

function answer(changes, since = "2026-01-01T00:00:00Z") {
  const scenes = [...new Set(changes.map(([, scene]) => scene))].map((id) => [id, null, `/m/${id}/film ${id}.mp4`]);
  const rows = changes.map(([id, scene, field, proposed, more = {}]) => [
    id, scene, field, more.action ?? "set", more.current ?? null, proposed, null, more.confidence ?? 0.9, more.source ?? "rule",
    more.status ?? "proposed", more.creates ?? false, false, null, null,
  ]);
  return { since, scene_columns: [], scenes, change_columns: [], changes: rows };
}

const all = (index) => [...index.changes.values()];
const shownOf = (index, order = "scene") => new Layout(grouped(all(index), order), HEIGHTS);

test("a scene's changes stand in the order of the fields, whatever order they came in", () => {
  const index = indexOf([1, "5", "tags", "a"], [2, "5", "title", "b"], [3, "5", "studio", "c"]);
  assert.deepEqual(index.scenes.get("5").changes.map(({ field }) => field), ["title", "studio", "tags"]);
});

test("a later answer adds what is new and moves what moved, but not what has a decision on its way", () => {
  const index = indexOf([1, "5", "title", "a"], [2, "5", "date", "b"]);
  const later = answer([[1, "5", "title", "a", { status: "accepted" }], [2, "5", "date", "b", { status: "accepted" }], [3, "6", "title", "c"]]);
  assert.deepEqual(index.take(later, (id) => id === 2), { added: 1, moved: 1 });
  assert.deepEqual(all(index).map(({ status }) => status), ["accepted", "proposed", "proposed"]);
  assert.equal(index.lastId, 3);
});

test("filters go into the address and come back, and what is as usual is left out", () => {
  const filters = { ...DEFAULTS, status: "all", field: "tags", min: 0.8, q: "two words", order: "unsure" };
  assert.deepEqual(readFilters(new URLSearchParams(queryText(writeFilters(filters)))), filters);
  assert.equal(queryText(writeFilters(DEFAULTS)), "");
});

test("nonsense in the address filters nothing", () => {
  assert.deepEqual(readFilters(new URLSearchParams("status=x&field=y&min_confidence=7&order=z&flag=q")), DEFAULTS);
});

test("every word of a search has to be in the path, the title or the values", () => {
  const index = indexOf([1, "5", "studio", { id: "1", name: "Velvet Harbour" }], [2, "6", "title", "Harbour"]);
  const found = (q) => all(index).filter(matcher({ ...DEFAULTS, q })).map(({ id }) => id);
  assert.deepEqual([found("harbour"), found("HARBOUR velvet"), found("film 6"), found("nowhere")], [[1, 2], [1], [2], []]);
});

test("the other filters each let through what they say", () => {
  const index = indexOf([1, "5", "title", "a", { confidence: 0.8 }], [2, "5", "tags", "b", { source: "llm", creates: true, status: "accepted" }]);
  const ids = (some) => all(index).filter(matcher({ ...DEFAULTS, ...some })).map(({ id }) => id);
  assert.deepEqual([ids({ field: "tags" }), ids({ source: "rule" }), ids({ max: 0.8 }), ids({ min: 0.8 }), ids({ flag: "new" }), ids({ scene: "6" })],
    [[2], [1], [1], [1, 2], [2], []]);
  assert.deepEqual(all(index).filter((change) => statusMatches({ ...DEFAULTS, status: "accepted" }, change)).map(({ id }) => id), [2]);
});

test("rows lie below each other, a scene before its changes", () => {
  const layout = shownOf(indexOf([1, "5", "title", "a"], [2, "5", "date", "b"], [3, "6", "title", "c"]));
  assert.deepEqual(layout.rows.map(({ top, change }) => [top, change?.id ?? null]), [[0, null], [50, 1], [80, 2], [110, null], [160, 3]]);
  assert.equal(layout.height, 190);
});

test("whatever part is looked at, the rows that are seen are there and few others are", () => {
  const index = indexOf(...Array.from({ length: 3000 }, (_, at) => [at + 1, String(1 + (at % 700)), "tags", `t${at}`]));
  const layout = shownOf(index);
  for (let top = 0; top < layout.height; top += 997) {
    const rows = layout.between(top, top + 600, 3);
    const seen = layout.rows.filter((row) => row.top + row.height > top && row.top < top + 600);
    assert.ok(seen.every((row) => rows.includes(row)));
    assert.ok(rows.length <= seen.length + 6);
  }
});

test("steps stay within the list, and scenes are stepped to by their first change", () => {
  const layout = shownOf(indexOf([1, "5", "title", "a"], [2, "5", "date", "b"], [3, "6", "title", "c"], [4, "7", "title", "d"]));
  const ids = (...found) => found.map((change) => change?.id);
  assert.deepEqual(ids(layout.step(null, 1), layout.step(1, 1), layout.step(4, 1), layout.step(1, -1)), [1, 2, 4, 1]);
  assert.deepEqual(ids(layout.stepScene(1, 1), layout.stepScene(4, 1), layout.stepScene(2, -1), layout.stepScene(3, -1)), [3, 4, 1, 1]);
  assert.deepEqual(ids(new Layout([], HEIGHTS).step(null, 1)), [undefined]);
});

test("after a decision the next change that waits for one is next", () => {
  const layout = shownOf(indexOf([1, "5", "title", "a"], [2, "5", "date", "b", { status: "rejected" }], [3, "6", "title", "c"]));
  assert.equal(layout.nextOpen(1).id, 3);
  assert.equal(layout.nextOpen(3).id, 3);
});

test("the orders are by folder, by number, and by the least sure change of a scene", () => {
  const index = indexOf([1, "10", "title", "a", { confidence: 0.6 }], [2, "9", "title", "b", { confidence: 0.9 }], [3, "2", "title", "c", { confidence: 0.7 }]);
  const scenes = (order) => grouped(all(index), order).map(([first]) => first.scene.id);
  assert.deepEqual([scenes("path"), scenes("scene"), scenes("unsure"), scenes("sure")],
    [["10", "2", "9"], ["2", "9", "10"], ["10", "2", "9"], ["9", "2", "10"]]);
});

test("the same decision again takes it back, and a written change takes none", () => {
  assert.deepEqual([pressed("proposed", "accepted"), pressed("accepted", "accepted"), pressed("accepted", "rejected"), pressed("applied", "rejected")],
    ["accepted", "proposed", "rejected", null]);
});

test("decisions are taken back latest first, each change to where it was", () => {
  const history = new History();
  history.push({ label: "one", moves: [{ id: 1, from: "proposed", to: "accepted" }] });
  history.push({ label: "two", moves: [{ id: 1, from: "accepted", to: "rejected" }, { id: 2, from: "conflict", to: "rejected" }] });
  history.push({ label: "nothing", moves: [] });
  const { step, back } = history.pop(() => "rejected");
  assert.equal(step.label, "two");
  assert.deepEqual([...back], [["accepted", [1]], ["proposed", [2]]]);
  assert.equal(undoTarget("failed"), "proposed");
});

test("what has moved on since its decision is not taken back", () => {
  const history = new History();
  history.push({ label: "one", moves: [{ id: 1, from: "proposed", to: "accepted" }, { id: 2, from: "proposed", to: "accepted" }] });
  const { back } = history.pop((id) => (id === 1 ? "applied" : "accepted"));
  assert.deepEqual([...back], [["proposed", [2]]]);
  assert.equal(history.pop(() => "accepted"), undefined);
});

test("a summary counts scenes and new entries once", () => {
  const tag = (name) => ({ id: null, name });
  const index = indexOf([1, "5", "tags", tag("Owl"), { creates: true, action: "add" }], [2, "6", "tags", tag(" owl "), { creates: true, action: "add" }],
    [3, "6", "title", "New", { current: "Old" }], [4, "6", "tags", null, { action: "remove", current: tag("Bad") }]);
  const found = summarize(all(index));
  assert.deepEqual([found.changes, found.scenes, found.created.length, found.replacements, found.removals], [4, 2, 1, 1, 1]);
  assert.deepEqual(found.byField, [["tags", 3], ["title", 1]]);
});

test("a threshold takes what is at least that sure, to the last digit that is shown", () => {
  const index = indexOf(...[0.899, 0.9, 0.901, 1].map((confidence, at) => [at + 1, "5", "tags", `t${at}`, { confidence }]));
  assert.deepEqual(atLeast(all(index), 0.9).map(({ id }) => id), [2, 3, 4]);
});

test("each confidence falls into one bin, 1 into the last", () => {
  const index = indexOf(...[0, 0.049, 0.05, 0.95, 1].map((confidence, at) => [at + 1, "5", "tags", `t${at}`, { confidence }]));
  const bins = histogram(all(index), 20);
  assert.deepEqual([bins[0], bins[1], bins[19], bins.reduce((a, b) => a + b)], [2, 1, 2, 5]);
});

test("a scene without a title goes by its file's name, on either kind of path", () => {
  assert.equal(sceneName({ id: "1", title: null, path: "C:\\films\\a b.mp4" }), "a b.mp4");
  assert.equal(sceneName({ id: "1", title: "", path: null }), "Scene 1");
});

test("the parts of a plan that may be written are those that hold something and are not the whole", () => {
  const index = indexOf(
    [1, "5", "title", "a", { status: "accepted" }], [2, "5", "date", "b", { status: "applied" }],
    [3, "6", "title", "c", { status: "accepted" }], [4, "6", "date", "d"],
  );
  const look = { changes: all(index), matching: null, selected: new Set([2, 3, 4]), current: index.changes.get(1) };
  const parts = (write, asked = "all", more = {}) =>
    scopesOf(write, asked, { ...look, ...more }).map(({ name, changes, body }) => [name, changes.map(({ id }) => id), body]);
  assert.deepEqual(parts("apply"), [
    ["all", [1, 3], {}], ["selected", [3], { change_ids: [3] }],
    ["scene", [1], { scene_ids: ["5"] }], ["one", [1], { change_ids: [1] }],
  ]);
  assert.deepEqual(parts("undo"), [["all", [2], {}]]);
  // What was asked for stays a part of its own, so that nothing else goes with it.
  assert.deepEqual(parts("undo", "scene"), [["all", [2], {}], ["scene", [2], { scene_ids: ["5"] }]]);
  assert.deepEqual(parts("apply", "all", { matching: new Set([3, 4]), selected: new Set(), current: undefined }), [
    ["all", [1, 3], {}], ["shown", [3], { change_ids: [3] }],
  ]);
});

test("what accepting would meet is said in words, the names that come up most first", () => {
  const index = indexOf(
    ...[1, 2, 3].map((id) => [id, String(id), "tags", { id: "9", name: "Rain" }, { action: "add" }]),
    [4, "1", "tags", { id: "8", name: "Sun" }, { action: "add" }], [5, "1", "title", "a"],
  );
  const meets = { gone: [], changed: [5], rivals: [], rejected: [4], rejected_elsewhere: [1, 2, 3, 4] };
  const said = meetingsOf(meets, (id) => index.changes.get(id));
  assert.deepEqual(said.map(({ text }) => Number.parseInt(text, 10)), [1, 4, 1]);
  assert.equal(said[1].names, "tag Rain (3), tag Sun");
  assert.deepEqual([...met(meets)].sort(), [1, 2, 3, 4, 5]);
  assert.equal(together(null, null), null);
  assert.deepEqual(together(meets, meets).changed, [5, 5]);
});

test("what lies between two changes is found from either end", () => {
  const layout = shownOf(indexOf([1, "5", "title", "a"], [2, "5", "date", "b"], [3, "6", "title", "c"]));
  const ids = (from, to) => layout.span(from, to).map(({ id }) => id);
  assert.deepEqual([ids(1, 3), ids(3, 1), ids(2, 2), ids(99, 2)], [[1, 2, 3], [1, 2, 3], [2], [2]]);
});
