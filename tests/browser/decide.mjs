// From the queue to a decision: by keyboard alone in four strokes, and without JavaScript.
import { base, check, opened, run } from './shared.mjs';

await run(async (browser) => {
  const page = await opened(browser);
  await page.goto(base);
  const decided = await page.locator('tr[data-row] a.open').first().innerText();
  await page.keyboard.press('j');
  check(await page.locator('tr.current').count() === 1, 'j chooses a row');
  await page.keyboard.press('d');
  await page.waitForURL('**/decide');
  await page.keyboard.press('1');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/codes/**done=leak');
  check((await page.locator('.said').innerText()).startsWith('Decided: Leak.'), 'the decision is told');
  // The world goes on meanwhile, so which flag is the next is not known.
  check(await page.locator('h1').innerText() !== decided, 'the next flag is another');
  await page.goto(`${base}/?status=decided`);
  check(await page.locator('tr[data-row] a.open').innerText() === decided, `${decided} is decided`);
  check(page.faults.length === 0, page.faults.join('\n'));

  const plain = await opened(browser, { javaScriptEnabled: false });
  await plain.goto(base);
  // Made-up clicks have no orders, so there is nothing to hold.
  const row = plain.locator('tr[data-row]').filter({ hasNotText: 'made-up clicks' }).first();
  const code = await row.locator('a.open').innerText();
  await row.locator('button.decide').click();
  check((await plain.locator('h1').innerText()).includes(code), 'the form is that of the row');
  await plain.locator('input[name=outcome][value=leak]').check();
  await plain.locator('textarea[name=note]').fill('seen without a script');
  await plain.locator('input[name=hold][value=low]').check();
  await plain.getByRole('button', { name: 'Preview' }).click();
  const preview = await plain.locator('.preview').innerText();
  check(/Holds .*[₸₽].* of .*[₸₽]/.test(preview), `the preview speaks of money: ${preview}`);
  check(await plain.locator('input[name=outcome][value=leak]').isChecked(), 'the preview keeps the outcome');
  check(await plain.locator('textarea[name=note]').inputValue() === 'seen without a script', 'and the note');
  await plain.locator('form#decision button.decide').click();
  check((await plain.locator('.said').innerText()).startsWith('Decided: Leak.'), 'the decision is told');
  await plain.goto(`${base}/codes/${encodeURIComponent(code.toLowerCase())}`);
  const log = await plain.locator('section[aria-labelledby=decisions]').innerText();
  check(log.includes('Leak') && log.includes('held from') && log.includes('seen without a script'), log);
  await plain.locator('form.languages button[value=kk]').click();
  check(await plain.locator('html').getAttribute('lang') === 'kk', 'the language changes without a script');

  // Two tabs on one flag: the second is told of the first.
  const one = await opened(browser);
  await one.goto(base);
  const flag = await one.locator('tr[data-row]').first().getAttribute('data-row');
  const two = await opened(browser);
  for (const tab of [one, two]) await tab.goto(`${base}/flags/${flag}/decide`);
  for (const tab of [one, two]) {
    await tab.keyboard.press('6');
    await tab.keyboard.press('Enter');
    await (tab === one ? tab.waitForURL('**done=unclear') : tab.locator('[role=alert]').waitFor());
  }
  check((await two.locator('[role=alert]').innerText()).includes('decided this flag while you were looking'), 'nobody decides unaware');
});
