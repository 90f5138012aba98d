// Text with suggestions from the library, as the combobox pattern has it.

import { useId, useRef, useState } from "preact/hooks";
import { api, type Page } from "../core/api";
import type { Entity } from "../core/shapes";

const PAUSE_MS = 120;
const SUGGESTIONS = 8;

interface CompleteProps {
  // "performers", "tags" or "studios".
  kind: string;
  value: string;
  label: string;
  placeholder?: string;
  autofocus?: boolean;
  onText: (text: string) => void;
  onPick: (entity: Entity) => void;
}

export function Complete({ kind, value, label, placeholder, autofocus = true, onText, onPick }: CompleteProps) {
  const list = useId();
  const [found, setFound] = useState<Entity[]>([]);
  const [at, setAt] = useState(-1);
  const running = useRef<AbortController | null>(null);

  const look = (text: string) => {
    running.current?.abort();
    if (!text.trim()) return setFound([]);
    const mine = new AbortController();
    running.current = mine;
    setTimeout(() => {
      if (mine.signal.aborted) return;
      api.get<Page<Entity>>(kind, { q: text, size: SUGGESTIONS }, mine.signal).then(
        ({ items }) => {
          setFound(items);
          setAt(-1);
        },
        () => {}, // without suggestions the text itself still counts
      );
    }, PAUSE_MS);
  };
  const take = (entity: Entity) => {
    running.current?.abort();
    setFound([]);
    onPick(entity);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (found.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((at + (event.key === "ArrowDown" ? 1 : -1) + found.length + (at === -1 && event.key === "ArrowUp" ? 1 : 0)) % found.length);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      take(found[at]!);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      setFound([]);
    }
  };
  return (
    <div class="complete">
      <input
        role="combobox" aria-label={label} aria-expanded={found.length > 0} aria-controls={list} aria-autocomplete="list"
        aria-activedescendant={at >= 0 ? `${list}-${at}` : undefined} autocomplete="off" spellcheck={false} placeholder={placeholder} autofocus={autofocus}
        value={value} onKeyDown={onKeyDown}
        onInput={(event) => {
          onText(event.currentTarget.value);
          look(event.currentTarget.value);
        }}
      />
      <ul id={list} role="listbox" aria-label="From the library" hidden={found.length === 0}>
        {found.map((entity, position) => (
          <li
            key={entity.id} id={`${list}-${position}`} role="option" aria-selected={position === at}
            onPointerDown={(event) => {
              event.preventDefault();
              take(entity);
            }}
          >
            {entity.name} <span class="soft small number">{entity.scene_count}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
