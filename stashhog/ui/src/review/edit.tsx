// Another value for a change, checked by the service like a detector's own.

import { useState } from "preact/hooks";
import { Complete } from "../components/fields";
import { Dialog } from "../components/dialog";
import { ErrorBox } from "../components/parts";
import { ENTITY_KINDS, FIELD_NAMES } from "../core/words";
import { sceneName, text, type Change } from "./index";
import type { Review } from "./review";

export function EditDialog({ review, change, onClose }: { review: Review; change: Change; onClose: () => void }) {
  const kind = ENTITY_KINDS[change.field];
  const [value, setValue] = useState(text(change.proposed));
  const [picked, setPicked] = useState<{ id: string; name: string } | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const wanted = value.trim();
    try {
      await review.edit(change, !kind ? wanted : picked?.name === wanted ? { id: picked.id } : { name: wanted });
      onClose();
    } catch (caught) {
      setError(caught as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Edit ${FIELD_NAMES[change.field].toLowerCase()}`} onClose={onClose}>
      <p class="soft">{sceneName(change.scene)}</p>
      {/* `method=dialog` would close before the service has answered. */}
      <form class="stack" onSubmit={save}>
        {kind ? (
          <Complete kind={kind} label={FIELD_NAMES[change.field]} value={value} onText={setValue} onPick={(entity) => {
            setPicked(entity);
            setValue(entity.name);
          }} />
        ) : change.field === "details" ? (
          <textarea rows={8} autofocus aria-label="Details" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        ) : (
          <input
            autofocus aria-label={FIELD_NAMES[change.field]} value={value} spellcheck={change.field === "title"}
            placeholder={change.field === "date" ? "2024-05-31" : undefined} onInput={(event) => setValue(event.currentTarget.value)}
          />
        )}
        {error && <ErrorBox error={error} />}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary" disabled={busy || value.trim() === ""}>Save</button>
        </div>
      </form>
    </Dialog>
  );
}
