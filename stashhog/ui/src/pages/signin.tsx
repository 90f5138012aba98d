// Coming in: the first password on a new installation, or a password or API key.

import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorBox, Field, Select } from "../components/parts";
import { api, Problem } from "../core/api";
import { useTitle } from "../core/load";
import { enter, session } from "../core/session";

// What somebody signed in with here before.
const KEY = "stashhog-door";

export function SignIn({ setup }: { setup: boolean }) {
  return setup ? <SetUp /> : <Door />;
}

// Password stores file a password under a name; there is one owner.
function UserName() {
  return <input class="unseen" name="username" autocomplete="username" value="owner" readOnly tabIndex={-1} aria-hidden="true" />;
}

function useForm(submit: (values: Record<string, string>) => Promise<void>) {
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    setBusy(true);
    setError(null);
    try {
      await submit(values);
    } catch (caught) {
      setError(caught as Error);
    } finally {
      setBusy(false);
    }
  };
  return { error, busy, onSubmit };
}

function SetUp() {
  useTitle("Set up");
  const form = useForm(async ({ token, password, again }) => {
    if (password !== again) throw new Error("The two passwords are not the same.");
    try {
      await api.post("auth/setup", { token: token!.trim(), password }, { signingIn: true });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "already_set_up") throw error;
      session.value = { state: "sign-in" };
      return;
    }
    await enter();
  });
  return (
    <form class="page narrow stack" onSubmit={form.onSubmit}>
      <h1>Set up StashHog</h1>
      <p class="soft">This service can be reached from other machines and has no password yet. Whoever holds its one-time token may set one.</p>
      <UserName />
      <Field label="Setup token" hint="Printed in the service's log when it started.">
        <input name="token" required autocomplete="off" spellcheck={false} />
      </Field>
      <Field label="New password" hint="At least 8 characters.">
        <input name="password" type="password" required autocomplete="new-password" minLength={8} />
      </Field>
      <Field label="The same password again"><input name="again" type="password" required autocomplete="new-password" /></Field>
      {form.error && <ErrorBox error={form.error} />}
      <div class="actions"><button type="submit" class="primary" disabled={form.busy}>Set the password</button></div>
    </form>
  );
}

function Door() {
  useTitle("Sign in");
  const [kind, setKind] = useState(() => localStorage.getItem(KEY) ?? "password");
  const secret = useRef<HTMLInputElement>(null);
  useEffect(() => secret.current?.focus(), [kind]);
  const form = useForm(async ({ secret: value }) => {
    await api.post("auth/login", { [kind]: value }, { signingIn: true });
    localStorage.setItem(KEY, kind);
    await enter();
  });
  return (
    <form class="page narrow stack" onSubmit={form.onSubmit}>
      <h1>Sign in</h1>
      <UserName />
      <Field label="Sign in with">
        <Select value={kind} options={[["password", "Password"], ["api_key", "API key"]]} onPick={setKind} />
      </Field>
      <Field label={kind === "password" ? "Password" : "API key"}>
        <input ref={secret} name="secret" type="password" required autocomplete="current-password" />
      </Field>
      {form.error && <ErrorBox error={form.error} />}
      <div class="actions"><button type="submit" class="primary" disabled={form.busy}>Sign in</button></div>
    </form>
  );
}
