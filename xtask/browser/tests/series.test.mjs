// Hiding and showing optimizers.
import assert from "node:assert/strict";
import { changed, openDetails, pageTest, shownRows } from "./common.mjs";

const toggle = (page, label) => page.locator("#optimizers button[data-toggle]", { hasText: new RegExp(`^${label}$`) });

// Groups of two optimizers in every figure, whether or not the figures have them already.
const file = (name) =>
  changed("battle", name, (text) =>
    text.replaceAll("</svg>", '<g data-series="0" class="test"><path d="M0 0h1"/></g><g data-series="1" class="test"><path d="M0 0h1"/></g></svg>'),
  );
const visible = (page, series) =>
  page.$$eval(
    `figure .wide svg g.test[data-series="${series}"]`,
    (all) => all.filter((group) => group.getClientRects().length > 0 && getComputedStyle(group).display !== "none").length,
  );
const labels = async (page, table) => [...new Set((await shownRows(page, table)).map((row) => row[0]))];

pageTest("a toggle hides the optimizer's ink and rows, and brings them back", "battle", { file: file("toggle") }, async (page) => {
  await openDetails(page);
  const figures = await page.locator("figure").count();
  assert.deepEqual([await visible(page, 0), await visible(page, 1)], [figures, figures]);
  await toggle(page, "sgd").click();
  assert.equal(await toggle(page, "sgd").getAttribute("aria-pressed"), "false");
  assert.deepEqual([await visible(page, 0), await visible(page, 1)], [0, figures]);
  for (const table of ["best", "configurations", "ledger", "runs"]) {
    assert.deepEqual(await labels(page, table), ["momentum", "rmsprop", "adam", "adam-cosine"], table);
  }
  assert.equal(await page.locator("#live").textContent(), "4 of 5 optimizers shown");
  // A short table shows a count only while rows are hidden.
  assert.equal(await page.locator('.table:has(table[data-name="best"]) .count').textContent(), "4 of 5 rows");
  await toggle(page, "sgd").click();
  assert.deepEqual([await visible(page, 0), await visible(page, 1)], [figures, figures]);
  assert.equal((await shownRows(page, "runs")).length, 125);
  assert.equal(await page.locator('.table:has(table[data-name="best"]) .count').textContent(), "");
});

pageTest("all, none and only this", "battle", {}, async (page) => {
  await openDetails(page);
  const only = page.getByRole("button", { name: "Only adam", exact: true });
  await only.click();
  assert.deepEqual(await labels(page, "runs"), ["adam"]);
  await only.click();
  assert.equal((await labels(page, "runs")).length, 5);
  await page.locator('[data-all="false"]').click();
  assert.equal((await shownRows(page, "runs")).length, 0);
  await toggle(page, "rmsprop").press("Space");
  assert.deepEqual(await labels(page, "best"), ["rmsprop"]);
  await page.locator('[data-all="true"]').click();
  assert.equal(await page.locator('#optimizers [aria-pressed="true"]').count(), 5);
  assert.ok(!page.url().includes("hide"));
});

pageTest("hidden optimizers stay hidden after a reload and go with an address", "battle", { file: file("hash") }, async (page) => {
  await toggle(page, "momentum").click();
  await toggle(page, "adam").click();
  assert.match(page.url(), /#\?hide=1\.3$/);
  await page.reload();
  assert.equal(await visible(page, 1), 0);
  assert.deepEqual(await labels(page, "best"), ["sgd", "rmsprop", "adam-cosine"]);
  // Another address in the same window.
  await page.evaluate(() => {
    location.hash = "#?hide=0";
  });
  await page.waitForFunction(() => document.querySelector('[data-toggle="0"]').ariaPressed === "false");
  assert.deepEqual(await labels(page, "best"), ["momentum", "rmsprop", "adam", "adam-cosine"]);
});

for (const [width, height, stays] of [[1280, 900, true], [1280, 500, false], [400, 850, false]]) {
  pageTest(`the bar ${stays ? "stays" : "scrolls away"} at ${width} x ${height}`, "battle", { width, height }, async (page) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.locator("figure:not(details figure)").nth(2).evaluate((one) => one.scrollIntoView({ block: "start" }));
    const { top, bottom } = await page.locator("#optimizers").evaluate((one) => one.getBoundingClientRect().toJSON());
    assert.equal(top === 0 && bottom > 30, stays, `${top} to ${bottom}`);
    assert.ok(bottom < height / 4);
  });
}

pageTest("twelve long labels leave room for the figure", "crowd", {}, async (page) => {
  const { height } = await page.locator("#optimizers").evaluate((one) => one.getBoundingClientRect().toJSON());
  assert.ok(height <= 130, `${height}`);
  const labels = await page.$$eval("#optimizers [data-toggle]", (all) => all.map((one) => one.title));
  assert.equal(new Set(labels).size, 12);
});

pageTest("one optimizer has no bar", "lesson", {}, async (page) => {
  assert.equal(await page.locator("#optimizers").count(), 0);
});
