// The library: search, filters in the address, a choice of scenes to analyse.

import { actionButton } from "../action.js";
import { analyse } from "../analyse.js";
import { api } from "../api.js";
import { afterPause, checkbox, emptyState, fill, h, labelled, select } from "../dom.js";
import { hashOf, SCENE_DEFAULTS, sceneFilters, sceneSelector } from "../filters.js";
import { clock, count, size } from "../format.js";
import { live } from "../live.js";
import { complain } from "../notice.js";
import { pager } from "../pager.js";
import { entityPicker } from "../picker.js";
import { startSync } from "../sync.js";

const MISSING = ["studio", "performers", "tags", "title", "date", "details"];
const SORTS = [
  ["-created_at", "newest first"], ["created_at", "oldest first"], ["title", "title"], ["-date", "date, latest first"],
  ["path", "path"], ["-size", "largest first"], ["-duration", "longest first"], ["-updated_at", "changed last"],
];
const ANY = [["", "any"], ["true", "yes"], ["false", "no"]];

export async function scenesPage({ root, query, signal }) {
  let filters = sceneFilters(query);
  let asked = 0;
  const chosen = new Set();
  const results = h("div", { "aria-live": "off" });
  const selection = h("div", { class: "selection", role: "status" });
  const go = (changed) => {
    location.hash = hashOf("/scenes", { ...filters, page: 1, ...changed }, SCENE_DEFAULTS);
  };
  const form = filterForm(filters, go);

  const drawSelection = (total) => fill(selection,
    chosen.size > 0 && [
      actionButton(`Analyse ${count(chosen.size, "chosen scene")}…`, () => analyse({ scene_ids: [...chosen] }, signal), { class: "primary" }),
      actionButton("Choose none", () => {
        chosen.clear();
        for (const box of results.querySelectorAll("input[name=scene]")) box.checked = false;
        drawSelection(total);
      })],
    chosen.size === 0 && total > 0
      && actionButton(`Analyse all ${count(total, "scene")} shown by this search…`, () => analyse({ filter: sceneSelector(filters) }, signal)));

  async function load() {
    asked += 1;
    const mine = asked;
    const list = await api.get("scenes", filters, { signal });
    if (mine !== asked) return;
    fill(results, list.items.length ? [sceneList(list.items, chosen, () => drawSelection(list.total)),
      pager(list, "scenes", (page) => hashOf("/scenes", { ...filters, page }, SCENE_DEFAULTS))] : nothingFound(filters));
    drawSelection(list.total);
  }

  await load();
  fill(root, h("h1", null, "Scenes"), form.element, selection, results);
  live.on("library", afterPause(() => load().catch(complain), 1000), signal);
  return {
    title: "Scenes",
    update(next) {
      filters = sceneFilters(next);
      form.update(filters);
      return load().then(() => window.scrollTo(0, 0), complain);
    },
  };
}

function nothingFound(filters) {
  const searching = JSON.stringify(sceneSelector(filters)) !== JSON.stringify({ all: true });
  return searching
    ? emptyState("No scene matches.", h("p", null, h("a", { href: "#/scenes" }, "Clear the search")))
    : emptyState("No scenes here yet.", h("p", null, "Copy your library from Stash first. ",
      actionButton("Sync now", () => startSync("full"), { class: "primary" }), " ",
      h("a", { href: "#/settings?section=stash" }, "Is Stash set up?")));
}

function filterForm(filters, go) {
  const search = h("input", { type: "search", name: "q", placeholder: "Title, path, performer, studio, tag…", "aria-label": "Search scenes" });
  const selects = {
    organized: select(ANY, ""), analyzed: select(ANY, ""), deleted: select([["", "no"], ["true", "only deleted"]], ""),
    sort: select(SORTS, ""),
  };
  const studio = entityPicker("studios", (id) => go({ studio_id: id ?? "" }));
  const performer = entityPicker("performers", (id) => go({ performer_id: id ? [id] : [] }));
  const tag = entityPicker("tags", (id) => go({ tag_id: id ? [id] : [] }));
  const boxes = MISSING.map((name) => checkbox(name, { name: "missing", value: name }));
  const missing = h("fieldset", { class: "inline" }, h("legend", null, "Missing"), h("div", { class: "checks" }, boxes));
  search.addEventListener("input", afterPause(() => go({ q: search.value.trim() }), 300));
  for (const [name, control] of Object.entries(selects)) control.addEventListener("change", () => go({ [name]: control.value }));
  missing.addEventListener("change", () => go({
    missing: [...missing.querySelectorAll("input:checked")].map((box) => box.value),
  }));
  const more = h("details", { class: "filters-more" }, h("summary", null, "Filters"), h("div", { class: "filters" }, missing,
    labelled("Studio", studio.element), labelled("Performer", performer.element), labelled("Tag", tag.element),
    labelled("Organized", selects.organized), labelled("Analysed since it changed", selects.analyzed),
    labelled("Deleted in Stash", selects.deleted), h("a", { class: "button", href: "#/scenes" }, "Clear all")));
  const element = h("form", { class: "search", role: "search", on: { submit: (event) => {
    event.preventDefault();
    go({ q: search.value.trim() });
  } } }, h("div", { class: "search-row" }, search, labelled("Sort by", selects.sort)), more);
  function update(next) {
    filters = next;
    if (document.activeElement !== search) search.value = next.q;
    for (const [name, control] of Object.entries(selects)) control.value = next[name];
    for (const box of missing.querySelectorAll("input")) box.checked = next.missing.includes(box.value);
    studio.show(next.studio_id);
    performer.show(next.performer_id[0] ?? "");
    tag.show(next.tag_id[0] ?? "");
    if (Object.keys(sceneSelector({ ...next, q: "" })).some((key) => key !== "all")) more.open = true;
  }
  update(filters);
  return { element, update };
}

function sceneList(scenes, chosen, changed) {
  return h("ul", { class: "scenes" }, scenes.map((scene) => {
    const box = h("input", { type: "checkbox", name: "scene", value: scene.id, checked: chosen.has(scene.id),
      "aria-label": `Choose ${sceneName(scene)}`, on: { change: () => {
        if (box.checked) chosen.add(scene.id);
        else chosen.delete(scene.id);
        changed();
      } } });
    const file = scene.files[0];
    return h("li", { class: "scene" }, box, thumbnail(scene.id),
      h("div", { class: "scene-text" },
        h("a", { class: "scene-title", href: `#/scenes/${encodeURIComponent(scene.id)}` }, sceneName(scene)),
        h("p", { class: "path" }, file?.path ?? "no file"),
        h("p", { class: "hint" }, [scene.studio?.name, scene.date, scene.performers.map((one) => one.name).join(", "),
          file && clock(file.duration), file && size(file.size)].filter(Boolean).join(" · ")),
        scene.tags.length > 0 && h("p", { class: "hint" }, scene.tags.map((tag) => tag.name).join(", ")),
        h("p", { class: "badges" }, scene.organized && h("span", { class: "badge" }, "organized"),
          scene.deleted && h("span", { class: "badge", data: { status: "failed" } }, "deleted"))));
  }));
}

export function sceneName(scene) {
  return scene.title || scene.files[0]?.path.split(/[/\\]/).at(-1) || `Scene ${scene.id}`;
}

// A scene's picture through our own proxy; where there is none, an empty frame stays.
export function thumbnail(sceneId, props = {}) {
  const image = h("img", { class: "thumb", src: `api/scenes/${encodeURIComponent(sceneId)}/screenshot`, alt: "",
    loading: "lazy", decoding: "async", width: "160", height: "90", ...props });
  image.addEventListener("error", () => image.replaceWith(h("span", { class: "thumb none", "aria-hidden": "true" })));
  return image;
}
