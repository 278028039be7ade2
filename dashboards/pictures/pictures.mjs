// node pictures.mjs PROMETHEUS_URL [HOURS]: asks Prometheus for every panel of every dashboard, as Grafana would,
// draws them with Grafana's components in Chromium, and writes docs/images/dashboard-NAME.png.
import {readFile, writeFile} from 'node:fs/promises';
import {build} from 'esbuild';
import {chromium} from 'playwright-core';
import UPNG from 'upng-js';

const [prometheus = 'http://127.0.0.1:9090', hours = '0.5'] = process.argv.slice(2);
const to = Math.floor(Date.now() / 1000), from = to - Number(hours) * 3600;
const step = Math.max(5, Math.round((to - from) / 240));
const here = new URL('.', import.meta.url);

async function ask({expr: expression, instant}) {
  const query = expression.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.+').replaceAll('$instance', '.+');
  const when = instant ? {time: to} : {start: from, end: to, step};
  const path = instant ? 'query' : 'query_range';
  const answer = await fetch(`${prometheus}/api/v1/${path}`, {method: 'POST', body: new URLSearchParams({query, ...when})});
  const {data, error} = await answer.json();
  if (error) throw new Error(`${query}: ${error}`);
  // A step without a sample is a gap in the line, as in Grafana.
  const steps = instant ? [to] : Array.from({length: Math.floor((to - from) / step) + 1}, (_, index) => from + index * step);
  return data.result.map(({metric, values, value}) => {
    const known = new Map((values ?? [value]).map(([at, number]) => [instant ? to : at, number]));
    return {metric, values: steps.map((at) => [at, known.get(at) ?? NaN])};
  });
}

const loader = {'.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'dataurl'};
const define = {'process.env.NODE_ENV': '"production"', global: 'window'};
const bundle = await build({entryPoints: [new URL('draw.jsx', here).pathname], bundle: true, minify: true, write: false, outdir: 'out', loader, define});
const [script, style] = ['.js', '.css'].map((end) => bundle.outputFiles.find(({path}) => path.endsWith(end)).text);
const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox']});

for (const name of ['overview', 'kafka', 'detection', 'resources']) {
  const dashboard = JSON.parse(await readFile(new URL(`../${name}.json`, here)));
  const data = {};
  for (const panel of dashboard.panels.filter(({type}) => type !== 'row')) {
    data[panel.id] = await Promise.all(panel.targets.map(async (target) => ({legend: target.legendFormat, result: await ask(target)})));
  }
  const page = await browser.newPage({viewport: {width: 1446, height: 1200}});
  page.on('pageerror', (error) => console.error(name, error.message));
  const body = `<style>${style} body{margin:0;padding:4px;background:#111217;color:#ccc;font:13px Inter,Arial,sans-serif} button{color:inherit;background:none;border:0;font:inherit}</style><div id="root"></div>`;
  // A page of its own origin, because the components want local storage; nothing is fetched.
  await page.route('**/*', (route) => route.fulfill({contentType: 'text/html', body}));
  await page.goto('http://127.0.0.1/');
  await page.evaluate((picture) => { window.PICTURE = picture; }, {dashboard, data, from: from * 1000, to: to * 1000});
  await page.addScriptTag({content: script});
  await page.waitForSelector('#done canvas');
  await page.waitForTimeout(1500);
  const picture = UPNG.decode(await page.locator('#done').screenshot());
  const [rgba] = UPNG.toRGBA8(picture);
  await writeFile(new URL(`../../docs/images/dashboard-${name}.png`, here), Buffer.from(UPNG.encode([rgba], picture.width, picture.height, 48)));
  await page.close();
}
await browser.close();
