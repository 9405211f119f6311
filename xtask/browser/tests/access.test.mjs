// Accessibility without a mouse, without sight and with weak sight.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { openDetails, pageTest } from "./common.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const every = [1280, 400].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));
// The real report at every width and in every colour scheme, the made-up ones once each, since axe is slow.
const cases = [
  ...every.map((dress) => ["battle", dress]),
  ["crowd", every[0]],
  ["together", every[3]],
  ["partly", every[1]],
  ["hostile", every[2]],
  ["nothing", every[3]],
];
for (const [report, dress] of cases) {
  pageTest(`${report}: axe finds nothing at ${dress.width} pixels, ${dress.colorScheme}`, report, dress, async (page) => {
    await openDetails(page);
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => window.axe.run());
    const told = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`);
    assert.deepEqual(told.filter((line) => /^(serious|critical)/.test(line)), []);
    // No milder violations either.
    assert.deepEqual(told, []);
    assert.ok(passes.length > 20, `${passes.length} rules`);
  });
}

for (const colorScheme of ["light", "dark"]) {
  pageTest(`text of figures and page has a contrast of 4.5, ${colorScheme}`, "battle", { colorScheme }, async (page) => {
    // axe does not look into SVG.
    const low = await page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const light = (name) => {
        const probe = document.createElement("i");
        probe.style.color = style.getPropertyValue(`--${name}`);
        document.body.append(probe);
        const channels = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map((c) => c / 255);
        probe.remove();
        const [r, g, b] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      const out = [];
      // On both backgrounds of the page.
      for (const behind of ["paper", "back"]) {
        for (const text of ["ink", "muted", "accent", "warn"]) if (contrast(text, behind) < 4.5) out.push([text, behind, contrast(text, behind)]);
        // Borders of controls and rings of focus.
        for (const line of ["control", "accent"]) if (contrast(line, behind) < 3) out.push([line, behind, contrast(line, behind)]);
      }
      // Text of figures has a colour of the page's text, or stands on a coloured cell.
      const brightness = (color) => {
        const [r, g, b] = color.match(/[\da-f]{2}/gi).map((hex) => Number.parseInt(hex, 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      for (const svg of document.querySelectorAll("figure .wide svg")) {
        const isCell = (shape) => /^#[\da-f]{6}$/i.test(shape.getAttribute("fill") ?? "");
        const cells = [...svg.querySelectorAll("rect, path")].filter(isCell).map((shape) => [shape, shape.getBBox()]);
        for (const text of svg.querySelectorAll("text")) {
          const fill = text.getAttribute("fill") ?? text.closest("[fill]")?.getAttribute("fill");
          if (["var(--ink)", "var(--muted)"].includes(fill)) continue;
          const [x, y] = [Number(text.getAttribute("x")), Number(text.getAttribute("y"))];
          const [cell] =
            cells.findLast(([, box]) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) ?? [];
          const pair = cell && [brightness(fill), brightness(cell.getAttribute("fill"))];
          const ratio = pair ? (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05) : 0;
          if (ratio < 4.5) out.push(["text of a figure", text.textContent, fill, cell?.getAttribute("fill"), ratio]);
        }
      }
      return out;
    });
    assert.deepEqual(low, []);
  });
}

pageTest("figures and tables say what they are", "battle", {}, async (page) => {
  for (const svg of await page.locator("figure svg").all()) {
    assert.equal(await svg.getAttribute("role"), "img");
    assert.ok((await svg.getAttribute("aria-label")).length > 10);
    const caption = page.locator(`[id="${await svg.getAttribute("aria-describedby")}"]`);
    assert.ok((await caption.textContent()).length > 20);
  }
  for (const table of await page.locator("table").all()) {
    const caption = await table.locator("caption").textContent();
    assert.ok(caption.length > 5);
    assert.equal(await table.locator("thead th:not([scope=col])").count(), 0);
    assert.equal(await table.locator("tbody tr:not(:has(th[scope=row]))").count(), 0);
    const box = table.locator("xpath=..");
    assert.deepEqual(
      [await box.getAttribute("role"), await box.getAttribute("tabindex"), await box.getAttribute("aria-label")],
      ["region", "0", caption],
    );
  }
  const levels = await page.$$eval("h1, h2, h3, h4", (all) => all.map((one) => Number(one.tagName[1])));
  levels.reduce((before, level) => {
    assert.ok(level <= before + 1, `${levels}`);
    return level;
  }, 0);
  for (const landmark of ["banner", "navigation", "main", "contentinfo"]) {
    assert.equal(await page.getByRole(landmark).count(), 1, landmark);
  }
});

pageTest("every control is reached by Tab and shows that it is", "battle", {}, async (page) => {
  const wanted = await page.$$eval("button, select, input, summary, a", (all) => all.filter((one) => one.checkVisibility()).length);
  const seen = new Set();
  for (let press = 0; press < wanted * 2; press += 1) {
    await page.keyboard.press("Tab");
    const [key, outline] = await page.evaluate(() => {
      const one = document.activeElement;
      one.dataset.seen ??= String(Math.random());
      return [one === document.body ? null : one.dataset.seen, getComputedStyle(one).outlineStyle];
    });
    if (key === null || seen.has(key)) break;
    assert.notEqual(outline, "none");
    seen.add(key);
  }
  assert.ok(seen.size >= wanted, `${seen.size} of ${wanted}`);
});

pageTest("columns explain themselves", "battle", {}, async (page) => {
  const texts = await page.$$eval('table[data-name="best"] abbr', (all) => all.map((one) => [one.textContent, one.title]));
  assert.ok(texts.some(([name, text]) => name.startsWith("Test accuracy") && /\u00b1 standard deviation between seeds/.test(text)));
  assert.ok(texts.some(([name, text]) => name === "95% interval" && text.length > 30));
  // The same without a pointer.
  const terms = page.locator('.table:has(table[data-name="best"]) .terms');
  await terms.locator("summary").press("Enter");
  assert.equal(await terms.locator("dt").count(), texts.length);
});
