// Values in figures, on a page with known marks and on real figures.
import assert from "node:assert/strict";
import { changed, openDetails, pageTest, read } from "./common.mjs";

const FIGURE = 'figure[data-figure="convergence"]';
const boxes = [...read("battle", "index.html").split('data-figure="convergence"')[1].matchAll(/viewBox="0 0 (\d+) (\d+)"/g)];
const [[wide, tall], [narrow, long]] = boxes.slice(0, 2).map((box) => [Number(box[1]), Number(box[2])]);

// Two curves of three marks each and one mark of no curve, in corners and in the middle, as
// fractions of the drawing.
const MARKS = [
  [0, 0.01, 0.03, "sgd, epoch 1: 0.5 <b>"],
  [0, 0.3, 0.3, "sgd, epoch 2: 0.4"],
  [0, 0.99, 0.05, "sgd, epoch 3: 0.3"],
  [1, 0.01, 0.6, "momentum, epoch 1: 0.25\nlr 0.01"],
  [1, 0.31, 0.33, "momentum, epoch 2: 0.2"],
  [1, 0.99, 0.97, "momentum, epoch 3: 0.1"],
  // Too long to stand on either side of its mark in a narrow window.
  [null, 0.6, 0.6, "target: 97% of the validation samples classified right"],
].map(([series, x, y, text]) => [series, x * wide, y * tall, x * narrow, y * long, text]);
const data = JSON.stringify({ convergence: MARKS, absent: 1 }).replaceAll("<", "\\u003c");
const file = (name) =>
  changed("battle", name, (text) =>
    text
      .replace(/<script type="application\/json" id="figure-data">[^<]*<\/script>/, "")
      .replace("<script>", `<script type="application/json" id="figure-data">${data}</script><script>`),
  );

/** Position of a mark in the window, in pixels. */
const spot = (page, box, x, y) =>
  page.$eval(`${FIGURE} .${box} svg`, (svg, [x, y]) => {
    const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
    return { x: point.x, y: point.y };
  }, [x, y]);
const tip = (page) => page.locator("#tip");
const shown = async (page) => ((await tip(page).isVisible()) ? tip(page).textContent() : null);
const inside = (page) =>
  tip(page).evaluate((one) => {
    const box = one.getBoundingClientRect();
    return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  });
// A scroll event arrives with the next frame and hides the value.
const intoView = (page, figure = FIGURE) =>
  page.locator(figure).evaluate((one) => {
    one.scrollIntoView({ block: "center", behavior: "instant" });
    return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });

pageTest("the pointer reads the nearest mark within reach, in the window", "battle", { file: file("hover") }, async (page) => {
  await intoView(page);
  for (const [, x, y, , , text] of MARKS) {
    const at = await spot(page, "wide", x, y);
    await page.mouse.move(at.x + 1, at.y + 1);
    assert.equal(await shown(page), text);
    assert.ok(await inside(page), text);
    const ring = await page.locator(`${FIGURE} .wide .ring`).evaluate((one) => one.getBoundingClientRect().toJSON());
    assert.ok(Math.hypot(ring.x + ring.width / 2 - at.x, ring.y + ring.height / 2 - at.y) < 1);
    assert.ok(ring.width > 12 && ring.width < 18, `${ring.width}`);
  }
  const near = await spot(page, "wide", MARKS[6][1], MARKS[6][2]);
  await page.mouse.move(near.x + 20, near.y + 17);
  assert.equal(await shown(page), MARKS[6][5]);
  await page.mouse.move(near.x + 24, near.y + 24);
  assert.equal(await shown(page), null);
  assert.equal(await page.locator(".ring").count(), 0);
  // Hovering is not announced; otherwise a moving pointer would cause endless speech.
  assert.equal(await page.locator("#live").textContent(), "");
});

pageTest("a value goes with Escape, with the pointer and with scrolling", "battle", { file: file("leave") }, async (page) => {
  await intoView(page);
  const at = await spot(page, "wide", MARKS[1][1], MARKS[1][2]);
  const over = async () => {
    await page.mouse.move(at.x - 1, at.y);
    await page.mouse.move(at.x, at.y);
    assert.equal(await shown(page), "sgd, epoch 2: 0.4");
  };
  await over();
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), null);
  await over();
  await page.mouse.move(5, 5);
  assert.equal(await shown(page), null);
  await over();
  await page.mouse.wheel(0, 40);
  await page.waitForFunction(() => document.getElementById("tip").hidden);
});

pageTest("marks of a hidden optimizer are passed over", "battle", { file: file("hidden") }, async (page) => {
  await page.locator('[data-toggle="0"]').click();
  await intoView(page);
  const at = await spot(page, "wide", MARKS[1][1], MARKS[1][2]);
  await page.mouse.move(at.x, at.y);
  assert.equal(await shown(page), "momentum, epoch 2: 0.2");
  const alone = await spot(page, "wide", MARKS[2][1], MARKS[2][2]);
  await page.mouse.move(alone.x, alone.y);
  assert.equal(await shown(page), null);
  await page.locator(`${FIGURE} .wide`).focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await shown(page), /^momentum, epoch 1/);
});

pageTest("keys go along a curve and between curves, and are read out", "battle", { file: file("keys") }, async (page) => {
  const plot = page.locator(`${FIGURE} .wide`);
  assert.equal(await plot.getAttribute("tabindex"), "0");
  assert.equal(await plot.getAttribute("role"), "application");
  assert.match(await plot.getAttribute("aria-label"), /Arrow keys/);
  await plot.focus();
  const press = async (key, text) => {
    await page.keyboard.press(key);
    assert.equal(await shown(page), text, key);
    assert.equal(await page.locator("#live").textContent(), text);
    assert.ok(await inside(page));
  };
  await press("ArrowRight", MARKS[0][5]);
  await press("ArrowRight", MARKS[1][5]);
  await press("ArrowDown", MARKS[4][5]);
  await press("ArrowLeft", MARKS[3][5]);
  await press("ArrowLeft", MARKS[3][5]);
  await press("End", MARKS[5][5]);
  await press("ArrowUp", MARKS[2][5]);
  await press("ArrowUp", MARKS[6][5]);
  await press("ArrowDown", MARKS[1][5]);
  await press("Home", MARKS[0][5]);
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), null);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await shown(page), null);
});

pageTest("a finger reads a value on the narrow drawing, and it stays", "battle", { file: file("touch"), width: 400, hasTouch: true, isMobile: true }, async (page) => {
  await intoView(page);
  for (const [, , , x, y, text] of MARKS) {
    const at = await spot(page, "narrow", x, y);
    await page.touchscreen.tap(at.x, at.y);
    assert.equal(await shown(page), text);
    assert.ok(await inside(page), text);
  }
  await page.locator("h1").dispatchEvent("pointerdown");
  assert.equal(await shown(page), null);
});

pageTest("text of a value is text", "battle", { file: file("text") }, async (page) => {
  await intoView(page);
  const at = await spot(page, "wide", MARKS[0][1], MARKS[0][2]);
  await page.mouse.move(at.x, at.y);
  assert.match(await shown(page), /<b>$/);
  assert.equal(await page.locator("#tip b").count(), 0);
});

for (const [name, broken] of [["no", ""], ["broken", "{"], ["null", "null"], ["foreign", '{"convergence":{"a":1}}']]) {
  const without = () =>
    changed("battle", `data-${name}`, (text) =>
      text
        .replace(/<script type="application\/json" id="figure-data">[^<]*<\/script>/, "")
        .replace("<script>", `${broken && `<script type="application/json" id="figure-data">${broken}</script>`}<script>\n`.replace("<script>\n", "<script>"))
        .replace("<title>", "<title>x "),
    );
  pageTest(`with ${name} data of figures the rest works`, "battle", { file: without() }, async (page) => {
    await intoView(page);
    const at = await spot(page, "wide", MARKS[1][1], MARKS[1][2]);
    await page.mouse.move(at.x, at.y);
    assert.equal(await shown(page), null);
    assert.equal(await page.locator(".plot").count(), 0);
    assert.ok(await page.locator("#theme").isVisible());
  });
}

// The page's own marks.
const own = /<script type="application\/json" id="figure-data">([^<]*)<\/script>/.exec(read("battle", "index.html"));
const figures = JSON.parse(own[1]);
pageTest("every figure's own marks can be read by pointer and by key", "battle", {}, async (page) => {
  assert.ok(Object.keys(figures).length >= 3);
  await openDetails(page);
  for (const [name, marks] of Object.entries(figures)) {
    const box = page.locator(`figure[data-figure="${name}"] .wide`);
    await intoView(page, `figure[data-figure="${name}"]`);
    for (const mark of marks.filter((_, i) => i % Math.ceil(marks.length / 12) === 0)) {
      const at = await box.locator("svg").evaluate((svg, [x, y]) => {
        const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
        return { x: point.x, y: point.y };
      }, [mark[1], mark[2]]);
      await page.mouse.move(at.x, at.y);
      // Marks may overlap: any of the marks at this place may be shown.
      const here = marks.filter((other) => Math.hypot(other[1] - mark[1], other[2] - mark[2]) < 3).map((other) => other[5]);
      assert.ok(here.includes(await shown(page)), `${name}: ${await shown(page)} at ${mark[5]}`);
    }
    // Moved away first, since a key continues from the mark under the pointer.
    await page.mouse.move(2, 2);
    await box.focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await shown(page), marks[0][5]);
  }
});
