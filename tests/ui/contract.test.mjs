// What the page has of its own about the service, held against what the service says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDED } from "../../stashhog/ui/src/core/frames.ts";
import { FIELDS, PLAN_STATUS, STATUSES } from "../../stashhog/ui/src/core/words.ts";
import { mayDecide } from "../../stashhog/ui/src/review/rules.ts";

const facts = JSON.parse(process.env.STASHHOG_FACTS ?? "null");
const options = { skip: facts === null && "the service's facts come from its own tests" };

test("the page offers exactly the decisions that the service allows", options, () => {
  const offered = Object.fromEntries(facts.statuses.map((status) => [status, facts.statuses.filter((to) => mayDecide(status, to)).sort()]));
  assert.deepEqual(offered, facts.decisions);
});

test("the page has a word for every status and field", options, () => {
  assert.deepEqual(STATUSES.toSorted(), facts.statuses.toSorted());
  assert.deepEqual(FIELDS.toSorted(), facts.fields.toSorted());
  assert.deepEqual(Object.keys(PLAN_STATUS).sort(), facts.plan_statuses.toSorted());
});

test("the page knows when a job has ended", options, () => {
  assert.deepEqual([...ENDED].sort(), facts.ended);
});
