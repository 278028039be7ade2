// A browser as the tests want it, and ways to complain.
import { chromium } from 'playwright-core';
import AxeBuilder from '@axe-core/playwright';

export const [base, ...rest] = process.argv.slice(2);

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

// A page that remembers every error of its console, and every request to another host.
export async function opened(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 850 }, locale: 'en', ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => { if (message.type() === 'error') page.faults.push(message.text()); });
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('data:')) page.faults.push(`asks ${request.url()}`);
  });
  return page;
}

export async function barriers(page) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  return found.violations.map((rule) => `${rule.id}: ${rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

export function check(holds, told) {
  if (!holds) throw new Error(told);
}

export async function run(steps) {
  const browser = await launch();
  try {
    await steps(browser);
    console.log('all is well');
  } catch (error) {
    console.error(error.stack ?? error);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
