// The rules of a review: pure. What a person may move, and what a press of a key means.

import type { ChangeStatus, Decision } from "../core/shapes";

const DECISIONS: Partial<Record<ChangeStatus, readonly Decision[]>> = {
  proposed: ["accepted", "rejected"],
  accepted: ["proposed", "rejected"],
  rejected: ["proposed", "accepted"],
  conflict: ["accepted", "rejected"],
  failed: ["accepted", "rejected"],
  undone: ["accepted", "rejected"],
};

export function mayDecide(from: ChangeStatus, to: ChangeStatus): boolean {
  return (DECISIONS[from] as readonly ChangeStatus[] | undefined)?.includes(to) ?? false;
}

// What a press of "accept" or "reject" means: the same again takes the decision back.
export function pressed(from: ChangeStatus, wanted: "accepted" | "rejected"): Decision | null {
  const to: Decision = from === wanted ? "proposed" : wanted;
  return mayDecide(from, to) ? to : null;
}

// Where a decision goes when it is undone. What had failed, conflicted or been undone cannot go back
// there; it waits for a decision again.
export function undoTarget(from: ChangeStatus): Decision {
  return from === "accepted" || from === "rejected" ? from : "proposed";
}
