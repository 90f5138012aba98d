// What a setting is and how its value is typed: pure. The service's own schema says what each means.

import type { SettingValue } from "../core/library";

export interface FieldSchema {
  description?: string;
  type?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  unit?: string;
  writeOnly?: boolean;
  items?: { enum?: string[] };
  anyOf?: FieldSchema[];
  additionalProperties?: unknown;
  default?: unknown;
}

export type FieldKind = "text" | "number" | "integer" | "flag" | "secret" | "choice" | "choices" | "lines" | "json";

export interface FieldInfo {
  name: string;
  kind: FieldKind;
  label: string;
  // What else there is to say about it.
  hint: string;
  unit: string;
  choices: string[];
  nullable: boolean;
  minimum: number | undefined;
  maximum: number | undefined;
}

export const MASK = "********";

export function describe(name: string, schema: FieldSchema): FieldInfo {
  const inner = schema.anyOf?.find(({ type }) => type !== "null");
  const of: FieldSchema = { ...schema, ...inner };
  const [label, hint] = parted((schema.description ?? name).replace(/\.$/, "").replaceAll("`", ""));
  return {
    name,
    kind: kindOf(of, Boolean(schema.anyOf)),
    label,
    hint,
    unit: schema.unit ?? "",
    choices: of.enum ?? of.items?.enum ?? [],
    nullable: Boolean(schema.anyOf?.some(({ type }) => type === "null")),
    minimum: of.minimum,
    maximum: of.maximum,
  };
}

const SHORT = 48;

// What is too long for a label ends at its first stop; the rest is a hint.
function parted(text: string): [string, string] {
  const stop = text.length > SHORT ? /[.;:] /.exec(text) : null;
  if (!stop) return [text, ""];
  const rest = text.slice(stop.index + stop[0].length);
  return [text.slice(0, stop.index), rest.charAt(0).toUpperCase() + rest.slice(1)];
}

function kindOf(of: FieldSchema, optional: boolean): FieldKind {
  if (of.writeOnly) return "secret";
  if (of.enum) return "choice";
  switch (of.type) {
    case "boolean": return optional ? "choice" : "flag";
    case "integer": return "integer";
    case "number": return "number";
    case "array": return of.items?.enum ? "choices" : "lines";
    case "object": return "json";
    default: return "text";
  }
}

// A value as its field shows it.
export function typed(value: SettingValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(String).join("\n");
  if (typeof value === "object") return JSON.stringify(value, null, 1);
  return String(value);
}

// What was typed, as the service wants it; null is the default. Not-a-number is left to the service to refuse.
export function parsed(kind: FieldKind, text: string): SettingValue {
  const trimmed = text.trim();
  if (trimmed === "" && kind !== "lines") return null;
  switch (kind) {
    case "number":
    case "integer": {
      const number = Number(trimmed);
      return Number.isNaN(number) ? trimmed : number;
    }
    case "flag": return trimmed === "true";
    case "choice": return trimmed === "true" ? true : trimmed === "false" ? false : trimmed;
    case "lines":
    case "choices": return trimmed.split(/[\n,]/).map((one) => one.trim()).filter(Boolean);
    case "json":
      try {
        return JSON.parse(trimmed) as SettingValue;
      } catch (error) {
        if (error instanceof SyntaxError) return trimmed;
        throw error;
      }
    default: return trimmed;
  }
}

// How an environment variable spells a setting.
export function variableOf(name: string): string {
  return `STASHHOG_${name.toUpperCase().replace(".", "__")}`;
}

const SOURCES: Record<string, string> = {
  default: "default", database: "set here", env: "environment", file: "stashhog.toml", dotenv: ".env file", secret_file: "secret file", cli: "command line", ambient: "OPENAI_API_KEY of the environment",
};

export function sourceName(source: string | undefined): string {
  return source === undefined ? "" : SOURCES[source] ?? source;
}
