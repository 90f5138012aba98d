// The start: theme, router, keys, session, then the shell.

import { render } from "preact";
import { startEndings } from "./core/endings";
import { startKeys } from "./core/keys";
import { complain } from "./core/notices";
import { place, startRouter } from "./core/router";
import { startSession } from "./core/session";
import { startTheme } from "./core/theme";
import { findPage } from "./pages";
import { Shell } from "./shell";

startTheme();
startRouter();
startKeys();
startSession();
startEndings();
const first = findPage(place.peek().path);
first?.page.prepare?.(first.id);
addEventListener("unhandledrejection", (event) => complain(event.reason));
addEventListener("error", (event) => event.error && complain(event.error));
render(<Shell />, document.getElementById("app")!);
