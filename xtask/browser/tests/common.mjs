// Shared by the test files: the reports, one browser per file, one page per test.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, open } from "../browser.mjs";

const root = process.env.SWEEP_REPORTS;
if (!root) throw new Error("SWEEP_REPORTS is not set to a folder of reports; `cargo xtask test` makes one");

/** Names of the reports; `battle` is a real sweep, the others are made up. */
export const REPORTS = readdirSync(root).filter((name) => existsSync(join(root, name, "index.html"))).sort();

export const folder = (name) => join(root, name);
export const read = (name, file) => readFileSync(join(root, name, file), "utf8");

let browser;
const temporary = mkdtempSync(join(tmpdir(), "report-page-"));
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(temporary, { recursive: true, force: true });
});

/** A test of one page, which also must cause no complaints. */
export function pageTest(name, report, options, body) {
  test(name, { timeout: 120_000 }, async () => {
    const opened = await open(browser, folder(report), options);
    try {
      await body(opened.page, opened);
      assert.deepEqual(opened.complaints, []);
    } finally {
      await opened.close();
    }
  });
}

/** Writes a copy of a report's page as altered by `change` and returns its path. */
export function changed(report, name, change) {
  const path = join(temporary, `${name}.html`);
  const before = read(report, "index.html");
  const text = change(before);
  assert.notEqual(text, before);
  writeFileSync(path, text);
  return path;
}

/** The visible rows of a table, as texts of their cells. */
export const shownRows = (page, table) =>
  page.$$eval(`table[data-name="${table}"] tbody tr:not([hidden])`, (rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.textContent)),
  );

/** Index, from 0, of the column of a table with this heading. */
export async function columnOf(page, table, heading) {
  const heads = await page.$$eval(`table[data-name="${table}"] thead th`, (heads) => heads.map((h) => h.textContent));
  const at = heads.indexOf(heading);
  assert.notEqual(at, -1, `${heading} in ${heads}`);
  return at;
}

/** The sort keys of a column's visible rows, in order; NaN for a missing one. */
export const numbers = (page, table, column) =>
  page.$$eval(
    `table[data-name="${table}"] tbody tr:not([hidden])`,
    (rows, at) => rows.map((row) => Number.parseFloat(row.cells[at].dataset.sort ?? "NaN")),
    column,
  );

export const openDetails = (page) =>
  page.$$eval("details", (all) => all.forEach((details) => (details.open = true)));

/** Asserts, at two widths and in both colour schemes, that nothing is wider than the window and no `selector` leaves it. */
export async function nothingSticksOut(page, selector) {
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} of ${width} pixels, ${colorScheme}`);
    }
    const outside = await page.$$eval(
      selector,
      (all, most) =>
        all
          .filter((one) => !one.closest(".scroll table") && !one.matches(".skip, .sr"))
          .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.left < -0.5 || box.right > most + 0.5))
          .map(([html]) => html),
      width,
    );
    assert.deepEqual(outside, []);
  }
}

/** Parses CSV by RFC 4180 into rows of fields. */
export function parseCsv(text) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const end = text.indexOf('"', at);
        assert.notEqual(end, -1, "a quote is not closed");
        field += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        field += '"';
        at += 1;
      }
    } else {
      const end = at + text.slice(at).search(/[,\r]/);
      field = text.slice(at, end);
      assert.doesNotMatch(field, /["\n]/);
      at = end;
    }
    row.push(field);
    if (text[at] === ",") {
      at += 1;
    } else {
      assert.equal(text.slice(at, at + 2), "\r\n");
      at += 2;
      rows.push(row);
      row = [];
    }
  }
  assert.deepEqual(row, []);
  return rows;
}
