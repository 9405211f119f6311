// A headless Chromium, whose pages may load nothing but their own file.
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
  if (!found) throw new Error(`none of ${NAMES.join(", ")} is on the PATH; set SWEEP_CHROMIUM to the browser's program`);
  return found;
}

/** Starts the browser. It is not sandboxed, since it opens only our own files and may run as root. */
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

/**
 * Opens a report's page, or another file, in a session that can load nothing
 * else. `complaints` collects what a correct page never causes: errors and
 * warnings of the console, exceptions, requests.
 */
export async function open(browser, folder, options = {}) {
  const { width = 1280, height = 900, hash = "", file, ...context } = options;
  const address = file ? pathToFileURL(file).href : pageAddress(folder);
  const session = await browser.newContext({ viewport: { width, height }, ...context });
  const page = await session.newPage();
  const complaints = [];
  const isOwn = (url) => url.split("#")[0] === address || url.startsWith("blob:");
  await session.route("**/*", (route) => (isOwn(route.request().url()) ? route.continue() : route.abort()));
  page.on("request", (request) => {
    if (!isOwn(request.url())) complaints.push(`request: ${request.url()}`);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  await page.goto(address + hash);
  return { page, complaints, close: () => session.close() };
}
