// node screenshots.mjs <report folder> <out folder>: saves the whole page at 1280 and
// 400 pixels, light and dark.
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { launch, pageAddress } from "./browser.mjs";

const [report, out] = process.argv.slice(2);
if (!report || !out) {
  console.error("usage: node screenshots.mjs <report folder> <out folder>");
  process.exit(2);
}
await mkdir(out, { recursive: true });
const browser = await launch();
for (const width of [1280, 400]) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.goto(pageAddress(resolve(report)));
    const path = join(out, `page-${width}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
    await page.close();
    console.log(path);
  }
}
await browser.close();
