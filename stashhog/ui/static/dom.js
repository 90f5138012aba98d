// Building elements. Rules: text goes in as text nodes only; an address must be one of ours or http(s).

const PROPERTIES = new Set([
  "value", "checked", "disabled", "selected", "open", "indeterminate", "hidden", "required", "readOnly",
]);

// Whether an address may stand in a link: our own relative ones, or the web's.
export function isSafeAddress(text) {
  return /^(#|api\/|ui\/|docs$|https?:\/\/)/i.test(text);
}

// Make an element: h("a", {href: "#/", class: "x", on: {click: f}}, "text", child, [more], null).
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    setProperty(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

function setProperty(element, name, value) {
  if (value === undefined || value === null) return;
  if (name === "on") {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (name === "data") {
    Object.assign(element.dataset, value);
  } else if (PROPERTIES.has(name)) {
    element[name] = value;
  } else if (name === "href" || name === "src") {
    if (isSafeAddress(String(value))) element.setAttribute(name, value);
  } else if (value === true) {
    element.setAttribute(name, "");
  } else if (value !== false) {
    element.setAttribute(name, String(value));
  }
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

// Put new children in place of the old ones.
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

// A `<label>` around its control, with a hint under it.
export function labelled(text, control, hint) {
  return h("label", { class: "labelled" }, h("span", { class: "label" }, text), control,
    hint && h("span", { class: "hint" }, hint));
}

export function checkbox(text, { checked = false, name, value, on, disabled = false } = {}) {
  return h("label", { class: "check" },
    h("input", { type: "checkbox", checked, name, value, on, disabled }), h("span", null, text));
}

export function select(options, value, props = {}) {
  return h("select", props, options.map(([key, text]) =>
    h("option", { value: key, selected: String(key) === String(value ?? "") }, text)));
}

// A term and its description for every pair whose description is there.
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" },
    shown.map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))));
}

export function emptyState(title, ...children) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), ...children);
}

// Wait until typing has paused before calling.
export function afterPause(listener, pauseMs = 250) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => listener(...args), pauseMs);
  };
}

// Whether a key press belongs to a control that takes text, or to the browser.
export function isTyping(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  const at = event.target;
  return at instanceof Element && at.closest("input, textarea, select, [contenteditable], dialog") !== null;
}
