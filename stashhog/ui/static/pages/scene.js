// One scene: what Stash has of it, and everything that was ever proposed for it.

import { actionButton } from "../action.js";
import { analyse } from "../analyse.js";
import { api } from "../api.js";
import { emptyState, facts, fill, h } from "../dom.js";
import { clock, percent, size, valueText, when } from "../format.js";
import { badge } from "../jobview.js";
import { live } from "../live.js";
import { complain, say } from "../notice.js";
import { FIELD_NAMES, SOURCE_NAMES, STATUS_NAMES } from "../review.js";
import { sceneName, thumbnail } from "./scenes.js";

export async function scenePage({ root, parameter: id, signal }) {
  const address = `scenes/${encodeURIComponent(id)}`;
  const [first, history] = await Promise.all([
    api.get(address, {}, { signal }), api.get(`${address}/changes`, { size: 100 }, { signal })]);
  const body = h("div", null);
  const heading = h("h1", null, sceneName(first));
  const draw = (scene) => {
    heading.textContent = sceneName(scene);
    fill(body, sceneBody(scene));
  };
  const resync = actionButton("Read again from Stash", async () => {
    draw(await api.post(`${address}/resync`));
    say("This is the scene as Stash has it now.");
  });
  draw(first);
  fill(root, h("p", null, h("a", { href: "#/scenes" }, "← Scenes")), heading,
    h("div", { class: "actions" }, actionButton("Analyse…", () => analyse({ scene_ids: [id] }, signal), { class: "primary" }), resync),
    body, h("section", { "aria-labelledby": "history" }, h("h2", { id: "history" }, "History of changes"), historyTable(history)));
  live.on("library", () => api.get(address, {}, { signal }).then(draw).catch(complain), signal);
  return { title: sceneName(first) };
}

function names(list) {
  return list.length ? list.map((one) => one.name).join(", ") : null;
}

function sceneBody(scene) {
  const missing = [["title", scene.title], ["date", scene.date], ["studio", scene.studio],
    ["performers", scene.performers.length], ["tags", scene.tags.length]].filter(([, there]) => !there).map(([name]) => name);
  return [
    scene.deleted && h("p", { class: "panel bad" }, "This scene is no longer in Stash."),
    h("div", { class: "two" }, thumbnail(scene.id, { class: "thumb big", loading: "eager" }),
      facts([["Title", scene.title], ["Date", scene.date], ["Studio", scene.studio?.name], ["Performers", names(scene.performers)],
        ["Tags", names(scene.tags)], ["Rating", scene.rating100 && `${scene.rating100} / 100`],
        ["Organized", scene.organized ? "yes" : "no"], ["Missing", missing.join(", ")], ["Details", scene.details],
        ["Changed in Stash", when(scene.updated_at)], ["Read from Stash", when(scene.synced_at)]])),
    scene.urls.length > 0 && h("ul", { class: "plain-list" }, scene.urls.map((address) =>
      h("li", null, h("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, address)))),
    h("h2", null, "Files"),
    scene.files.length ? h("ul", { class: "plain-list" }, scene.files.map(fileCard)) : emptyState("This scene has no file."),
  ];
}

function fileCard(file) {
  return h("li", { class: "card" }, h("p", { class: "path" }, file.path),
    facts([["Size", size(file.size)], ["Length", clock(file.duration)],
      ["Picture", file.width ? `${file.width} × ${file.height}` : null], ["Codec", file.video_codec],
      ["Frames a second", file.frame_rate && Number(file.frame_rate.toFixed(2))],
      ...(file.fingerprints ?? []).map((print) => [print.type, h("code", null, print.value)])]));
}

function historyTable(history) {
  if (history.items.length === 0) return emptyState("Nothing was ever proposed for this scene.");
  return [h("div", { class: "scroll-x", tabindex: "0", role: "region", "aria-labelledby": "history" }, h("table", null,
    h("thead", null, h("tr", null, ["Field", "Before", "Proposed", "Confidence", "Source", "Status", "Plan"].map((text) =>
      h("th", { scope: "col" }, text)))),
    h("tbody", null, history.items.map((change) => h("tr", null,
      h("td", null, `${FIELD_NAMES[change.field] ?? change.field}${change.action === "set" ? "" : ` (${change.action})`}`),
      h("td", null, valueText(change.current) ?? "–"), h("td", null, valueText(change.proposed) ?? "–"),
      h("td", null, percent(change.confidence)), h("td", null, SOURCE_NAMES[change.source] ?? change.source),
      h("td", null, badge(change.status, STATUS_NAMES[change.status] ?? change.status)),
      h("td", null, h("a", { href: `#/plans/${change.plan_id}?status=all&scene_id=${encodeURIComponent(change.scene_id)}` }, `Plan ${change.plan_id}`))))))),
  history.total > history.items.length && h("p", { class: "hint" }, `The newest ${history.items.length} of ${history.total} are shown.`)];
}
