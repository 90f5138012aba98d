// Starting a sync from anywhere.

import { api } from "./api.js";
import { h } from "./dom.js";
import { live } from "./live.js";
import { say } from "./notice.js";

export async function startSync(mode) {
  const job = live.take(await api.post("scenes/sync", { mode }));
  say("The sync has started. ", h("a", { href: `#/jobs/${job.id}` }, "Watch it"));
  return job;
}
