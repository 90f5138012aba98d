// What the keyboard does in a review.

import { useKeys } from "../core/keys";
import type { Asking } from "./head";
import { say } from "../core/notices";
import type { Change } from "./index";
import type { Review } from "./review";
import { mayWrite, type ScopeName, type Write } from "./scopes";

interface Doing {
  ask: (what: Asking) => void;
  edit: () => void;
  search: () => void;
}

export function useReviewKeys(review: Review, { ask, edit, search }: Doing): void {
  const chosen = (otherwise: ScopeName) => (review.selected.peek().size ? "selected" : otherwise);
  const write = (what: Write, scope: ScopeName) => {
    const { changes, selected, current } = review.look();
    const within = (change: Change) => (scope === "scene" ? change.scene === current?.scene : scope !== "selected" || selected.has(change.id));
    if ([...changes].some((change) => mayWrite(what, change) && within(change))) ask({ write: what, scope });
    else say(what === "apply" ? "Nothing is accepted that could be written" : "Nothing was written that could be put back");
  };
  useKeys("Review", [
    { keys: ["j", "ArrowDown"], what: "next change", run: () => review.step(1) },
    { keys: ["k", "ArrowUp"], what: "previous change", run: () => review.step(-1) },
    { keys: ["J"], what: "next scene", run: () => review.stepScene(1) },
    { keys: ["K"], what: "previous scene", run: () => review.stepScene(-1) },
    { keys: ["a"], what: "accept, and on to the next; again: take it back", run: () => review.press("accepted") },
    { keys: ["r"], what: "reject, and on to the next; again: take it back", run: () => review.press("rejected") },
    { keys: ["A"], what: "accept the rest of the scene", run: () => review.pressScene("accepted") },
    { keys: ["R"], what: "reject the rest of the scene", run: () => review.pressScene("rejected") },
    { keys: ["e"], what: "edit the proposed value", run: edit },
    { keys: ["x"], what: "select; a and r then decide all selected", run: () => review.current && review.select(review.current.id) },
    { keys: ["Escape"], what: "select nothing", run: () => review.selectNone() },
    { keys: ["u"], what: "take the last decision back", run: () => review.undo() },
    { keys: ["w"], what: "write what is accepted to Stash; with a selection, only that", run: () => write("apply", chosen("all")) },
    { keys: ["W"], what: "write what is accepted of the scene", run: () => write("apply", "scene") },
    { keys: ["U"], what: "undo what was written to the scene; with a selection, only that", run: () => write("undo", chosen("scene")) },
    { keys: ["/"], what: "search", run: search },
    { keys: ["t"], what: "accept what is sure enough", run: () => ask("threshold") },
    { keys: ["Home", "g g"], what: "to the first change", run: () => review.edge(false) },
    { keys: ["End", "G"], what: "to the last change", run: () => review.edge(true) },
  ]);
}
