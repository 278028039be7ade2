// Every screen, in both themes and three languages: no error, no barrier, small enough.
import { base, barriers, opened, rest, run } from './shared.mjs';

const [folder] = rest;
const BYTES_MAX = 100 * 1024;

await run(async (browser) => {
  const first = await opened(browser);
  await first.goto(base);
  const code = await first.locator('a.open').first().getAttribute('href');
  const flag = new URL(code, base).searchParams.get('flag');
  const partner = await first.locator('a[href^="/partners/"]').first().getAttribute('href');
  const shop = await first.locator('a[href^="/shops/"]').first().getAttribute('href');
  const screens = {
    queue: '/', code, decide: `/flags/${flag}/decide?outcome=leak&hold=low`, codes: '/codes', partner, shops: '/shops', shop,
    quality: '/quality', ops: '/ops', audit: '/audit', 'dead-letters': '/dead-letters', settings: '/settings',
  };
  const faults = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const locale of ['kk', 'ru', 'en']) {
      const page = await opened(browser, { colorScheme, locale });
      for (const [name, path] of Object.entries(screens)) {
        const where = `${name} ${colorScheme} ${locale}`;
        const answer = await page.goto(base + path);
        if (answer.status() !== 200) faults.push(`${where}: status ${answer.status()}`);
        const bytes = (await answer.body()).length;
        if (bytes > BYTES_MAX) faults.push(`${where}: ${bytes} bytes`);
        if (await page.locator('html').getAttribute('lang') !== locale) faults.push(`${where}: another language`);
        faults.push(...(await barriers(page)).map((told) => `${where}: ${told}`));
        faults.push(...page.faults.splice(0).map((told) => `${where}: ${told}`));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (wide) faults.push(`${where}: wider than the window`);
        const shown = (name === 'queue' && colorScheme === 'light' && locale === 'en')
          || (name === 'code' && colorScheme === 'dark' && locale === 'ru')
          || (name === 'decide' && colorScheme === 'light' && locale === 'kk');
        if (shown && folder) await page.screenshot({ path: `${folder}/console-${name}.png` });
      }
      await page.context().close();
    }
  }
  const phone = await opened(browser, { viewport: { width: 390, height: 800 } });
  for (const path of ['/', code, screens.decide]) {
    await phone.goto(base + path);
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (wide) faults.push(`${path}: wider than a phone`);
  }
  if (faults.length > 0) throw new Error(`${faults.length} faults:\n${faults.join('\n')}`);
});
