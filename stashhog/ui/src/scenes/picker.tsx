// Choosing a studio, a performer or a tag to filter by, and the chosen ones with a way out.

import { useEffect, useState } from "preact/hooks";
import { Complete } from "../components/fields";
import { api, type Page } from "../core/api";
import type { Entity } from "../core/shapes";

export type EntityKind = "studios" | "performers" | "tags";
const ONE: Record<EntityKind, string> = { studios: "studio", performers: "performer", tags: "tag" };

// Names that were seen, so that a chip need not be asked for twice.
const names = new Map<string, string>();

export function EntityPicker({ kind, onPick }: { kind: EntityKind; onPick: (id: string) => void }) {
  const [text, setText] = useState("");
  return (
    <Complete
      kind={kind} value={text} label={`Only with this ${ONE[kind]}`} placeholder={`Any ${ONE[kind]}`}
      autofocus={false} onText={setText}
      onPick={(entity) => {
        names.set(`${kind}/${entity.id}`, entity.name);
        setText("");
        onPick(entity.id);
      }}
    />
  );
}

export function EntityChip({ kind, id, onRemove }: { kind: EntityKind; id: string; onRemove: () => void }) {
  const key = `${kind}/${id}`;
  const [name, setName] = useState(names.get(key));
  useEffect(() => {
    if (names.has(key)) return setName(names.get(key));
    const gone = new AbortController();
    api.get<Page<Entity>>(kind, { id, size: 1 }, gone.signal).then(
      ({ items }) => {
        const found = items[0]?.name ?? `${ONE[kind]} ${id}`;
        names.set(key, found);
        setName(found);
      },
      () => setName(`${ONE[kind]} ${id}`),
    );
    return () => gone.abort();
  }, [key]);
  const shown = name ?? "…";
  return (
    <span class="chip">
      <span class="soft">{ONE[kind]}</span> {shown}
      <button type="button" class="ghost" aria-label={`Any ${ONE[kind]} again, not only ${shown}`} onClick={onRemove}>×</button>
    </span>
  );
}
