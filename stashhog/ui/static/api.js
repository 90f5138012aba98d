// Talking to the service. Rules: addresses are relative to the page (it may live below a sub-path);
// everything that is not a success is a Problem with the server's own words.

export class Problem extends Error {
  constructor({ status, code, title, detail, request_id, errors, retry_after, job_id }) {
    super(detail || title || `The service answered ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.code = code ?? "unknown";
    this.requestId = request_id ?? null;
    this.errors = errors ?? [];
    this.retryAfter = retry_after ?? null;
    this.jobId = job_id ?? null;
  }
}

let whenSignedOut = () => {};

// What to do when the service says that nobody is signed in; given the Problem.
export function onSignedOut(listener) {
  whenSignedOut = listener;
}

// A query string with its question mark; arrays repeat their name, empty values are left out.
export function query(values) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") search.append(name, String(one));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

async function send(method, path, { body, values, signal, type } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = type ?? "application/json";
  try {
    return await fetch(`api/${path}${query(values)}`, {
      method, headers, signal, cache: "no-store", credentials: "same-origin",
      body: body === undefined || type ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      status: 0, code: "unreachable",
      detail: "The service does not answer. It may be restarting, or the network is down.",
    });
  }
}

async function problemOf(response) {
  let body = {};
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

// One request; the JSON of the answer, or null where it has none.
async function call(method, path, options = {}) {
  const response = await send(method, path, options);
  if (response.ok || options.accept?.includes(response.status)) {
    return response.status === 204 ? null : response.json();
  }
  const problem = await problemOf(response);
  if (problem.status === 401 && !options.signingIn) whenSignedOut(problem);
  throw problem;
}

export const api = {
  get: (path, values, options) => call("GET", path, { ...options, values }),
  post: (path, body = {}, options) => call("POST", path, { ...options, body }),
  put: (path, body, options) => call("PUT", path, { ...options, body }),
  patch: (path, body, options) => call("PATCH", path, { ...options, body }),
  delete: (path, options) => call("DELETE", path, options),
};

// Every item of a list, page after page by cursor; `each` may look at a page and stop with false.
export async function everyPage(path, values, each, signal) {
  let cursor = null;
  do {
    const page = await api.get(path, cursor ? { ...values, cursor } : values, { signal });
    if (each(page) === false) return;
    cursor = page.next_cursor;
  } while (cursor);
}
