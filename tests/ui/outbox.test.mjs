import assert from "node:assert/strict";
import { test } from "node:test";
import { BATCH_IDS, Outbox } from "../../stashhog/ui/src/review/outbox.ts";

class Away extends Error {}

// An outbox with hands on the clock, the service and what outlives the page.
function made({ answers = [], kept = null } = {}) {
  const world = { sent: [], timers: [], kept, refused: [], exact: [], gate: null };
  const outbox = new Outbox({
    send: async (ids, status) => {
      world.sent.push([ids, status]);
      if (world.gate) await world.gate;
      const answer = answers.shift() ?? ids.length;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    isPassing: (error) => error instanceof Away,
    onAnswer: (exact) => world.exact.push(exact),
    onRefused: (refusal) => world.refused.push(refusal),
    store: { read: () => world.kept, write: (text) => (world.kept = text) },
    later: (run, ms) => {
      const timer = { run, ms };
      world.timers.push(timer);
      return () => (world.timers = world.timers.filter((one) => one !== timer));
    },
  });
  world.tick = async () => {
    for (const { run } of world.timers.splice(0)) run();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { outbox, world };
}

test("decisions within one batch go out in one request for each status", async () => {
  const { outbox, world } = made();
  outbox.put([1], "accepted");
  outbox.put([2], "rejected");
  outbox.put([3], "accepted");
  assert.equal(world.timers.length, 1);
  assert.equal(outbox.state.value, "saving");
  await world.tick();
  assert.deepEqual(world.sent, [[[1, 3], "accepted"], [[2], "rejected"]]);
  assert.deepEqual([outbox.pending.value, outbox.state.value], [0, "saved"]);
});

test("the latest decision about a change is the one that is sent", async () => {
  const { outbox, world } = made();
  outbox.put([1], "accepted");
  outbox.put([1], "rejected");
  await world.tick();
  assert.deepEqual(world.sent, [[[1], "rejected"]]);
});

test("what is decided while a request is under way follows it, one request at a time", async () => {
  const { outbox, world } = made();
  let open;
  world.gate = new Promise((resolve) => (open = resolve));
  outbox.put([1], "accepted");
  await world.tick();
  outbox.put([1], "proposed");
  await world.tick();
  assert.equal(world.sent.length, 1);
  assert.ok(outbox.holds(1));
  open();
  await outbox.settled();
  assert.deepEqual(world.sent, [[[1], "accepted"], [[1], "proposed"]]);
});

test("what cannot be sent is kept, outlives the page and is tried again, later each time", async () => {
  const { outbox, world } = made({ answers: [new Away(), new Away()] });
  outbox.put([1, 2], "accepted");
  await world.tick();
  assert.deepEqual([outbox.state.value, outbox.pending.value], ["waiting", 2]);
  assert.deepEqual(JSON.parse(world.kept), [[1, "accepted"], [2, "accepted"]]);
  outbox.put([3], "rejected");
  assert.deepEqual(JSON.parse(world.kept).length, 3);
  assert.equal(await outbox.settled().then((done) => done), false);
  await world.tick();
  await world.tick();
  assert.deepEqual([outbox.state.value, outbox.pending.value, world.kept], ["saved", 0, null]);
  assert.deepEqual(Object.fromEntries(world.sent.flatMap(([ids, status]) => ids.map((id) => [id, status]))), { 1: "accepted", 2: "accepted", 3: "rejected" });
  assert.deepEqual(world.refused, []);
});

test("a decision that changed while the service was away is sent as it is now", async () => {
  const { outbox, world } = made({ answers: [new Away()] });
  let open;
  world.gate = new Promise((resolve) => (open = resolve));
  outbox.put([1], "accepted");
  await world.tick();
  outbox.put([1], "rejected");
  open();
  await world.tick();
  assert.equal(outbox.state.value, "waiting");
  await world.tick();
  assert.deepEqual(world.sent.at(-1), [[1], "rejected"]);
});

test("what is refused is told and does not stand in the way of the rest", async () => {
  const { outbox, world } = made({ answers: [new Error("409")] });
  outbox.put([1], "accepted");
  outbox.put([2], "rejected");
  await world.tick();
  assert.deepEqual(world.refused.map(({ ids }) => ids), [[1]]);
  assert.deepEqual(world.sent.at(-1), [[2], "rejected"]);
  assert.equal(outbox.pending.value, 0);
});

test("an answer that moved fewer than asked says so", async () => {
  const { outbox, world } = made({ answers: [1] });
  outbox.put([1, 2], "accepted");
  await world.tick();
  assert.deepEqual(world.exact, [false]);
});

test("what an earlier page could not save is sent at the next start", async () => {
  const { outbox, world } = made({ kept: '[[7,"accepted"]]' });
  assert.deepEqual(outbox.restore(), [[7, "accepted"]]);
  await world.tick();
  assert.deepEqual(world.sent, [[[7], "accepted"]]);
  assert.equal(world.kept, null);
});

test("what lies there and cannot be read is no decision", () => {
  const { outbox } = made({ kept: "{oops" });
  assert.deepEqual(outbox.restore(), []);
  assert.equal(outbox.pending.value, 0);
});

test("very many decisions go out in several requests", async () => {
  const { outbox, world } = made();
  outbox.put(Array.from({ length: BATCH_IDS + 3 }, (_, at) => at + 1), "accepted");
  await world.tick();
  assert.deepEqual(world.sent.map(([ids]) => ids.length), [BATCH_IDS, 3]);
});
