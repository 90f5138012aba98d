// Builds the page into a folder: one script, one style sheet, the shell and the licences of what
// the script contains. `node build.mjs [OUT] [--tests OUT] [--watch]`.

import * as esbuild from "esbuild";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const shared = {
  bundle: true, format: "esm", target: ["es2022"], charset: "utf8", logLevel: "warning",
  jsx: "automatic", jsxImportSource: "preact", absWorkingDir: here, legalComments: "none",
};

// The packages that ended in the script, from the bundler's own account of its inputs.
function packagesIn(metafile) {
  const folders = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) folders.add(found[1]);
  }
  return [...folders].sort();
}

async function licences(metafile) {
  const parts = [];
  for (const folder of packagesIn(metafile)) {
    const { name, version, license } = JSON.parse(await readFile(join(here, folder, "package.json"), "utf8"));
    const file = (await readdir(join(here, folder))).find((one) => /^licen[cs]e/i.test(one));
    const text = file ? await readFile(join(here, folder, file), "utf8") : `${license}\n`;
    parts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return parts.join(`\n${"-".repeat(72)}\n\n`);
}

async function build(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const made = await esbuild.build({
    ...shared, entryPoints: { app: "src/app.tsx" }, outdir: out, minify: true, metafile: true,
  });
  await esbuild.build({ ...shared, entryPoints: { app: "src/style/app.css" }, outdir: out, minify: true });
  await cp(join(here, "src/index.html"), join(out, "index.html"));
  await cp(join(here, "src/icon.svg"), join(out, "icon.svg"));
  await writeFile(join(out, "LICENSES.txt"), await licences(made.metafile));
}

// The unit tests, each with what it tests, for Node's own runner.
async function buildTests(out) {
  const folder = resolve(here, "../../tests/ui");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs"));
  await esbuild.build({
    ...shared, entryPoints: names.map((name) => join(folder, name)), outdir: out,
    platform: "node", packages: "bundle", nodePaths: [join(here, "node_modules")], outExtension: { ".js": ".mjs" },
  });
}

const words = process.argv.slice(2);
const tests = words.indexOf("--tests");
if (tests !== -1) {
  await buildTests(resolve(words[tests + 1]));
} else if (words.includes("--watch")) {
  const out = join(here, "dist");
  await build(out);
  const script = await esbuild.context({ ...shared, entryPoints: { app: "src/app.tsx" }, outdir: out, sourcemap: "inline" });
  const style = await esbuild.context({ ...shared, entryPoints: { app: "src/style/app.css" }, outdir: out });
  await Promise.all([script.watch(), style.watch()]);
} else {
  await build(resolve(words[0] ?? join(here, "dist")));
}
