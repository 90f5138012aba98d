// Starting an analysis: options, an estimate first, then the job.

import { actionForm, openDialog } from "./action.js";
import { api } from "./api.js";
import { afterPause, checkbox, facts, fill, h, labelled, select } from "./dom.js";
import { count, money, whole } from "./format.js";
import { live } from "./live.js";
import { problemText, say } from "./notice.js";
import { FIELD_NAMES, FIELDS, SCALARS } from "./review.js";

const ENTITY_KINDS = [["performers", "performers"], ["tags", "tags"], ["studios", "studios"]];

// The options as the API wants them, read from the form's data; only what differs from a default.
export function optionsOf(data) {
  const options = {
    fields: data.getAll("fields"),
    use_llm: data.get("use_llm"),
    min_confidence: Number(data.get("min_confidence")),
    include_organized: data.has("include_organized"),
    removals: data.has("removals"),
  };
  const overwrite = data.getAll("overwrite");
  if (overwrite.length) options.overwrite = overwrite;
  const created = data.getAll("create_missing");
  if (created.length) options.create_missing = Object.fromEntries(ENTITY_KINDS.map(([kind]) => [kind, created.includes(kind)]));
  const cost = Number.parseFloat(data.get("max_cost_usd"));
  if (Number.isFinite(cost)) options.max_cost_usd = cost;
  return options;
}

// Ask what to analyse and how; `selector` is {scene_ids} or {filter}. Goes to the new plan.
export async function analyse(selector, signal) {
  const job = await openDialog("Analyse scenes", (close) => analysisForm(selector, close), { signal, wide: true });
  if (!job) return;
  say("The analysis has started; its changes can be reviewed while it runs.");
  location.hash = job.params?.plan_id ? `#/plans/${job.params.plan_id}` : `#/jobs/${job.id}`;
}

function analysisForm(selector, close) {
  const estimate = h("div", { class: "panel estimate", role: "status" }, "Estimating…");
  const start = h("button", { type: "submit", class: "primary", disabled: true }, "Start the analysis");
  const errors = h("div", { class: "panel bad", role: "alert", hidden: true });
  const body = () => {
    const data = new FormData(form);
    const name = data.get("name").trim();
    return { ...selector, ...(name && { name }), options: optionsOf(data) };
  };
  const submit = async () => {
    errors.hidden = true;
    close(live.take(await api.post("analysis/generate", body())));
  };
  const form = actionForm({ class: "stack" }, submit, [
    labelled("Name of the plan", h("input", { name: "name", maxlength: "200", placeholder: "optional" })),
    fieldChoices(), moreOptions(), estimate, errors,
    h("div", { class: "actions" }, start,
      h("button", { type: "button", on: { click: () => close(null) } }, "Cancel")),
  ], (error) => {
    fill(errors, ...problemText(error));
    errors.hidden = false;
  });
  let asked = 0;
  const ask = async () => {
    asked += 1;
    const mine = asked;
    start.disabled = true;
    try {
      const answer = await api.post("analysis/estimate", body());
      if (mine !== asked) return;
      fill(estimate, ...estimateText(answer));
      start.disabled = answer.scenes === 0;
    } catch (error) {
      if (mine === asked) fill(estimate, ...("status" in error ? problemText(error) : [error.message]));
    }
  };
  form.addEventListener("input", afterPause((event) => event.target.name !== "name" && ask(), 350));
  queueMicrotask(ask);
  return form;
}

function fieldChoices() {
  return h("fieldset", null, h("legend", null, "Look for"), h("div", { class: "checks" },
    FIELDS.map((field) => checkbox(FIELD_NAMES[field], { name: "fields", value: field, checked: field !== "details" }))));
}

function moreOptions() {
  return h("details", null, h("summary", null, "Options"), h("div", { class: "stack" },
    labelled("Use the model", select([["auto", "where rules are unsure"], ["always", "for every scene"], ["never", "never"]],
      "auto", { name: "use_llm" }), "Only where a model is set up."),
    labelled("Lowest confidence", h("input", { name: "min_confidence", type: "number", min: "0", max: "1", step: "0.05", value: "0.5" })),
    labelled("Spend at most (US$)", h("input", { name: "max_cost_usd", type: "number", min: "0", step: "any", placeholder: "no limit" })),
    checkbox("Also scenes that are marked organized", { name: "include_organized" }),
    checkbox("May propose to remove performers or tags", { name: "removals" }),
    h("fieldset", null, h("legend", null, "May replace a value that is there"), h("div", { class: "checks" },
      SCALARS.map((field) => checkbox(FIELD_NAMES[field], { name: "overwrite", value: field })))),
    h("fieldset", null, h("legend", null, "May propose new"), h("div", { class: "checks" },
      ENTITY_KINDS.map(([kind, text]) => checkbox(text, { name: "create_missing", value: kind }))))));
}

function estimateText(answer) {
  if (answer.scenes === 0) return [h("p", null, "No scene matches, so there is nothing to analyse.")];
  const model = answer.llm_requests > 0;
  return [
    h("p", null, h("strong", null, count(answer.scenes, "scene")), " will be looked at. Nothing is written to Stash before you have reviewed it."),
    model ? facts([["Scenes for the model", whole(answer.llm_scenes)], ["Requests", whole(answer.llm_requests)],
      ["Tokens", `about ${whole(answer.input_tokens)} in, ${whole(answer.output_tokens)} out`], ["Cost", answer.cost_usd === null ? "the price of this model is not known" : `about ${money(answer.cost_usd)}`]])
      : h("p", { class: "hint" }, "No model is asked; this costs nothing and nothing leaves this machine."),
  ];
}
