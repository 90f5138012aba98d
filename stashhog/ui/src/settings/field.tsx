// One setting: its value, where that comes from, and how to change it or take it back.

import { useId } from "preact/hooks";
import { Badge } from "../components/parts";
import { size, span } from "../core/format";
import type { SettingValue } from "../core/library";
import { MASK, sourceName, typed, variableOf, type FieldInfo } from "./fields";

interface Props {
  field: FieldInfo;
  value: SettingValue | undefined;
  // What was typed and not saved yet; null takes the default.
  edit: SettingValue | undefined;
  source: string | undefined;
  fixed: boolean;
  error: string | undefined;
  onText: (text: string) => void;
  onNull: () => void;
}

export function SettingField({ field, value, edit, source, fixed, error, onText, onNull }: Props) {
  const id = useId();
  const changed = edit !== undefined;
  const secretSet = field.kind === "secret" && value === MASK;
  const restart = fixed && source === "default";
  return (
    <div class={changed ? "setting changed" : "setting"}>
      <label for={id}>{field.label}</label>
      <div class="setting-value">
        <Control id={id} field={field} value={edit === undefined ? value : edit} edited={changed} disabled={fixed} onText={onText} secretSet={secretSet} invalid={Boolean(error)} />
        {field.unit && <span class="soft small">{field.unit}{inWords(field.unit, edit === undefined ? value : edit)}</span>}
      </div>
      <div class="setting-foot small soft" id={`${id}-foot`}>
        {field.hint && <span>{field.hint}.</span>}
        {error && <span class="bad-text" role="alert">{error}</span>}
        {edit === null && <span>back to the default when saved</span>}
        {fixed && !restart && <span>fixed by the {sourceName(source)}{source === "env" && <> (<code>{variableOf(field.name)}</code>)</>}</span>}
        {restart && <span>changed by the environment and a restart (<code>{variableOf(field.name)}</code>)</span>}
        {!fixed && source && source !== "default" && <Badge>{sourceName(source)}</Badge>}
        {!fixed && source === "database" && edit === undefined && (
          <button type="button" class="link" onClick={onNull}>{field.kind === "secret" ? "Remove" : "Use the default"}</button>
        )}
      </div>
    </div>
  );
}

// A large number as people say it.
function inWords(unit: string, value: SettingValue | undefined): string {
  if (typeof value !== "number") return "";
  if (unit === "seconds" && value >= 120) return ` (${span(value)})`;
  return unit === "bytes" && value >= 10_000 ? ` (${size(value)})` : "";
}

interface ControlProps {
  id: string;
  field: FieldInfo;
  value: SettingValue | undefined;
  edited: boolean;
  disabled: boolean;
  secretSet: boolean;
  invalid: boolean;
  onText: (text: string) => void;
}

function Control({ id, field, value, edited, disabled, secretSet, invalid, onText }: ControlProps) {
  const common = { id, disabled, "aria-describedby": `${id}-foot`, "aria-invalid": invalid || undefined };
  const text = typed(value);
  switch (field.kind) {
    case "flag":
      return <input {...common} type="checkbox" checked={value === true} onChange={(event) => onText(String(event.currentTarget.checked))} />;
    case "choice": {
      const choices = field.choices.length ? field.choices : ["true", "false"];
      return (
        <select {...common} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          {field.nullable && <option value="">not set</option>}
          {choices.map((one) => <option key={one} value={one}>{{ true: "yes", false: "no" }[one] ?? one.replaceAll("_", " ")}</option>)}
        </select>
      );
    }
    case "choices": {
      const chosen = text.split("\n");
      return (
        <span class="checks" role="group" id={id}>
          {field.choices.map((one) => (
            <label key={one} class="check">
              <input
                type="checkbox" disabled={disabled} checked={chosen.includes(one)}
                onChange={(event) => onText(field.choices.filter((other) => (other === one ? event.currentTarget.checked : chosen.includes(other))).join("\n"))}
              /> {one}
            </label>
          ))}
        </span>
      );
    }
    case "lines":
    case "json":
      return <textarea {...common} rows={Math.min(6, Math.max(2, text.split("\n").length))} value={text} spellcheck={false} placeholder={field.kind === "lines" ? "one a line" : undefined} onInput={(event) => onText(event.currentTarget.value)} />;
    case "secret":
      return (
        <input
          {...common} type="password" autocomplete="off" spellcheck={false} value={edited ? text : ""}
          placeholder={secretSet ? "set; type a new one to replace it" : "not set"} onInput={(event) => onText(event.currentTarget.value)}
        />
      );
    case "number":
    case "integer":
      return <input {...common} type="number" step={field.kind === "integer" ? 1 : "any"} min={field.minimum} max={field.maximum} value={text} placeholder={!field.nullable ? undefined : field.name.includes(".max_") ? "no limit" : "not set"} onInput={(event) => onText(event.currentTarget.value)} />;
    default:
      return <input {...common} value={text} spellcheck={false} autocomplete="off" onInput={(event) => onText(event.currentTarget.value)} />;
  }
}
