import assert from "node:assert/strict";
import { test } from "node:test";
import { advance, applyFrame, backoffMs, mergeLog, resume } from "../../stashhog/ui/src/core/frames.ts";

const job = { id: "j", status: "running", seq: 5, progress: { done: 1 } };

test("a first connection asks for nothing in particular", () => {
  assert.deepEqual(resume({ boot: null, after: null }), {});
});

test("a later connection goes on after the last frame of the same boot", () => {
  let position = { boot: null, after: null };
  for (const seq of [3, 4, 9]) position = advance(position, { seq, boot: "b" });
  assert.deepEqual(resume(position), { boot: "b", after: 9 });
});

test("frames without a boot of their own go on under the known one", () => {
  assert.deepEqual(advance({ boot: "b", after: 4 }, { seq: 5 }), { boot: "b", after: 5 });
});

test("a new boot starts the count afresh", () => {
  assert.deepEqual(advance({ boot: "b", after: 900 }, { seq: 2, boot: "c" }), { boot: "c", after: 2 });
});

test("a frame that comes twice does not turn the position back", () => {
  assert.deepEqual(advance({ boot: "b", after: 9 }, { seq: 4, boot: "b" }), { boot: "b", after: 9 });
});

test("a frame without a number leaves the position", () => {
  assert.deepEqual(advance({ boot: "b", after: 9 }, { type: "library" }), { boot: "b", after: 9 });
});

test("progress of a known job is taken over", () => {
  const next = applyFrame(job, { type: "progress", seq: 6, progress: { done: 2 } });
  assert.deepEqual(next, { ...job, seq: 6, progress: { done: 2 } });
});

test("in the stream of all jobs a job's own number counts, not the stream's", () => {
  assert.equal(applyFrame(job, { type: "progress", seq: 900, job_seq: 4, progress: { done: 2 } }), null);
});

test("old progress, and progress of an unknown or ended job, changes nothing", () => {
  const frame = { type: "progress", seq: 5, progress: { done: 0 } };
  assert.equal(applyFrame(job, frame), null);
  assert.equal(applyFrame(undefined, { ...frame, seq: 9 }), null);
  assert.equal(applyFrame({ ...job, status: "completed" }, { ...frame, seq: 9 }), null);
});

test("an old snapshot does not bring an ended job back to life", () => {
  const ended = { ...job, status: "completed", seq: 9 };
  assert.equal(applyFrame(ended, { type: "snapshot", seq: 7, job: { ...job, seq: 7 } }), null);
});

test("a status frame replaces the whole job", () => {
  const told = { ...job, status: "completed", seq: 8, result: { applied: 1 } };
  assert.deepEqual(applyFrame(job, { type: "status", seq: 8, job: told }), told);
});

test("a snapshot of an unknown job makes it known, with the frame's number where it has none", () => {
  const { seq, ...bare } = job;
  assert.deepEqual(applyFrame(undefined, { type: "snapshot", job_seq: seq, seq: 70, job: bare }), job);
});

test("frames of no known type change nothing", () => {
  assert.equal(applyFrame(job, { type: "log", seq: 6, message: "x" }), null);
  assert.equal(applyFrame(job, { type: "error", seq: 6 }), null);
});

test("waits between tries grow, have a ceiling, and differ by chance", () => {
  assert.deepEqual([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 1)), [500, 1000, 2000, 4000]);
  assert.equal(backoffMs(50, 1), 15000);
  assert.equal(backoffMs(1, 0), 500);
});

test("the log holds each line once, in order, and only the newest", () => {
  const lines = mergeLog([{ seq: 1, message: "a" }, { seq: 3, message: "c" }],
    [{ seq: 2, message: "b" }, { seq: 3, message: "c" }, { seq: 4, message: "d" }], 3);
  assert.deepEqual(lines.map((line) => line.message), ["b", "c", "d"]);
});
