// Choosing a performer, tag or studio by typing part of its name.

import { api } from "./api.js";
import { afterPause, fill, h } from "./dom.js";
import { complain } from "./notice.js";
import { knownNames } from "./review.js";

const OFFERED = 20;
let made = 0;

// An input that offers names of `kind` ("performers", "tags", "studios") as one types.
// `known` maps the names seen so far to their ids (by review's key).
export function completedInput(kind, props = {}) {
  made += 1;
  const list = h("datalist", { id: `names-${made}` });
  const input = h("input", { list: list.id, autocomplete: "off", spellcheck: "false", ...props });
  const known = new Map();
  const offer = async () => {
    const found = await api.get(kind, { q: input.value.trim(), size: OFFERED });
    for (const [name, id] of knownNames(found.items)) known.set(name, id);
    fill(list, found.items.map((one) => h("option", { value: one.name },
      one.scene_count === undefined ? one.name : `${one.name} · ${one.scene_count}`)));
  };
  input.addEventListener("input", afterPause(() => input.isConnected && offer().catch(complain), 200));
  return { input, list, known, offer };
}

// A filter by entity: `pick(id | null)` is called when a known name was chosen or the field emptied.
export function entityPicker(kind, pick) {
  const { input, list, known, offer } = completedInput(kind, { placeholder: "any" });
  let shown = "";
  input.addEventListener("change", async () => {
    const text = input.value.trim();
    if (text === "") return pick(null);
    const key = () => known.get([...knownNames([{ name: text, id: "" }]).keys()][0]);
    try {
      if (key() === undefined) await offer();
      if (key() === undefined) input.setCustomValidity("There is no such name in the library.");
      else pick(key());
      input.reportValidity();
    } catch (error) {
      complain(error);
    }
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
  return {
    element: h("span", { class: "picker" }, input, list),
    // Show what the address says; a name that was not seen yet stands as its number.
    show(id) {
      if (id === shown) return;
      shown = id;
      const name = [...known].find(([, one]) => one === id)?.[0];
      input.value = id === "" ? "" : (input.value || name || `#${id}`);
    },
  };
}
