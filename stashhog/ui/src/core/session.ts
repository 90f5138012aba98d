// Who is asking: unknown until the service said so, then in, or before a door.

import { signal } from "@preact/signals";
import { api, onSignedOut, Problem } from "./api";
import { startLive, stopLive } from "./live";

export interface Me {
  user: string;
  via: "open" | "cookie" | "token" | "key";
}

export type Session =
  | { state: "unknown" }
  | { state: "in"; me: Me }
  | { state: "sign-in" | "setup" }
  | { state: "unreachable"; error: Error };

export const session = signal<Session>({ state: "unknown" });

export async function enter(): Promise<void> {
  try {
    const me = await api.get<Me>("auth/me");
    session.value = { state: "in", me };
    startLive();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return; // onSignedOut has shown the door
    session.value = { state: "unreachable", error: error as Error };
  }
}

export function startSession(): void {
  onSignedOut((problem) => {
    stopLive();
    session.value = { state: problem.code === "setup_required" ? "setup" : "sign-in" };
  });
  void enter();
}

export async function signOut(): Promise<void> {
  await api.post("auth/logout");
  stopLive();
  await enter();
}
