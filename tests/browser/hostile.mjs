// Whatever codes, hosts, shops, partners, orders and notes are called, nothing of it runs.
import { base, check, opened, rest, run } from './shared.mjs';

const [paths] = rest;

await run(async (browser) => {
  const page = await opened(browser);
  const ran = [];
  await page.exposeFunction('ran', (what) => ran.push(what));
  page.on('dialog', async (dialog) => { ran.push(`dialog ${dialog.message()}`); await dialog.dismiss(); });
  for (const path of JSON.parse(paths)) {
    await page.goto(base + path);
    // What runs later than the page: handlers of pictures, frames and details.
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
      return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    });
    const strange = await page.evaluate(() => document.querySelectorAll(
      'main script, main iframe, main object, main embed, main img, main style, main base, main meta, main [onerror], main [onload], main [onclick], main [onfocus], main a[href^="javascript"]',
    ).length);
    check(strange === 0, `${path}: ${strange} elements that nobody wrote`);
    check(ran.length === 0, `${path}: ${ran.join(', ')}`);
    const other = page.faults.filter((fault) => !fault.includes('favicon'));
    check(other.length === 0, `${path}: ${other.join('\n')}`);
  }
});
