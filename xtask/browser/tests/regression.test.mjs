// The page of a regression report.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { folder, nothingSticksOut, openDetails, pageTest, parseCsv, shownRows } from "./common.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NAMES = readdirSync(folder("regressions")).sort();
const at = (name, options = {}) => ({ file: join(folder("regressions"), name, "regression.html"), ...options });

test("there are regressions of every kind", () => {
  assert.deepEqual(NAMES, ["crowd", "first-night", "history", "hostile", "identical", "improved", "incomplete", "no-baseline", "regressed", "unchanged"]);
});

for (const name of NAMES) {
  pageTest(`${name}: quiet, and nothing sticks out, wide or narrow, light or dark`, "regressions", at(name), async (page) => {
    assert.equal(await page.locator("h1").count(), 1);
    assert.equal(await page.locator(".answer").count(), 1);
    await openDetails(page);
    for (const button of await page.locator("thead button").all()) await button.dispatchEvent("click");
    await nothingSticksOut(page, "button, select, input, summary, a, figure, .scroll, p, code");
  });
}

const dresses = [1280, 400].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));
const cases = [...dresses.map((dress) => ["history", dress]), ["regressed", dresses[0]], ["incomplete", dresses[3]], ["hostile", dresses[1]]];
for (const [name, dress] of cases) {
  pageTest(`${name}: axe finds nothing at ${dress.width} pixels, ${dress.colorScheme}`, "regressions", at(name, dress), async (page) => {
    await openDetails(page);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0].html.slice(0, 120)}`), []);
  });
}

pageTest("without scripts the verdict, the changes and their figure are there", "regressions", at("regressed", { javaScriptEnabled: false }), async (page) => {
  assert.match(await page.locator(".answer p").first().textContent(), /^Regressed: .*, and 4 more$/);
  assert.equal(await page.locator('table[data-name="regression-changes"] tbody tr:visible').count(), 7);
  assert.ok(await page.locator("#changes svg").first().isVisible());
  assert.equal(await page.locator("button:visible").count(), 0);
});

pageTest("every comparison can be chosen by its finding and its metric", "regressions", at("regressed"), async (page) => {
  await openDetails(page);
  const table = page.locator('.table:has(table[data-name="regression-comparisons"])');
  await table.getByLabel("Finding").selectOption("regressed");
  assert.equal((await shownRows(page, "regression-comparisons")).length, 5);
  await table.locator("select", { hasText: "test loss" }).selectOption("test loss");
  const [[label, config]] = await shownRows(page, "regression-comparisons");
  assert.deepEqual([label, config], ["momentum", "lr 0.1"]);
});

pageTest("tables are saved as the CSV that stands beside the page", "regressions", at("history"), async (page) => {
  await openDetails(page);
  for (const name of await page.$$eval("table[data-name]", (all) => all.map((one) => one.dataset.name))) {
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.locator(`.table:has(table[data-name="${name}"]) .tools button`).click(),
    ]);
    const beside = join(folder("regressions"), "history", "tables", `${name}.csv`);
    assert.ok(existsSync(beside), beside);
    assert.deepEqual(parseCsv(readFileSync(await saved.path(), "utf8")), parseCsv(readFileSync(beside, "utf8")), name);
  }
});

pageTest("a step of the history can be read by pointer", "regressions", at("history"), async (page) => {
  const figure = page.locator("figure[data-figure^=trend]").first();
  await figure.scrollIntoViewIfNeeded();
  await figure.locator(".plot:visible").focus();
  await page.keyboard.press("Home");
  assert.match(await page.locator("#tip").textContent(), /^Training loss \u00b7 2026-10-01 [0-9a-f]{8}: /);
});
