// A headless Chromium, and pages in it that may reach nothing but their file.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser's program: SWEEP_CHROMIUM, or the first known name on the PATH. */
export function program() {
  if (process.env.SWEEP_CHROMIUM) return process.env.SWEEP_CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!found) throw new Error(`none of ${NAMES.join(", ")} is on the PATH; SWEEP_CHROMIUM may name one`);
  return found;
}

/** Starts the browser. It is not sandboxed, for it opens our own files alone, also as root. */
export function launch() {
  return chromium.launch({
    executablePath: program(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The address of a report folder's page. */
export function pageAddress(folder) {
  return pathToFileURL(join(folder, "index.html")).href;
}
