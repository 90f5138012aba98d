// What an address says: pure. A page's filters live in its address, so that they can be linked.

// "#/plans/5?status=all" → {path: "/plans/5", query: URLSearchParams}.
export function parseHash(hash) {
  const text = hash.startsWith("#/") ? hash.slice(1) : "/";
  const at = text.indexOf("?");
  const path = at === -1 ? text : text.slice(0, at);
  return { path: path.replace(/(.)\/+$/, "$1"), query: new URLSearchParams(at === -1 ? "" : text.slice(at + 1)) };
}

// An address with its filters; empty ones and those that equal their default are left out.
export function hashOf(path, values, defaults = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const empty = one === "" || one === null || one === undefined;
      if (!empty && String(one) !== String(defaults[name] ?? "")) search.append(name, String(one));
    }
  }
  const text = search.toString();
  return text ? `#${path}?${text}` : `#${path}`;
}

export const SCENE_DEFAULTS = { sort: "-created_at", page: 1, size: 50 };
const SCENE_TEXTS = ["q", "studio_id", "organized", "analyzed", "deleted", "path", "date_from", "date_to",
  "performer_match", "tag_match"];
const SCENE_LISTS = ["missing", "performer_id", "tag_id"];
const BOOLEANS = new Set(["organized", "analyzed", "deleted"]);

export function sceneFilters(search) {
  const filters = {};
  for (const name of SCENE_TEXTS) filters[name] = search.get(name) ?? "";
  for (const name of SCENE_LISTS) filters[name] = search.getAll(name);
  filters.sort = search.get("sort") ?? SCENE_DEFAULTS.sort;
  filters.page = positive(search.get("page"), SCENE_DEFAULTS.page);
  filters.size = positive(search.get("size"), SCENE_DEFAULTS.size);
  return filters;
}

// The same filters as the body of an analysis wants them; nothing chosen is said as "all".
export function sceneSelector(filters) {
  const selector = {};
  for (const name of SCENE_TEXTS) {
    if (filters[name]) selector[name] = BOOLEANS.has(name) ? filters[name] === "true" : filters[name];
  }
  for (const name of SCENE_LISTS) {
    if (filters[name]?.length) selector[name] = [...filters[name]];
  }
  return Object.keys(selector).length ? selector : { all: true };
}

export const CHANGE_STATUSES = [
  "proposed", "accepted", "rejected", "applying", "applied", "conflict", "failed", "undone", "undo_conflict",
];

// A review page's filters; without a status in the address, what waits for a decision comes first.
export function changeFilters(search, counts = {}) {
  const asked = search.get("status");
  const first = (counts.proposed ?? 0) > 0 ? "proposed" : "all";
  const confidence = (name) => {
    const value = Number.parseFloat(search.get(name) ?? "");
    return value >= 0 && value <= 1 ? value : null;
  };
  return {
    status: asked === "all" || CHANGE_STATUSES.includes(asked) ? asked : first,
    field: search.get("field") ?? "",
    source: search.get("source") ?? "",
    scene_id: search.get("scene_id") ?? "",
    min_confidence: confidence("min_confidence"),
    max_confidence: confidence("max_confidence"),
  };
}

// What the list of changes is asked for.
export function changeQuery(filters) {
  const { status, ...rest } = filters;
  return prune({ ...rest, status: status === "all" ? null : status });
}

// The selector of a decision about everything shown. Under "all", only what waits for a decision is
// meant: a conflict is not overwritten by a click that was about something else.
export function changeSelector(filters) {
  const { status, ...rest } = filters;
  return prune({ ...rest, status: status === "all" ? "proposed" : status });
}

function prune(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && value !== null));
}

function positive(text, otherwise) {
  const number = Number.parseInt(text ?? "", 10);
  return number >= 1 ? number : otherwise;
}
