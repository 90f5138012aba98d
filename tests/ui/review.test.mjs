import assert from "node:assert/strict";
import { test } from "node:test";
import { bulkDecisions, byScene, editedValue, knownNames, mayDecide, mayEdit, moveCount, pressed, Summary,
} from "../../stashhog/ui/static/review.js";

const change = (extra) => ({ id: 1, scene_id: "1", field: "tags", action: "add", status: "proposed", creates_entity: false, ...extra });

test("pressing a decision twice takes it back", () => {
  assert.equal(pressed(change(), "accepted"), "accepted");
  assert.equal(pressed(change({ status: "accepted" }), "accepted"), "proposed");
  assert.equal(pressed(change({ status: "accepted" }), "rejected"), "rejected");
});

test("what was applied can be neither decided nor edited", () => {
  for (const status of ["applied", "applying", "undo_conflict"]) {
    assert.equal(pressed(change({ status }), "accepted"), null);
    assert.equal(mayEdit(change({ status })), false);
  }
});

test("a conflict can be accepted knowingly, but not put back to proposed", () => {
  assert.equal(pressed(change({ status: "conflict" }), "accepted"), "accepted");
  assert.equal(mayDecide(change({ status: "conflict" }), "proposed"), false);
});

test("a removal has no value to edit", () => {
  assert.equal(mayEdit(change({ action: "remove" })), false);
  assert.equal(mayEdit(change()), true);
});

test("a moved change moves one of the counts and never below nothing", () => {
  assert.deepEqual(moveCount({ proposed: 2 }, "proposed", "accepted"), { proposed: 1, accepted: 1 });
  assert.deepEqual(moveCount({}, "proposed", "accepted"), { proposed: 0, accepted: 1 });
});

test("changes are grouped by scene in the order they came", () => {
  const groups = byScene([change({ scene_id: "2" }), change({ scene_id: "2", id: 2 }), change({ scene_id: "10", id: 3 })]);
  assert.deepEqual(groups.map((group) => [group.sceneId, group.changes.length]), [["2", 2], ["10", 1]]);
});

test("an apply counts a scene once, and a new name once however it is written", () => {
  const summary = new Summary();
  const made = (name, extra) => change({ creates_entity: true, proposed: { id: null, name }, ...extra });
  summary.add([made("New Tag"), made("new  tag", { scene_id: "2" })]);
  summary.add([made("New Tag", { field: "performers" }), change({ scene_id: "2", proposed: { id: "4", name: "old" } })]);
  assert.equal(summary.changes, 4);
  assert.equal(summary.scenes, 2);
  assert.deepEqual(summary.created.map((one) => one.field), ["tags", "performers"]);
});

test("an edited entity goes by its id where its name is known, else as a new name", () => {
  const known = knownNames([{ id: "7", name: "Jane Doe" }]);
  assert.deepEqual(editedValue("performers", " jane  doe ", known), { id: "7" });
  assert.deepEqual(editedValue("performers", "Jane Roe", known), { name: "Jane Roe" });
});

test("an edited text stays text, also where it looks like a known name", () => {
  assert.equal(editedValue("title", " Jane Doe ", knownNames([{ id: "7", name: "Jane Doe" }])), "Jane Doe");
});

test("what was applied offers no decision about all of it", () => {
  assert.deepEqual(bulkDecisions("applied"), []);
  assert.deepEqual(bulkDecisions("all").map(([status]) => status), ["accepted", "rejected"]);
});
