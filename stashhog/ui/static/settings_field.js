// One setting: its control, where its value comes from, and the way back to the default.

import { h, select } from "./dom.js";
import { sentence } from "./format.js";
import { CHOICES, LABELS } from "./settings_text.js";
import { fromText, kindOf, MASK, split, toText } from "./settings_tree.js";

const SOURCE_TEXT = {
  default: "default", env: "from the environment", cli: "from the command line", dotenv: "from .env", file: "from stashhog.toml",
  secret_file: "from a secret file", database: "set here", ambient: "OPENAI_API_KEY of the environment",
};
let made = 0;

// `edit(wanted)` is told of each change: a value, null for the default, undefined for as it was.
export function field({ name, value, source, readOnly = false, edit }) {
  made += 1;
  const id = `setting-${made}`;
  const kind = kindOf(name, value);
  const [title, hint] = LABELS[name] ?? [sentence(split(name)[1]), null];
  const note = h("span", { class: "bad-text", role: "status" });
  const control = controlOf(kind, name, value, { id, disabled: readOnly, "aria-describedby": `${id}-about` });
  control.addEventListener("input", () => {
    note.textContent = "";
    try {
      edit(wantedOf(kind, control));
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      edit(undefined);
      note.textContent = `${error.message}; this is not saved.`;
    }
  });
  const about = [hint, source !== "default" && (SOURCE_TEXT[source] ?? source),
    readOnly && "read only here"].filter(Boolean).join(" · ");
  const clears = !readOnly && (source === "database" || (kind === "secret" && value !== null));
  return h("div", { class: "setting", data: { kind } }, h("label", { for: id }, title), control,
    h("span", { class: "hint", id: `${id}-about` }, about), clears && clearButton(kind, control, edit, note), note);
}

function controlOf(kind, name, value, props) {
  if (kind === "flag") return h("input", { type: "checkbox", checked: value, ...props });
  if (kind === "secret") {
    return h("input", { type: "password", autocomplete: "new-password", spellcheck: "false", ...props,
      placeholder: value === MASK ? "set – leave empty to keep it" : "not set" });
  }
  const text = toText(kind, value);
  if (kind === "choice") return select(CHOICES[name], text, props);
  if (kind === "list" || kind === "json") return h("textarea", { rows: String(Math.min(8, text.split("\n").length + 1)), spellcheck: "false", ...props }, text);
  return h("input", { type: "text", inputmode: kind === "number" ? "decimal" : null, spellcheck: "false", ...props, value: text });
}

function wantedOf(kind, control) {
  if (kind === "flag") return control.checked;
  if (kind === "secret") return control.value === "" ? undefined : control.value;
  return fromText(kind, control.value);
}

function clearButton(kind, control, edit, note) {
  const secret = kind === "secret";
  return h("button", { type: "button", class: "plain", on: { click: () => {
    if (kind !== "flag") control.value = "";
    note.textContent = secret ? "It is removed when you save." : "The default comes back when you save.";
    edit(null);
  } } }, secret ? "Remove" : "Use the default");
}
