// The rules of a review: pure. What a person may move, what counts become, what an apply would do.

export const FIELD_NAMES = {
  title: "Title", date: "Date", details: "Details", studio: "Studio", performers: "Performer", tags: "Tag",
};
export const FIELDS = Object.keys(FIELD_NAMES);
export const SCALARS = ["title", "date", "details", "studio"];
export const SOURCE_NAMES = { rule: "rule", learned: "learned", llm: "model" };

export const STATUS_NAMES = {
  proposed: "To review", accepted: "Accepted", rejected: "Rejected", applying: "Applying", applied: "Applied",
  conflict: "Conflict", failed: "Failed", undone: "Undone", undo_conflict: "Undo conflict",
};

const DECISIONS = {
  proposed: ["accepted", "rejected"],
  accepted: ["proposed", "rejected"],
  rejected: ["proposed", "accepted"],
  conflict: ["accepted", "rejected"],
  failed: ["accepted", "rejected"],
  undone: ["accepted", "rejected"],
};

export function mayDecide(change, status) {
  return (DECISIONS[change.status] ?? []).includes(status);
}

// What a press of "accept" or "reject" means: the same again takes the decision back.
export function pressed(change, status) {
  const wanted = change.status === status ? "proposed" : status;
  return mayDecide(change, wanted) ? wanted : null;
}

export function mayEdit(change) {
  return change.action !== "remove" && Object.hasOwn(DECISIONS, change.status);
}

// Counts after one change moved.
export function moveCount(counts, from, to) {
  return { ...counts, [from]: Math.max(0, (counts[from] ?? 0) - 1), [to]: (counts[to] ?? 0) + 1 };
}

// Runs of changes of one scene, in the order given: [{sceneId, title, changes}].
export function byScene(changes) {
  const groups = [];
  for (const change of changes) {
    const last = groups.at(-1);
    if (last && last.sceneId === change.scene_id) last.changes.push(change);
    else groups.push({ sceneId: change.scene_id, title: change.scene_title, changes: [change] });
  }
  return groups;
}

// Gathers what an apply would do: changes, scenes, and entities that are not in Stash yet.
export class Summary {
  #scenes = new Set();
  #created = new Map();
  changes = 0;

  add(changes) {
    for (const change of changes) {
      this.changes += 1;
      this.#scenes.add(change.scene_id);
      if (change.creates_entity) {
        const name = change.proposed?.name ?? "";
        this.#created.set(`${change.field}:${nameKey(name)}`, { field: change.field, name });
      }
    }
  }

  get scenes() {
    return this.#scenes.size;
  }

  get created() {
    return [...this.#created.values()];
  }
}

function nameKey(name) {
  return name.normalize("NFKC").toLowerCase().split(/\s+/).join(" ").trim();
}

// What an edited value is sent as: text, or for entities the id of a known name, else the new name.
export function editedValue(field, text, known) {
  const trimmed = text.trim();
  if (!["studio", "performers", "tags"].includes(field)) return trimmed;
  const id = known.get(nameKey(trimmed));
  return id === undefined ? { name: trimmed } : { id };
}

export function knownNames(entities) {
  return new Map(entities.map((entity) => [nameKey(entity.name), entity.id]));
}

// Which decisions a filter's buttons offer: [[status, label]].
export function bulkDecisions(status) {
  switch (status) {
    case "all":
    case "proposed": return [["accepted", "Accept"], ["rejected", "Reject"]];
    case "accepted": return [["proposed", "Take back"], ["rejected", "Reject"]];
    case "rejected": return [["accepted", "Accept"], ["proposed", "Take back"]];
    case "conflict": return [["accepted", "Accept and overwrite"], ["rejected", "Reject"]];
    case "failed":
    case "undone": return [["accepted", "Accept again"], ["rejected", "Reject"]];
    default: return [];
  }
}
