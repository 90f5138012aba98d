import assert from "node:assert/strict";
import { test } from "node:test";
import { evidenceSpan, excerpt, markRanges, splitPath } from "../../stashhog/ui/src/core/spans.ts";

const joined = (pieces) => pieces.map((piece) => piece.text).join("");
const marked = (pieces) => pieces.filter((piece) => piece.marked).map((piece) => piece.text);

test("the marked span is what the positions say, counted in characters and not in UTF-16 units", () => {
  const pieces = markRanges("/😀/Jane.Doe.mp4", [[3, 11]]);
  assert.deepEqual(pieces, [
    { text: "/😀/", marked: false }, { text: "Jane.Doe", marked: true }, { text: ".mp4", marked: false }]);
});

test("overlapping and touching spans become one mark", () => {
  assert.deepEqual(marked(markRanges("abcdefgh", [[4, 6], [1, 3], [2, 4]])), ["bcdef"]);
});

test("a span outside the text marks nothing", () => {
  assert.deepEqual(markRanges("abc", [[7, 9], [2, 2], [-3, 0]]), [{ text: "abc", marked: false }]);
});

test("whatever the spans, the pieces add up to the text and mark just the covered characters", () => {
  let seed = 7;
  const next = (below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: next(12) }, () => ["a", "😀", "é", "/"][next(4)]).join("");
    const ranges = Array.from({ length: next(5) }, () => [next(16) - 2, next(16) - 2]);
    const pieces = markRanges(text, ranges);
    const covered = Array.from(text).filter((_, at) => ranges.some(([start, end]) => start <= at && at < end));
    assert.equal(joined(pieces), text);
    assert.equal(marked(pieces).join(""), covered.join(""));
    assert.ok(pieces.every((piece, at) => at === 0 || piece.marked !== pieces[at - 1].marked));
  }
});

test("evidence without text points nowhere", () => {
  assert.equal(evidenceSpan({ rule: "folder" }), null);
  assert.equal(evidenceSpan(null), null);
  assert.equal(evidenceSpan({ text: "" }), null);
});

test("evidence may hold the whole text with positions", () => {
  assert.deepEqual(evidenceSpan({ text: "a/Jane.mp4", start: 2, end: 6 }), { text: "a/Jane.mp4", start: 2, end: 6 });
});

test("evidence may quote the match with its positions in the path", () => {
  assert.deepEqual(evidenceSpan({ text: "Jane", start: 2, end: 6 }, "a/Jane.mp4"), { text: "a/Jane.mp4", start: 2, end: 6 });
});

test("a quote without positions is looked up from the right, whatever its case", () => {
  assert.deepEqual(evidenceSpan({ text: "jane" }, "Jane/😀/Jane.mp4"), { text: "Jane/😀/Jane.mp4", start: 7, end: 11 });
});

test("a quote that is not in the path is shown by itself", () => {
  assert.deepEqual(evidenceSpan({ text: "Jane" }, "x.mp4"), { text: "Jane", start: 0, end: 4 });
});

test("an excerpt shows the match with a little around it", () => {
  const pieces = excerpt({ text: `${"x".repeat(40)}Jane${"y".repeat(40)}`, start: 40, end: 44 }, 5);
  assert.equal(joined(pieces), "…xxxxxJaneyyyyy…");
  assert.deepEqual(marked(pieces), ["Jane"]);
});

test("a short text is its own excerpt", () => {
  assert.equal(joined(excerpt({ text: "a/Jane.mp4", start: 2, end: 6 })), "a/Jane.mp4");
});

test("a path falls into folder and name, and the marks with it", () => {
  const { folder, name, inFolder, inName } = splitPath("/😀/Owl.mp4", [[1, 2], [3, 6]]);
  assert.deepEqual([folder, name], ["/😀/", "Owl.mp4"]);
  assert.deepEqual([marked(markRanges(folder, inFolder)), marked(markRanges(name, inName))], [["😀"], ["Owl"]]);
  assert.equal(splitPath("C:\\films\\a.mp4", []).name, "a.mp4");
});
