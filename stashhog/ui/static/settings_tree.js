// What of the settings was changed, and how values are read and written: pure.

import { CHOICES, NUMBERS } from "./settings_text.js";

export const MASK = "********";
const SECRET = /\.(api_key|hook_secret|secret_key|password)$/;

// How a setting is edited: "secret", "choice", "flag", "number", "list" (of texts), "json" or "text".
export function kindOf(name, value) {
  if (value === MASK || SECRET.test(name)) return "secret";
  if (Object.hasOwn(CHOICES, name)) return "choice";
  if (typeof value === "boolean") return "flag";
  if (typeof value === "number" || NUMBERS.has(name)) return "number";
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return "list";
  if (value !== null && typeof value === "object") return "json";
  return "text";
}

// A value as its control shows it.
export function toText(kind, value) {
  if (value === null || value === undefined || kind === "secret") return "";
  if (kind === "list") return value.join("\n");
  if (kind === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

// What a control's text means. Throws SyntaxError for JSON that is none, RangeError for no number.
export function fromText(kind, text) {
  const trimmed = text.trim();
  if (kind === "list") return trimmed.split(/[\n,]/).map((one) => one.trim()).filter(Boolean);
  if (trimmed === "") return null;
  if (kind === "json") return JSON.parse(trimmed);
  if (kind === "choice") return { true: true, false: false }[trimmed] ?? trimmed;
  if (kind !== "number") return trimmed;
  const number = Number(trimmed);
  if (!Number.isFinite(number)) throw new RangeError(`“${trimmed}” is no number`);
  return number;
}

const ADDRESSES = { stash: "url", openai: "base_url" };

// The partial tree for PUT: only edits that differ. `edits` maps "stash.url" to the value wanted;
// null takes a value back to its default, the mask leaves a secret alone.
// A new address where no key is kept says that there is none; where one is kept, the service asks.
export function changedTree(values, edits) {
  const tree = {};
  for (const [name, wanted] of edits) {
    const [section, field] = split(name);
    if (wanted === MASK || same(wanted, values[section]?.[field])) continue;
    tree[section] = { ...tree[section], [field]: wanted };
  }
  for (const [section, address] of Object.entries(ADDRESSES)) {
    const changed = tree[section];
    const kept = Boolean(values[section]?.api_key);
    if (changed && Object.hasOwn(changed, address) && !Object.hasOwn(changed, "api_key") && !kept) changed.api_key = null;
  }
  return tree;
}

export function split(name) {
  const at = name.indexOf(".");
  return [name.slice(0, at), name.slice(at + 1)];
}

function same(one, other) {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

function isOn({ enabled, api_key: key, base_url: address }) {
  return enabled ?? Boolean(key || address);
}

// Whether a change lets text go where it did not go before: the model turned on, or moved.
// A key that only lies in the environment turns nothing on.
export function turnsModelOn({ values, sources = {} }, tree) {
  const ambient = sources["openai.api_key"] === "ambient";
  const now = { ...values.openai, ...(ambient && { api_key: null }) };
  const next = { ...now, ...tree.openai };
  if (!isOn(next)) return false;
  return !isOn(now) || hostOf(next.base_url) !== hostOf(now.base_url);
}

// The host that an address names, as a person reads it; "" for none.
export function hostOf(address) {
  if (!address) return "";
  return URL.canParse(address) ? new URL(address).host : address;
}
