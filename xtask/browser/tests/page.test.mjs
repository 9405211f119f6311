// The page as a whole: no console messages, complete without scripts, no overflow.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPORTS, changed, folder, nothingSticksOut, openDetails, pageTest } from "./common.mjs";

test("there are reports of every kind", () => {
  for (const name of ["battle", "crowd", "all-diverged", "nothing", "one-seed", "hostile", "partly", "together", "two-hundred"]) {
    assert.ok(REPORTS.includes(name), name);
  }
});

test("a page of 200 runs is below 5 MB", () => {
  assert.ok(statSync(join(folder("two-hundred"), "index.html")).size < 5_000_000);
});

for (const report of REPORTS) {
  pageTest(`${report}: quiet, and one answer, one main heading`, report, {}, async (page) => {
    assert.equal(await page.locator("h1").count(), 1);
    assert.equal(await page.locator(".answer").count(), 1);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await openDetails(page);
    for (const button of await page.locator("thead button").all()) await button.dispatchEvent("click");
    for (const button of await page.locator("#optimizers button").all()) await button.dispatchEvent("click");
  });

  pageTest(`${report}: nothing sticks out, wide or narrow, light or dark`, report, {}, async (page) => {
    await openDetails(page);
    // Controls are inside the window too.
    await nothingSticksOut(page, "button, select, input, summary, a, figure, .scroll");
  });
}

pageTest("without scripts everything is there and no control is", "battle", { javaScriptEnabled: false }, async (page) => {
  const open = page.locator("figure:not(details figure)");
  assert.ok((await open.count()) >= 4);
  assert.equal(await open.locator("svg:visible").count(), await open.count());
  for (const summary of await page.locator(".variant > summary").all()) await summary.click();
  assert.equal(await page.locator("figure svg:visible").count(), await page.locator("figure").count());
  assert.ok(await page.locator('table[data-name="best"] tbody tr').first().isVisible());
  const runs = page.locator('table[data-name="runs"]');
  assert.equal(await runs.locator("tbody tr").count(), 125);
  assert.ok(!(await runs.isVisible()));
  await page.locator("summary", { hasText: "Show 125 runs" }).click();
  assert.ok(await runs.isVisible());
  assert.equal(await page.locator("button:visible, input:visible, select:visible").count(), 0);
  await page.locator("nav a", { hasText: "All runs" }).click();
  assert.match(page.url(), /#runs$/);
});

pageTest("links of the contents lead to their headings, below the bar", "battle", {}, async (page) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const links = await page.locator("nav.contents a").all();
  assert.ok(links.length >= 8);
  for (const link of links) {
    await link.evaluate((a) => a.click());
    const heading = page.locator(`h2[id="${(await link.getAttribute("href")).slice(1)}"]`);
    assert.equal(await heading.textContent(), await link.textContent());
    const [top, bar] = await page.evaluate(
      (h) => [document.getElementById(h).getBoundingClientRect().top, document.getElementById("optimizers").getBoundingClientRect()],
      await heading.getAttribute("id"),
    ).then(([top, bar]) => [top, bar.bottom > 0 ? bar.bottom : 0]);
    assert.ok(top >= bar - 1 && top < 900, `${await heading.textContent()}: at ${top}, bar to ${bar}`);
  }
});

pageTest("the skip link comes first and leads to the report", "battle", {}, async (page) => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  assert.ok(await page.locator(".skip").evaluate((a) => a.getBoundingClientRect().top >= 0));
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
});

test("the policy stops a script that is not ours", async () => {
  // Without the page's content security policy this script would run.
  const { launch, open } = await import("../browser.mjs");
  const file = changed("battle", "foreign", (text) => text.replace("</main>", "</main><script>document.title='taken'</script>"));
  const browser = await launch();
  try {
    const { page, complaints } = await open(browser, "", { file });
    assert.notEqual(await page.title(), "taken");
    assert.equal(complaints.length, 1);
  } finally {
    await browser.close();
  }
});

pageTest("hostile labels are shown as they are and do nothing", "hostile", {}, async (page) => {
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  await page.reload();
  const labels = await page.$$eval("#optimizers .name", (all) => all.map((one) => one.textContent));
  assert.ok(labels.includes("</script></style></svg><img src=x onerror=alert(1)>"), labels.join("\n"));
  assert.equal(await page.locator("img, iframe, object, main script").count(), 0);
  const chosen = await page.$$eval('table[data-name="runs"] tbody th', (all) => [...new Set(all.map((one) => one.textContent))]);
  assert.deepEqual(chosen, labels);
  assert.equal(dialogs, 0);
});
