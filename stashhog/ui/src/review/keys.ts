// What the keyboard does in a review.

import { useKeys } from "../core/keys";
import type { Asking } from "./head";
import type { Review } from "./review";

interface Doing {
  ask: (what: Asking) => void;
  edit: () => void;
  search: () => void;
}

export function useReviewKeys(review: Review, { ask, edit, search }: Doing): void {
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
    { keys: ["/"], what: "search", run: search },
    { keys: ["t"], what: "accept what is sure enough", run: () => ask("threshold") },
    { keys: ["Home", "g g"], what: "to the first change", run: () => review.edge(false) },
    { keys: ["End", "G"], what: "to the last change", run: () => review.edge(true) },
  ]);
}
