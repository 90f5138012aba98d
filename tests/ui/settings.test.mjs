import assert from "node:assert/strict";
import { test } from "node:test";
import { changedTree, fromText, hostOf, kindOf, MASK, toText, turnsModelOn } from "../../stashhog/ui/static/settings_tree.js";

const values = {
  stash: { url: "http://localhost:9999", api_key: MASK, timeout: 30 },
  openai: { enabled: null, api_key: null, base_url: null, model: "m", input_usd_per_million: null },
  cors: { origins: [] },
};
const tree = (...edits) => changedTree(values, new Map(edits));

test("only what differs is sent", () => {
  assert.deepEqual(tree(["stash.timeout", 30], ["openai.model", "n"], ["cors.origins", []]), { openai: { model: "n" } });
  assert.deepEqual(tree(), {});
});

test("the mask of a secret is never sent back", () => {
  assert.deepEqual(tree(["stash.api_key", MASK]), {});
  assert.deepEqual(tree(["stash.api_key", "new"]), { stash: { api_key: "new" } });
});

test("null takes a value back to its default", () => {
  assert.deepEqual(tree(["stash.api_key", null], ["openai.base_url", null]), { stash: { api_key: null } });
});

test("a new address says that it has no key only where none is kept", () => {
  assert.deepEqual(tree(["openai.base_url", "http://localhost:1"]), { openai: { base_url: "http://localhost:1", api_key: null } });
  assert.deepEqual(tree(["stash.url", "http://other"]), { stash: { url: "http://other" } });
});

test("a key typed for a new address goes with it", () => {
  assert.deepEqual(tree(["openai.base_url", "http://a"], ["openai.api_key", "k"]), { openai: { base_url: "http://a", api_key: "k" } });
});

test("each setting is edited as what it is", () => {
  const kinds = [["stash.api_key", null, "secret"], ["security.hook_secret", MASK, "secret"], ["stash.live", true, "flag"],
    ["stash.timeout", 30, "number"], ["openai.input_usd_per_million", null, "number"], ["cors.origins", [], "list"],
    ["openai.enabled", null, "choice"], ["stash.url", null, "text"], ["new.thing", { a: 1 }, "json"], ["openai.max_tokens", 5, "number"]];
  for (const [name, value, kind] of kinds) assert.equal(kindOf(name, value), kind, name);
});

test("what a control shows means the value it shows", () => {
  for (const [kind, value] of [["list", ["a", "b"]], ["number", 0.5], ["text", "x"], ["json", { a: [1] }], ["choice", true], ["choice", "auto"]]) {
    assert.deepEqual(fromText(kind, toText(kind, value)), value);
  }
  for (const kind of ["number", "text", "json", "choice"]) assert.equal(fromText(kind, " "), null);
});

test("what is no number or no JSON is refused before it is sent", () => {
  assert.throws(() => fromText("number", "many"), RangeError);
  assert.throws(() => fromText("json", "{"), SyntaxError);
});

test("the person is asked before text goes to a model, or to another one", () => {
  assert.equal(turnsModelOn({ values }, { openai: { base_url: "http://h/v1", api_key: null } }), true);
  assert.equal(turnsModelOn({ values }, { openai: { enabled: true } }), true);
  assert.equal(turnsModelOn({ values }, { openai: { model: "n" } }), false);
  const on = { values: { openai: { enabled: null, api_key: MASK, base_url: "http://h/v1" } } };
  assert.equal(turnsModelOn(on, { openai: { model: "n" } }), false);
  assert.equal(turnsModelOn(on, { openai: { base_url: "http://other/v1" } }), true);
  assert.equal(turnsModelOn(on, { openai: { enabled: false, base_url: "http://other/v1" } }), false);
});

test("a key that only lies in the environment has turned nothing on", () => {
  const ambient = { values: { openai: { enabled: null, api_key: MASK, base_url: null } }, sources: { "openai.api_key": "ambient" } };
  assert.equal(turnsModelOn(ambient, { openai: { enabled: true } }), true);
});

test("a host is named without its path", () => {
  assert.equal(hostOf("http://localhost:11434/v1"), "localhost:11434");
  assert.equal(hostOf(null), "");
});
