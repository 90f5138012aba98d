// The keys of the review page.

import { openDialog } from "../action.js";
import { h } from "../dom.js";

const KEYS = [
  ["j", "next change"], ["k", "previous change"], ["J", "next scene"], ["K", "previous scene"],
  ["a", "accept, or take the acceptance back"], ["r", "reject, or take the rejection back"], ["u", "take the decision back"],
  ["A", "accept the scene"], ["R", "reject the scene"], ["e", "edit the value"], ["/", "go to the filters"],
  ["t", "go to the confidence threshold"], ["?", "show these keys"],
];

// Do what a key means; whether it meant something.
export function handleKey(event, list, bar) {
  const row = list.current;
  switch (event.key) {
    case "j": list.step(1); return true;
    case "k": list.step(-1); return true;
    case "J": list.step(1, true); return true;
    case "K": list.step(-1, true); return true;
    case "a": row?.decide("accepted"); return true;
    case "r": row?.decide("rejected"); return true;
    case "u": row?.takeBack(); return true;
    case "A": if (row) list.decideScene(row.change.scene_id, "accepted"); return true;
    case "R": if (row) list.decideScene(row.change.scene_id, "rejected"); return true;
    case "e": row?.edit(); return true;
    case "/": bar.focusFilter(); return true;
    case "t": bar.focusConfidence(); return true;
    case "?": showKeys(); return true;
    default: return false;
  }
}

export function showKeys() {
  return openDialog("Keys", (close) => [
    h("dl", { class: "keys" }, KEYS.map(([key, text]) => h("div", null, h("dt", null, h("kbd", null, key)), h("dd", null, text)))),
    h("div", { class: "actions" }, h("button", { type: "button", on: { click: () => close(null) } }, "Close")),
  ]);
}
