// Coming in: the first password on a new installation, or a password or API key.

import { actionForm } from "../action.js";
import { api } from "../api.js";
import { fill, h, labelled, select } from "../dom.js";
import { problemText } from "../notice.js";

// `problem` is the 401 that led here; `done` is called once a session is there.
export function signInPage({ root, problem, done }) {
  return problem.code === "setup_required" ? drawSetup(root, done) : drawSignIn(root, done);
}

// Password stores file a password under a name; there is one owner.
function username() {
  return h("input", { class: "unseen", name: "username", autocomplete: "username", value: "owner", readOnly: true, tabindex: "-1", "aria-hidden": "true" });
}

function withErrors(form) {
  const errors = h("div", { class: "panel bad", role: "alert", hidden: true });
  form.append(errors);
  return (error) => {
    fill(errors, ...("status" in error ? problemText(error) : [h("p", null, error.message)]));
    errors.hidden = false;
  };
}

function drawSetup(root, done) {
  const token = h("input", { name: "token", required: true, autocomplete: "off", spellcheck: "false" });
  const password = h("input", { name: "password", type: "password", required: true, autocomplete: "new-password", minlength: "8" });
  const again = h("input", { name: "again", type: "password", required: true, autocomplete: "new-password" });
  let complainHere = () => {};
  const form = actionForm({ class: "stack narrow" }, async () => {
    if (password.value !== again.value) throw new Error("The two passwords are not the same.");
    try {
      await api.post("auth/setup", { token: token.value.trim(), password: password.value }, { signingIn: true });
    } catch (error) {
      if (error.code === "already_set_up") return drawSignIn(root, done);
      throw error;
    }
    await done();
  }, [
    username(),
    labelled("Setup token", token, "Printed in the service's log when it started."),
    labelled("New password", password, "At least 8 characters."),
    labelled("The same password again", again),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Set the password")),
  ], (error) => complainHere(error));
  complainHere = withErrors(form);
  fill(root, h("h1", null, "Set up StashHog"),
    h("p", null, "This service can be reached from other machines and has no password yet. ",
      "Whoever holds its one-time token may set one."), form);
  return { title: "Set up" };
}

function drawSignIn(root, done) {
  const kind = select([["password", "Password"], ["api_key", "API key"]], "password", { name: "kind" });
  const secret = h("input", { name: "secret", type: "password", required: true, autocomplete: "current-password" });
  let complainHere = () => {};
  const form = actionForm({ class: "stack narrow" }, async () => {
    await api.post("auth/login", { [kind.value]: secret.value }, { signingIn: true });
    secret.value = "";
    await done();
  }, [
    username(),
    labelled("Sign in with", kind),
    labelled("Password or key", secret),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Sign in")),
  ], (error) => complainHere(error));
  complainHere = withErrors(form);
  fill(root, h("h1", null, "Sign in"), form);
  return { title: "Sign in" };
}
