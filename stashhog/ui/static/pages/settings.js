// Settings: each value with where it comes from; only what was changed is saved.

import { actionButton, actionForm, confirmed } from "../action.js";
import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { sentence } from "../format.js";
import { problemText, say } from "../notice.js";
import { field } from "../settings_field.js";
import { LABELS, OPEN_SECTIONS, SECTIONS } from "../settings_text.js";
import { changedTree, hostOf, turnsModelOn } from "../settings_tree.js";

const TESTS = { stash: ["test-stash", "Test the connection"], openai: ["test-openai", "Test the model"] };

export async function settingsPage({ root, query, signal }) {
  let settings = await api.get("settings", {}, { signal });
  const edits = new Map();
  const body = h("div", { class: "stack" });
  const errors = h("div", { class: "panel bad", role: "alert", hidden: true });
  const save = h("button", { type: "submit", class: "primary" }, "Save changes");
  const unsaved = h("span", { class: "hint", role: "status" });
  const tree = () => changedTree(settings.values, edits);
  const touched = () => {
    const number = Object.values(tree()).reduce((sum, section) => sum + Object.keys(section).length, 0);
    unsaved.textContent = number ? `${number} not saved yet` : "";
  };
  const draw = () => {
    edits.clear();
    const order = Object.keys(SECTIONS).filter((name) => name in settings.values);
    const others = Object.keys(settings.values).filter((name) => !order.includes(name));
    fill(body, [...order, ...others].map((name) => section(name, settings, edits, touched, tree)));
    touched();
  };
  const submit = async () => {
    errors.hidden = true;
    const values = tree();
    if (Object.keys(values).length === 0) return say("Nothing was changed.");
    if (turnsModelOn(settings, values) && !await modelConfirmed(settings.values, values, signal)) return null;
    settings = await api.put("settings", { values, version: settings.version });
    draw();
    return say("Saved; it is in effect now.");
  };
  const failed = (error) => {
    fill(errors, ...("status" in error ? problemText(error) : [h("p", null, error.message)]),
      error.code === "settings_changed" && actionButton("Load what is there now", async () => {
        settings = await api.get("settings");
        errors.hidden = true;
        draw();
      }));
    errors.hidden = false;
    errors.scrollIntoView({ block: "nearest" });
  };
  draw();
  fill(root, h("h1", null, "Settings"),
    h("p", { class: "hint" }, "Values that the command line or the environment fixes, or that need a restart, can be read but not changed here."),
    actionForm({ class: "stack", novalidate: true, autocomplete: "off" }, submit, [body, errors,
      h("div", { class: "actions sticky" }, save, actionButton("Discard", draw), unsaved)], failed));
  window.addEventListener("beforeunload", (event) => Object.keys(tree()).length > 0 && event.preventDefault(), { signal });
  const reveal = (wanted) => {
    const place = wanted && body.querySelector(`#section-${CSS.escape(wanted)}`);
    if (!place) return;
    if (place instanceof HTMLDetailsElement) place.open = true;
    place.scrollIntoView();
  };
  requestAnimationFrame(() => requestAnimationFrame(() => reveal(query.get("section"))));
  return { title: "Settings", update: (next) => reveal(next.get("section")) };
}

function section(name, settings, edits, touched, tree) {
  const values = settings.values[name] ?? {};
  const [title, about] = SECTIONS[name] ?? [sentence(name), null];
  const fields = inOrder(name, Object.keys(values)).map((key) => field({
    name: `${name}.${key}`, value: values[key], source: settings.sources?.[`${name}.${key}`], readOnly: settings.read_only?.includes(`${name}.${key}`),
    edit(wanted) {
      if (wanted === undefined) edits.delete(`${name}.${key}`);
      else edits.set(`${name}.${key}`, wanted);
      touched();
    },
  }));
  const editable = !Object.keys(values).every((key) => settings.read_only?.includes(`${name}.${key}`));
  const content = [about && h("p", { class: "hint" }, about), name === "openai" && whatLeaves(values),
    h("div", { class: "settings-fields" }, fields), name in TESTS && testButton(name, tree)];
  // What people seldom need stays folded.
  return OPEN_SECTIONS.has(name) || !Object.hasOwn(SECTIONS, name)
    ? h("section", { class: "card", id: `section-${name}` }, h("h2", null, title), ...content.filter(Boolean))
    : h("details", { class: "card", id: `section-${name}` }, h("summary", null, h("h2", null, title), !editable && h("span", { class: "hint" }, "read only")), ...content.filter(Boolean));
}

// Known settings first, in the order of their words; the others as they come.
function inOrder(section, keys) {
  const known = Object.keys(LABELS).map((name) => name.slice(section.length + 1));
  const place = (key) => (Object.hasOwn(LABELS, `${section}.${key}`) ? known.indexOf(key) : known.length);
  return [...keys].sort((a, b) => place(a) - place(b));
}

function testButton(name, tree) {
  const [route, text] = TESTS[name];
  const result = h("span", { role: "status" });
  const test = async () => {
    fill(result, "Asking…");
    try {
      const answer = await api.post(`settings/${route}`, tree()[name] ?? {});
      fill(result, testText(answer));
    } catch (error) {
      fill(result);
      throw error;
    }
  };
  return h("div", { class: "actions" }, actionButton(text, test), result);
}

function testText(answer) {
  if (!answer.ok) return h("span", { class: "bad-text" }, answer.error ? `${answer.error.detail} (${answer.error.code})` : "It does not answer.");
  const what = answer.version ?? answer.model;
  return h("span", { class: "good-text" }, `It answers${what ? `: ${what}` : ""}, in ${Math.round(answer.latency_ms)} ms.`);
}

const DEFAULT_HOST = "OpenAI";
const LEAVES = "file paths, titles, dates and details of the scenes it is asked about, and names of performers, tags and studios to choose from";

function whatLeaves(values) {
  const host = hostOf(values.base_url) || DEFAULT_HOST;
  return h("div", { class: "panel" },
    h("p", null, h("strong", null, "What leaves this machine: "), `nothing as long as no model is set up. With one, ${LEAVES} are sent to ${host}. Never pictures, videos, or the key of Stash.`));
}

function modelConfirmed(values, tree, signal) {
  const next = { ...values.openai, ...tree.openai };
  const host = hostOf(next.base_url) || DEFAULT_HOST;
  return confirmed("Turn the model on?", [
    h("p", null, `The model ${next.model ?? ""} at `, h("strong", null, host), " will be asked in analyses that use it."),
    h("p", null, `It is sent ${LEAVES}. Pictures, videos and the key of Stash are never sent.`),
  ], { yes: "Turn it on", signal });
}
