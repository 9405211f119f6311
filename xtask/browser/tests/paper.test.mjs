// Colour schemes and printing.
import assert from "node:assert/strict";
import { pageTest } from "./common.mjs";

const back = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const LIGHT = "rgb(246, 247, 249)";
const DARK = "rgb(14, 16, 20)";

pageTest("colours follow the system, then the reader, also after a reload", "battle", { colorScheme: "dark" }, async (page) => {
  const button = page.locator("#theme");
  assert.equal(await back(page), DARK);
  assert.equal(await button.textContent(), "Colours: auto");
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await back(page), LIGHT);
  await button.click();
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual([await button.textContent(), await back(page)], ["Colours: light", LIGHT]);
  await button.click();
  await page.emulateMedia({ colorScheme: "light" });
  assert.deepEqual([await button.textContent(), await back(page)], ["Colours: dark", DARK]);
  await page.reload();
  assert.deepEqual([await button.textContent(), await back(page)], ["Colours: dark", DARK]);
  await button.click();
  assert.deepEqual([await button.textContent(), await back(page)], ["Colours: auto", LIGHT]);
  assert.ok(!page.url().includes("theme"));
});

for (const colorScheme of ["light", "dark"]) {
  pageTest(`paper is light and has no controls, from ${colorScheme}`, "battle", { colorScheme, hash: "#?theme=dark" }, async (page) => {
    await page.emulateMedia({ media: "print", colorScheme });
    assert.equal(await back(page), "rgb(255, 255, 255)");
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).color), "rgb(27, 31, 36)");
    assert.equal(await page.locator("button:visible:not(thead button), input:visible, select:visible, nav:visible").count(), 0);
    // Folded summaries and advice about the pointer are useless on paper.
    assert.equal(await page.locator(".variant:visible, .hint:visible").count(), 0);
    const kept = await page.$$eval("figure, tr", (all) => all.every((one) => getComputedStyle(one).breakInside === "avoid"));
    assert.ok(kept);
    // A printed page is about 180 mm wide; tables must fit, since nothing scrolls there.
    await page.setViewportSize({ width: 680, height: 1000 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 680, `${wide}`);
    assert.ok(await page.locator("figure .wide svg").first().isVisible());
    assert.ok(!(await page.locator("figure .narrow svg").first().isVisible()));
  });
}

pageTest("printing opens what is to be read there, and closes it again", "battle", {}, async (page) => {
  const open = () => page.$$eval("details", (all) => all.filter((one) => one.open).map((one) => one.querySelector("summary").textContent));
  await page.evaluate(() => {
    window.addEventListener("beforeprint", () => {
      const all = [...document.querySelectorAll("details")].filter((one) => one.open);
      window.opened = all.map((one) => one.querySelector("summary").textContent);
    });
  });
  const pdf = await page.pdf({ format: "A4" });
  const opened = await page.evaluate(() => window.opened);
  assert.ok(opened.filter((text) => text === "How to read this").length >= 4, opened.join());
  assert.ok(!opened.some((text) => /runs$/.test(text)));
  assert.deepEqual(await open(), []);
  // The whole report takes a reasonable number of sheets.
  const sheets = (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length;
  assert.ok(sheets >= 3 && sheets <= 14, `${sheets} sheets`);
});

pageTest("nothing moves for those who do not want it", "battle", { reducedMotion: "reduce" }, async (page) => {
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior), "auto");
  const moving = await page.$$eval("*", (all) => all.filter((one) => getComputedStyle(one).transitionDuration !== "0s").length);
  assert.equal(moving, 0);
});
