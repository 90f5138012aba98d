// Talking to the service. Rule: everything that is not a success is a Problem with the server's own
// words; no answer at all is one with status 0.

import { queryText, type Query } from "./links";
import { addressOf } from "./router";

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  size: number;
  pages: number;
  next_cursor: string | null;
}

interface ProblemBody {
  status: number;
  code?: string;
  title?: string;
  detail?: string;
  request_id?: string | null;
  errors?: { loc: (string | number)[]; msg: string; type: string }[];
  retry_after?: number | null;
  job_id?: string | null;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly errors: NonNullable<ProblemBody["errors"]>;
  readonly retryAfter: number | null;
  readonly jobId: string | null;

  constructor(body: ProblemBody) {
    super(capital(body.detail || body.title || `The service answered ${body.status}.`));
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code ?? "unknown";
    this.requestId = body.request_id ?? null;
    this.errors = body.errors ?? [];
    this.retryAfter = body.retry_after ?? null;
    this.jobId = body.job_id ?? null;
  }

  // Whether the same request may do better a little later.
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.status === 408;
  }
}

// A sentence as a person reads it; what begins with a setting's or a field's name stays as it is.
function capital(text: string): string {
  return /^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

interface Options {
  values?: Query;
  body?: unknown;
  signal?: AbortSignal;
  type?: string;
  signingIn?: boolean;
}

let whenSignedOut: (problem: Problem) => void = () => {};

// What to do when the service says that nobody is signed in.
export function onSignedOut(listener: (problem: Problem) => void): void {
  whenSignedOut = listener;
}

async function send(method: string, path: string, { values, body, signal, type }: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = type ?? "application/json";
  try {
    return await fetch(addressOf(`api/${path}`).href + queryText(values), {
      method, headers, signal, cache: "no-store", credentials: "same-origin",
      body: body === undefined ? undefined : type ? (body as BodyInit) : JSON.stringify(body),
    });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new Problem({
      status: 0, code: "unreachable",
      detail: "The service does not answer. It may be restarting, or the network is down.",
    });
  }
}

async function problemOf(response: Response): Promise<Problem> {
  let body: Partial<ProblemBody> = {};
  try {
    body = await response.json();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return new Problem({
    ...body,
    status: response.status,
    request_id: body.request_id ?? response.headers.get("X-Request-ID"),
    retry_after: Number(response.headers.get("Retry-After")) || null,
  });
}

async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.ok) return (response.status === 204 ? null : await response.json()) as T;
  const problem = await problemOf(response);
  if (problem.status === 401 && !options.signingIn) whenSignedOut(problem);
  throw problem;
}

export const api = {
  get: <T>(path: string, values?: Query, signal?: AbortSignal) => call<T>("GET", path, { values, signal }),
  post: <T>(path: string, body: unknown = {}, options?: Options) => call<T>("POST", path, { ...options, body }),
  put: <T>(path: string, body: unknown, options?: Options) => call<T>("PUT", path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options?: Options) => call<T>("PATCH", path, { ...options, body }),
  delete: <T>(path: string) => call<T>("DELETE", path),
};
