// Doing things once: buttons that rest while their work is in flight, and questions before big steps.

import { fill, h } from "./dom.js";
import { complain } from "./notice.js";

// A button whose click runs `work`; it is disabled until that has ended, its errors are shown.
export function actionButton(text, work, props = {}) {
  const button = h("button", { type: "button", ...props }, text);
  button.addEventListener("click", (event) => once(button, () => work(event)));
  return button;
}

// Run `work` with its button disabled; a second call meanwhile does nothing.
export async function once(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = button.dataset.rests === "true";
  }
}

// Let a button rest while there is nothing for it to do.
export function rest(button, resting) {
  button.dataset.rests = String(resting);
  button.disabled = resting || button.getAttribute("aria-busy") === "true";
}

// A form whose submit runs `work(form)` once at a time; errors go to `onError`.
export function actionForm(props, work, children, onError = complain) {
  const form = h("form", props, ...children);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    const buttons = [...form.querySelectorAll("button[type=submit]")];
    for (const button of buttons) button.disabled = true;
    try {
      await work(form);
    } catch (error) {
      onError(error);
    } finally {
      form.removeAttribute("aria-busy");
      for (const button of buttons) button.disabled = false;
    }
  });
  return form;
}

// Open a dialog; `build(close)` gives its content. Resolves with what `close` was given, or null
// where it was closed in any other way: leaving is never consent. `signal` closes it too.
export function openDialog(title, build, { signal, wide = false } = {}) {
  return new Promise((resolve) => {
    let answer = null;
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", class: wide ? "wide" : "" });
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    fill(dialog, heading, ...[build(close)].flat());
    const leave = () => dialog.close();
    signal?.addEventListener("abort", leave, { once: true });
    dialog.addEventListener("close", () => {
      signal?.removeEventListener("abort", leave);
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Ask before a step; true only where the named button was pressed.
export async function confirmed(title, content, { yes, danger = false, extra = null, signal } = {}) {
  return await openDialog(title, (close) => [
    ...content,
    extra,
    h("div", { class: "actions" },
      h("button", { type: "button", class: danger ? "danger" : "primary", on: { click: () => close(true) } }, yes),
      h("button", { type: "button", autofocus: true, on: { click: () => close(null) } }, "Cancel")),
  ].filter(Boolean), { signal }) === true;
}
