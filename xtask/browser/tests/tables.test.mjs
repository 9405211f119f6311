// Tables: sorting, search, filters, count, CSV.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPORTS, columnOf, folder, numbers, openDetails, pageTest, parseCsv, read, shownRows } from "./common.mjs";

const runs = (page) => page.locator('.table:has(table[data-name="runs"])');
const head = (page, table, column) => page.locator(`table[data-name="${table}"] thead th`).nth(column);

pageTest("a column of numbers sorts down, then up, none last", "partly", {}, async (page) => {
  await openDetails(page);
  const column = await columnOf(page, "runs", "Validation accuracy");
  const before = await numbers(page, "runs", column);
  const missing = before.filter(Number.isNaN).length;
  assert.ok(missing > 2);
  const known = before.filter((x) => !Number.isNaN(x));
  for (const [order, sign] of [["descending", -1], ["ascending", 1]]) {
    await head(page, "runs", column).locator("button").click();
    assert.equal(await head(page, "runs", column).getAttribute("aria-sort"), order);
    const expected = [...known].sort((a, b) => sign * (a - b));
    assert.deepEqual(await numbers(page, "runs", column), [...expected, ...Array(missing).fill(NaN)]);
  }
  assert.equal(await page.locator('table[data-name="runs"] [aria-sort]').count(), 1);
});

pageTest("numbers sort by their value, not by their text", "twelve-hundred", {}, async (page) => {
  await openDetails(page);
  const column = await columnOf(page, "runs", "Seed");
  await head(page, "runs", column).locator("button").click();
  const sorted = await numbers(page, "runs", column);
  // As text, 9 would stand before 29.
  assert.equal(sorted[0], 29);
  assert.deepEqual(sorted, [...sorted].sort((a, b) => b - a));
});

pageTest("what was never reached is beyond every number, and none is last", "battle", {}, async (page) => {
  const column = await columnOf(page, "best", "95% interval");
  await page.$$eval(
    'table[data-name="best"] tbody tr',
    (rows, at) => {
      const cells = rows.map((row) => row.cells[at]);
      [cells[0].dataset.sort, cells[1].dataset.sort] = ["inf", "-inf"];
      delete cells[2].dataset.sort;
    },
    column,
  );
  const order = async () => (await shownRows(page, "best")).map((row) => row[0]);
  await head(page, "best", column).locator("button").click();
  assert.deepEqual(await order(), ["sgd", "adam-cosine", "adam", "momentum", "rmsprop"]);
  await head(page, "best", column).locator("button").click();
  assert.deepEqual(await order(), ["momentum", "adam", "adam-cosine", "sgd", "rmsprop"]);
});

pageTest("a column of text sorts up, then down, by key too", "battle", {}, async (page) => {
  await openDetails(page);
  const labels = async () => [...new Set((await shownRows(page, "runs")).map((row) => row[0]))];
  await head(page, "runs", 0).locator("button").focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await labels(), ["adam", "adam-cosine", "momentum", "rmsprop", "sgd"]);
  await page.keyboard.press("Space");
  assert.deepEqual(await labels(), ["sgd", "rmsprop", "momentum", "adam-cosine", "adam"]);
});

pageTest("search and choice narrow the rows, and the count says so", "partly", {}, async (page) => {
  await openDetails(page);
  const count = runs(page).locator('[role="status"]');
  assert.equal(await count.textContent(), "125 runs");
  assert.equal(await count.getAttribute("aria-live"), "polite");
  await runs(page).getByLabel("Status").selectOption("diverged");
  const diverged = await shownRows(page, "runs");
  const status = await columnOf(page, "runs", "Status");
  assert.ok(diverged.length > 3 && diverged.every((row) => row[status] === "diverged"));
  assert.equal(await count.textContent(), `${diverged.length} of 125 runs`);
  await runs(page).getByLabel("Optimizer").selectOption("momentum");
  const both = await shownRows(page, "runs");
  assert.ok(both.length > 0 && both.length < diverged.length);
  assert.ok(both.every((row) => row[0] === "momentum" && row[status] === "diverged"));
  await runs(page).getByLabel("Status").selectOption("");
  await runs(page).getByLabel("Optimizer").selectOption("");
  await runs(page).getByLabel("Search").fill("  ADAM  failed ");
  const failed = await shownRows(page, "runs");
  assert.equal(failed.length, 1);
  assert.equal(failed[0][status], "failed");
  await runs(page).getByLabel("Search").fill("no such run");
  assert.equal(await count.textContent(), "0 of 125 runs");
  await runs(page).getByLabel("Search").fill("");
  assert.equal(await count.textContent(), "125 runs");
});

pageTest("what was chosen survives a reload, and a link to a section", "battle", {}, async (page) => {
  await openDetails(page);
  await runs(page).getByLabel("Optimizer").selectOption("adam");
  await runs(page).getByLabel("Search").fill("0.001");
  const column = await columnOf(page, "runs", "Training time");
  await head(page, "runs", column).locator("button").click();
  const before = await shownRows(page, "runs");
  assert.ok(before.length > 0 && before.length < 125);
  await page.locator("nav a", { hasText: "All runs" }).click();
  await page.waitForFunction(() => location.hash.startsWith("#runs?"));
  await page.reload();
  assert.deepEqual(await shownRows(page, "runs"), before);
  assert.equal(await runs(page).getByLabel("Search").inputValue(), "0.001");
  assert.equal(await head(page, "runs", column).getAttribute("aria-sort"), "descending");
  // The folded table is open, since the address filters its rows.
  assert.ok(await runs(page).isVisible());
});

pageTest("an address of nonsense leaves the page as it is", "battle", { hash: "#%E0%A4?runs.sort=-99&runs.status=gone&hide=x.77.-1&theme=<b>&__proto__=1" }, async (page) => {
  await openDetails(page);
  assert.equal((await shownRows(page, "runs")).length, 125);
  assert.equal(await page.locator("[aria-sort]").count(), 0);
});

async function download(page, table) {
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(`.table:has(table[data-name="${table}"]) .tools button`).click(),
  ]);
  return { name: saved.suggestedFilename(), text: readFileSync(await saved.path(), "utf8") };
}

for (const report of REPORTS) {
  pageTest(`${report}: every table saves the CSV that stands beside the page`, report, {}, async (page) => {
    await openDetails(page);
    const tables = await page.$$eval("table[data-name]", (all) => all.map((one) => one.dataset.name));
    assert.equal(new Set(tables).size, tables.length);
    for (const table of tables) {
      const saved = await download(page, table);
      const beside = join(folder(report), "tables", `${table}.csv`);
      assert.ok(existsSync(beside), beside);
      const rows = parseCsv(readFileSync(beside, "utf8"));
      assert.deepEqual(parseCsv(saved.text), rows.slice(0, 1001), table);
      assert.ok(rows.length > 1 && rows.every((row) => row.length === rows[0].length));
      assert.match(saved.name, new RegExp(`^[A-Za-z0-9][\\w.-]*-${table}\\.csv$`));
    }
  });
}

pageTest("numbers in the CSV are whole, and those of the rows shown", "battle", {}, async (page) => {
  await openDetails(page);
  await runs(page).getByLabel("Optimizer").selectOption("adam-cosine");
  const column = await columnOf(page, "runs", "Test accuracy");
  await head(page, "runs", column).locator("button").click();
  const { name, text } = await download(page, "runs");
  assert.equal(name, "battle-runs.csv");
  const [heads, ...rows] = parseCsv(text);
  const at = heads.indexOf("Test accuracy [fraction]");
  assert.deepEqual(rows.map((row) => Number(row[at])), await numbers(page, "runs", column));
  assert.equal(rows.length, 25);
  assert.ok(rows.every((row) => row[0] === "adam-cosine"));
  // With 10,000 test samples an accuracy has four digits (the page shows 98.05%); a loss keeps all digits.
  const loss = heads.indexOf("Training loss");
  assert.ok(rows.some((row) => row[loss].length > 10), rows[0][loss]);
});

pageTest("no field of a hostile CSV begins a formula", "hostile", {}, async (page) => {
  await openDetails(page);
  for (const table of ["best", "runs", "failed"]) {
    const { name, text } = await download(page, table);
    assert.match(name, /^script-alert-1-script-[\w.-]*[\w]-\w+\.csv$/);
    const fields = parseCsv(text).flat();
    assert.deepEqual(fields.filter((field) => /^[=+@\t\r-]/.test(field)), []);
    if (table !== "failed") assert.ok(fields.includes("'=HYPERLINK(\"http://evil.example\",\"sgd\")"));
  }
  assert.ok(read("hostile", "tables/runs.csv").includes("'@SUM"));
});

pageTest("a table that is cut says where the rest is", "twelve-hundred", {}, async (page) => {
  await openDetails(page);
  assert.equal((await shownRows(page, "runs")).length, 1000);
  assert.match(await runs(page).locator(".note").textContent(), /first 1,000 of 1,200 rows.*tables\/runs\.csv/);
  assert.equal(parseCsv(read("twelve-hundred", "tables/runs.csv")).length, 1201);
});
