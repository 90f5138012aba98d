// The words for settings: titles of sections; names, hints and kinds of values.

// What stands open on the page comes first, the rest is folded.
export const SECTIONS = {
  stash: ["Stash", "Where your Stash is. A new address needs its key entered again: a stored key never goes to another host."],
  openai: ["Model", "Optional; rules work without one. Any service that speaks OpenAI's chat protocol will do, a local one too."],
  analysis: ["Analysis", "What an analysis does where nothing else is chosen."],
  jobs: ["Jobs", null],
  security: ["Security", "Who may come in from other machines."],
  cors: ["Other sites", "Pages of other origins that may call this service from a browser."],
  logging: ["Logging", null],
  app: ["Service", null],
  database: ["Database", null],
};
export const OPEN_SECTIONS = new Set(["stash", "openai", "analysis"]);

const SECONDS = "seconds";
const BYTES = "bytes";
const DOLLARS = "US$; empty for no limit";
const PRICE = "US$ for a million tokens; empty where the price list knows it";

// "section.field": [name, hint].
export const LABELS = {
  "stash.url": ["Address", "for example http://127.0.0.1:9999"],
  "stash.api_key": ["API key", "made in Stash under Settings → Security; empty where Stash has no login"],
  "stash.live": ["Follow Stash's own events between syncs", null],
  "stash.verify_tls": ["Check the server's certificate", null],
  "stash.ca_file": ["Certificates to trust", "a PEM file"],
  "stash.timeout": ["Time for one request", SECONDS],
  "stash.connect_timeout": ["Time to reach the server", SECONDS],
  "stash.page_size": ["Scenes in one request", null],
  "stash.max_connections": ["Connections at the same time", null],
  "stash.max_response_bytes": ["Largest answer", BYTES],
  "stash.tries": ["Tries of one request", "where trying again is safe"],
  "openai.enabled": ["Use the model", null],
  "openai.base_url": ["Address", "empty means OpenAI's own"],
  "openai.api_key": ["API key", "empty where a local model asks for none"],
  "openai.model": ["Model", null],
  "openai.max_tokens": ["Most tokens in one answer", null],
  "openai.timeout": ["Time for one request", SECONDS],
  "openai.concurrency": ["Requests at the same time", null],
  "openai.response_format": ["How the answer's shape is asked for", null],
  "openai.max_response_bytes": ["Largest answer", BYTES],
  "openai.input_usd_per_million": ["Price of text sent", PRICE],
  "openai.cached_usd_per_million": ["Price of text sent again", PRICE],
  "openai.output_usd_per_million": ["Price of answers", PRICE],
  "analysis.fields": ["Fields to look at", "one a line: title, date, details, studio, performers, tags"],
  "analysis.min_confidence": ["Lowest confidence", "0 to 1; nothing below it is proposed"],
  "analysis.use_llm": ["Ask the model", null],
  "analysis.batch_size": ["Scenes analysed and saved together", null],
  "analysis.max_cost_usd_per_job": ["Most that one analysis may cost", DOLLARS],
  "analysis.max_cost_usd_per_day": ["Most that a day may cost", DOLLARS],
  "analysis.max_cost_usd_per_month": ["Most that a month may cost", DOLLARS],
  "analysis.max_tokens_per_job": ["Most tokens of one analysis", "empty for no limit"],
  "jobs.workers": ["Jobs at the same time", null],
  "jobs.max_active": ["Most jobs that wait or run", null],
  "jobs.log_lines": ["Log lines kept of each job", null],
  "jobs.keep_days": ["Ended jobs stay", "days"],
  "jobs.stash_wait_seconds": ["How long a job waits for Stash", SECONDS],
  "jobs.model_wait_seconds": ["How long a job waits for the model", SECONDS],
  "security.mode": ["Ask for credentials", "“none” lets everybody in who can reach this service"],
  "security.api_key": ["API key", "for programs, sent as X-Api-Key"],
  "security.hook_secret": ["Key of Stash's hooks", "unset: hooks are off"],
  "security.secret_key": ["Key that signs tokens", "empty means the installation's own"],
  "security.algorithm": ["How tokens are signed", null],
  "security.allowed_hosts": ["Names this service may be called by", "one a line"],
  "security.trusted_proxies": ["Proxies that may name the client", "networks like 10.0.0.0/8, one a line"],
  "security.session_seconds": ["Life of a login", SECONDS],
  "security.token_seconds": ["Life of a token", SECONDS],
  "security.ticket_seconds": ["Life of a WebSocket ticket", SECONDS],
  "cors.origins": ["Origins", "like https://name.example, one a line"],
  "cors.credentials": ["They may send the session cookie", null],
  "cors.methods": ["Methods they may use", "one a line"],
  "cors.max_age_seconds": ["How long a browser remembers the answer", SECONDS],
  "logging.level": ["The least that is written", null],
  "logging.format": ["Format", "auto: readable on a terminal, JSON lines elsewhere"],
  "logging.file": ["Also write to a file", null],
  "logging.max_bytes": ["Size that ends a log file", BYTES],
  "logging.backups": ["Old log files kept", null],
  "app.name": ["Name", null],
  "app.version": ["Version", null],
  "app.debug": ["More in the log", null],
  "app.env": ["Kind of installation", "named in every line of a JSON log"],
  "app.host": ["Address to listen on", null],
  "app.port": ["Port to listen on", null],
  "app.root_path": ["Sub-path behind a reverse proxy", null],
  "app.data_dir": ["Data folder", null],
  "app.shutdown_seconds": ["Longest time for a stop", SECONDS],
  "app.body_limit_bytes": ["Largest request", BYTES],
  "app.import_limit_bytes": ["Largest plan import", BYTES],
  "database.url": ["Address", null],
  "database.echo": ["Log every statement", null],
  "database.pool_size": ["Readers at the same time", null],
};

// Values that may be nothing do not show their kind.
export const NUMBERS = new Set([
  "openai.input_usd_per_million", "openai.cached_usd_per_million", "openai.output_usd_per_million",
  "analysis.max_cost_usd_per_job", "analysis.max_cost_usd_per_day", "analysis.max_cost_usd_per_month",
  "analysis.max_tokens_per_job",
]);

const same = (names) => names.map((name) => [name, name]);

// The values that may be chosen, as [value as text, words]; "" is null.
export const CHOICES = {
  "openai.enabled": [["", "once an address or key is set"], ["true", "yes"], ["false", "no"]],
  "openai.response_format": same(["auto", "json_schema", "json_object", "text"]),
  "analysis.use_llm": [["auto", "where rules are unsure"], ["always", "for every scene"], ["never", "never"]],
  "security.mode": [["auto", "beyond this machine"], ["none", "none"]],
  "security.algorithm": same(["HS256", "HS384", "HS512"]),
  "logging.level": same(["debug", "info", "warning", "error"]),
  "logging.format": same(["auto", "console", "json"]),
  "app.env": same(["production", "development", "test"]),
};
