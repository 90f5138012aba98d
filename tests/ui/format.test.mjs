import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, clock, count, money, progressText, size, span, valueText, waitingText } from "../../stashhog/ui/src/core/format.ts";
import { isWebAddress, queryText as query } from "../../stashhog/ui/src/core/links.ts";

test("one is one and many are many", () => {
  assert.equal(count(1, "change"), "1 change");
  assert.equal(count(10000, "change"), "10,000 changes");
  assert.equal(count(2, "new entry", "new entries"), "2 new entries");
});

test("sizes and lengths read as people say them", () => {
  assert.deepEqual([0, 999, 1000, 1234567, 5e9].map(size), ["0 B", "999 B", "1.0 kB", "1.2 MB", "5.0 GB"]);
  assert.deepEqual([5, 65, 3725].map(clock), ["0:05", "1:05", "1:02:05"]);
  assert.deepEqual([0, 45, 200, 3600, 7500, 90000].map(span), ["0 s", "45 s", "3 min 20 s", "1 h", "2 h 5 min", "1 d 1 h"]);
});

test("an unknown price is unknown and not nothing", () => {
  assert.equal(money(null), "price unknown");
  assert.equal(money(0), "$0");
  assert.equal(money(0.0012), "$0.0012");
  assert.equal(money(1.5), "$1.50");
});

test("progress without a total says only what is known", () => {
  assert.equal(progressText({ done: 12, total: null, unit: "scenes", rate: null, eta_s: null }), "12 scenes");
  assert.equal(progressText({ done: 120, total: 1000, unit: "scenes", rate: 35.2, eta_s: 25 }), "120 of 1,000 scenes · 35/s · 25 s left");
  assert.equal(progressText({ done: 0, total: 9, unit: "scenes", message: "learning from organised scenes", rate: null, eta_s: null }), "Learning from organised scenes");
});

test("a wait says for what and when the next try comes", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const waiting = { code: "stash_unavailable", retry_at: "2026-01-01T00:00:40Z" };
  assert.equal(waitingText(waiting, now), "Waiting for Stash, which does not answer; next try in 40 s");
  assert.equal(waitingText({ code: "something_else", retry_at: null }, now), "Waiting: something else");
});

test("a time that never was is said so", () => {
  assert.equal(ago(null, 0), "never");
  assert.equal(ago("1970-01-01T00:00:00Z", 3600 * 1000), "1 h ago");
});

test("a value is its text or its name, and nothing is nothing", () => {
  assert.equal(valueText({ id: null, name: "Jane" }), "Jane");
  assert.equal(valueText("2021"), "2021");
  assert.equal(valueText(""), null);
  assert.equal(valueText(null), null);
});

test("a link leads to ourselves or to the web, never into a script", () => {
  for (const address of ["http://nas:9999/scenes/1", "HTTPS://example.org/"]) assert.equal(isWebAddress(address), true);
  for (const address of ["javascript:alert(1)", " javascript:x", "data:text/html,x", "//host/x"]) assert.equal(isWebAddress(address), false);
});

test("a query repeats lists and leaves out what is empty", () => {
  assert.equal(query({ q: "a b", missing: ["x", "y"], page: 0, no: "", none: null }), "?q=a+b&missing=x&missing=y&page=0");
  assert.equal(query({}), "");
});
