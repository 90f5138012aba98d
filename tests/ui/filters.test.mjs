import assert from "node:assert/strict";
import { test } from "node:test";
import { changeFilters, changeQuery, changeSelector, hashOf, parseHash, SCENE_DEFAULTS, sceneFilters, sceneSelector,
} from "../../stashhog/ui/static/filters.js";

const search = (text) => new URLSearchParams(text);

test("an address is a path and its filters", () => {
  const { path, query } = parseHash("#/plans/5?status=all&field=tags");
  assert.equal(path, "/plans/5");
  assert.equal(query.get("field"), "tags");
});

test("an empty or foreign hash is the start, and a slash at the end says nothing", () => {
  assert.equal(parseHash("").path, "/");
  assert.equal(parseHash("#main").path, "/");
  assert.equal(parseHash("#/jobs/").path, "/jobs");
});

test("a scene search comes back from its own address", () => {
  const filters = sceneFilters(search("q=evening%20walk&missing=studio&missing=date&organized=false&tag_id=7&page=3"));
  const again = sceneFilters(parseHash(hashOf("/scenes", filters, SCENE_DEFAULTS)).query);
  assert.deepEqual(again, filters);
  assert.deepEqual(filters.missing, ["studio", "date"]);
  assert.equal(filters.page, 3);
});

test("defaults do not stand in the address", () => {
  assert.equal(hashOf("/scenes", sceneFilters(search("")), SCENE_DEFAULTS), "#/scenes");
});

test("a page number that is none is the first page", () => {
  for (const text of ["page=0", "page=-2", "page=x", ""]) assert.equal(sceneFilters(search(text)).page, 1);
});

test("an analysis of a search takes its filters, with flags as flags and lists as lists", () => {
  const filters = sceneFilters(search("q=walk&organized=false&missing=studio&sort=title&page=4"));
  assert.deepEqual(sceneSelector(filters), { q: "walk", organized: false, missing: ["studio"] });
});

test("an analysis of an empty search says that it means everything", () => {
  assert.deepEqual(sceneSelector(sceneFilters(search("sort=title&page=2"))), { all: true });
});

test("a review opens with what waits for a decision, and with everything where nothing waits", () => {
  assert.equal(changeFilters(search(""), { proposed: 3 }).status, "proposed");
  assert.equal(changeFilters(search(""), { applied: 3 }).status, "all");
  assert.equal(changeFilters(search("status=all"), { proposed: 3 }).status, "all");
  assert.equal(changeFilters(search("status=nonsense"), { proposed: 3 }).status, "proposed");
});

test("a confidence that is none is no filter", () => {
  assert.equal(changeFilters(search("min_confidence=0.8")).min_confidence, 0.8);
  for (const text of ["min_confidence=2", "min_confidence=x", "min_confidence=-1"]) {
    assert.equal(changeFilters(search(text)).min_confidence, null);
  }
});

test("the list is asked only for what is chosen", () => {
  const filters = changeFilters(search("status=all&field=tags&min_confidence=0.8"));
  assert.deepEqual(changeQuery(filters), { field: "tags", min_confidence: 0.8 });
});

test("a decision about everything shown means what waits, never conflicts or what was applied", () => {
  const filters = changeFilters(search("status=all&source=rule"));
  assert.deepEqual(changeSelector(filters), { source: "rule", status: "proposed" });
});

test("a decision about a chosen status means that status", () => {
  assert.deepEqual(changeSelector(changeFilters(search("status=conflict"))), { status: "conflict" });
});
