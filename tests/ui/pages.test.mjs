import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrationPoints, line, path, share, thinned } from "../../stashhog/ui/src/core/charts.ts";
import { jobTitle, planOf, resultText, spoken } from "../../stashhog/ui/src/core/jobs.ts";
import { changed, filterBody, filterQuery, hasFilters, pageOf, sortOf, toggled } from "../../stashhog/ui/src/scenes/filters.ts";
import { optionsOf } from "../../stashhog/ui/src/scenes/options.ts";
import { describe, parsed, sourceName, typed, variableOf } from "../../stashhog/ui/src/settings/fields.ts";

const address = (text) => new URLSearchParams(text);

test("the address's filters go to the list as they are, repeated ones repeated", () => {
  const query = address("q=otter&missing=studio&missing=date&view=grid&page=3&sort=title");
  assert.deepEqual(filterQuery(query), { q: "otter", missing: ["studio", "date"] });
  assert.equal(hasFilters(query), true);
  assert.equal(pageOf(query), 3);
  assert.equal(sortOf(query), "title");
});

test("an analysis of what is shown takes the same filters, and everything only in so many words", () => {
  assert.deepEqual(filterBody(address("organized=false&tag_id=3&q=x")), { q: "x", organized: false, tag_id: ["3"] });
  assert.deepEqual(filterBody(address("view=grid&sort=title")), { all: true });
});

test("another filter begins at the first page and keeps view and order", () => {
  const next = changed(address("q=a&page=7&view=grid&sort=path"), { q: "b" });
  assert.deepEqual(next, { q: "b", view: "grid", sort: "path" });
});

test("an order or a page that does not exist is the usual one", () => {
  assert.equal(sortOf(address("sort=rm+-rf")), "-created_at");
  assert.deepEqual(["", "page=0", "page=-3", "page=x", "page=2.9"].map((text) => pageOf(address(text))), [1, 1, 1, 1, 2]);
  assert.deepEqual(toggled(toggled(["a"], "b"), "a"), ["b"]);
});

test("an analysis's options say only what was chosen", () => {
  const form = new FormData();
  for (const field of ["title", "studio"]) form.append("fields", field);
  form.append("min_confidence", "0.7");
  assert.deepEqual(optionsOf(form), { fields: ["title", "studio"], min_confidence: 0.7, include_organized: false, removals: false });
  form.append("use_llm", "auto");
  form.append("max_cost_usd", "0.5");
  form.append("create_missing", "tags");
  form.append("overwrite", "date");
  const all = optionsOf(form);
  assert.deepEqual(all.create_missing, { performers: false, tags: true, studios: false });
  assert.deepEqual([all.max_cost_usd, all.overwrite, all.use_llm], [0.5, ["date"], "auto"]);
});

test("a setting's field is what its schema says", () => {
  const seconds = describe("stash.timeout", { type: "number", unit: "seconds", minimum: 0.5, description: "All that one request may take." });
  assert.deepEqual([seconds.kind, seconds.unit, seconds.label, seconds.nullable], ["number", "seconds", "All that one request may take", false]);
  const long = describe("analysis.use_llm", { enum: ["auto"], description: "When a model is asked: auto asks it about scenes in doubt." });
  assert.deepEqual([long.label, long.hint, seconds.hint], ["When a model is asked", "Auto asks it about scenes in doubt", ""]);
  const key = describe("stash.api_key", { anyOf: [{ type: "string", writeOnly: true }, { type: "null" }] });
  assert.deepEqual([key.kind, key.nullable], ["secret", true]);
  assert.equal(describe("openai.enabled", { anyOf: [{ type: "boolean" }, { type: "null" }] }).kind, "choice");
  assert.deepEqual(describe("analysis.fields", { type: "array", items: { enum: ["a", "b"] } }).choices, ["a", "b"]);
});

test("what is typed for a setting comes back as it went out", () => {
  for (const [kind, value] of [["number", 1.5], ["integer", 3], ["flag", true], ["text", "a b"], ["lines", ["x", "y"]], ["json", { a: [1] }], ["choice", "auto"], ["choice", false]]) {
    assert.deepEqual(parsed(kind, typed(value)), value, kind);
  }
  assert.equal(parsed("number", " "), null);
  assert.deepEqual(parsed("lines", ""), []);
  assert.equal(parsed("number", "many"), "many");
  assert.equal(parsed("json", "{"), "{");
});

test("where a setting comes from is said in words", () => {
  assert.equal(variableOf("stash.api_key"), "STASHHOG_STASH__API_KEY");
  assert.equal(sourceName("env"), "environment");
  assert.equal(sourceName("somewhere"), "somewhere");
});

test("a curve begins at the left, ends at the right and stays in its box", () => {
  const points = line([0, 0.5, 1], 100, 40, 1);
  assert.deepEqual(points, [{ x: 0, y: 40 }, { x: 50, y: 20 }, { x: 100, y: 0 }]);
  assert.equal(path(points), "M0 40L50 20L100 0");
  assert.deepEqual(line([3], 100, 40, 0), [{ x: 0, y: 40 }]);
  assert.equal(share(0, 0), 1);
  assert.equal(share(25, 100), 0.75);
  const many = Array.from({ length: 1000 }, (_, at) => at);
  assert.deepEqual([thinned(many, 10).length, thinned(many, 10)[0], thinned(many, 10).at(-1)], [10, 0, 999]);
});

test("a job says what it was asked for and what came of it", () => {
  const job = (kind, params, result = null) => ({ kind, params, result });
  assert.equal(jobTitle(job("sync", { mode: "full" })), "Full sync");
  assert.equal(jobTitle(job("sync", { mode: "incremental", scene_ids: ["1"] })), "Sync of 1 scene");
  assert.equal(jobTitle(job("undo", { plan_id: 4 })), "Undo");
  assert.equal(planOf(job("undo", { plan_id: 4 })), 4);
  assert.equal(planOf(job("sync", { mode: "full" })), null);
  const done = job("apply", {}, { applied: 12, already: 0, conflicts: 2, failed: 0, skipped: 0, created: { tags: 0 } });
  assert.equal(resultText(done), "12 written, 2 in conflict");
  assert.match(resultText(job("analysis", {}, { plan_id: 1, scenes: 3, changes: 4, stopped: "budget" })), /3 scenes, 4 changes, stopped by the budget/);
});

test("of a job at work each tenth is read out, not every step", () => {
  const at = (done, more = {}) => spoken({ kind: "apply", params: {}, status: "running", waiting: null, progress: { done, total: 1000 }, ...more });
  assert.deepEqual([at(0), at(99), at(101), at(1000)], ["Apply: 0 %", "Apply: 0 %", "Apply: 10 %", "Apply: 100 %"]);
  assert.equal(at(5, { waiting: { code: "stash_unavailable" } }), "Apply: stash unavailable");
  assert.equal(at(5, { status: "completed" }), "Apply: Done");
});

test("a bin of decisions lies where it was right as often as it said, and a small one nowhere", () => {
  const bins = [
    { decided: 10, accepted: 5, mean_confidence: 0.5 },
    { decided: 2, accepted: 2, mean_confidence: 0.75 },
    { decided: 20, accepted: 20, mean_confidence: 0.9 },
  ];
  assert.deepEqual(calibrationPoints(bins, 100, 100, 5), [{ x: 50, y: 50, decided: 10 }, { x: 90, y: 0, decided: 20 }]);
});
