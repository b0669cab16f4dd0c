// Opens every screen of a status page in Chromium: in light and dark, without script and 320 px wide, by keyboard and link by link.
// Usage: CHROMIUM=/usr/bin/chromium suite.mjs look|evil BASE_URL [FOLDER_OF_PICTURES]. Prints `ok NAME` or `FAIL NAME: why` for each check.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [what, base, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = {
  overview: "/",
  fleet: "/fleet",
  catalogue: "/catalog",
  instrument: "/catalog/mcd_update_state",
  components: "/components",
  component: "/components/openshift-machine-config-operator/service.pointsman-watch",
  views: "/views",
  view: "/views/openshift-machine-config-operator/phases",
  flow: "/flow",
  cost: "/cost",
  traces: "/traces",
  health: "/health",
  docs: "/docs",
  document: "/docs/tutorials/demo",
  error: "/errors/PM0104",
};
const REFUSED = { nowhere: ["/views/-/nobody", 404], "not understood": ["/catalog?state=loud&colour=red", 400] };
const MODES = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  "no script": { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } },
  narrow: { viewport: { width: 320, height: 640 } },
};

const check = (name, faults) => console.log(faults.length === 0 ? `ok ${name}` : `FAIL ${name}: ${faults.slice(0, 5).join("; ").replace(/\s+/g, " ")}`);

// A page whose complaints, and whatever it asks elsewhere, are gathered in `faults`.
async function open(context, path, status, faults) {
  const page = await context.newPage();
  page.on("console", (line) => {
    // The status of the page itself is looked at below.
    if (line.type() === "error" && !/Failed to load resource/.test(line.text())) faults.push(`console: ${line.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) faults.push(`asks ${request.url()}`);
  });
  const answer = await page.goto(base + path, { waitUntil: "domcontentloaded" });
  if (answer.status() !== status) faults.push(`${path}: status ${answer.status()}`);
  return page;
}

// Only axe itself is let past the policy of the page: it is not part of it.
async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map((one) => `axe ${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
}

const text = (page) => page.evaluate(() => document.querySelector("main").innerText);

async function looks(browser) {
  const all = Object.entries(SCREENS).map(([name, path]) => [name, path, 200]);
  for (const [name, [path, status]] of Object.entries(REFUSED)) all.push([name, path, status]);
  for (const [mode, options] of Object.entries(MODES)) {
    const context = await browser.newContext({ ...options, bypassCSP: false });
    for (const [name, path, status] of all) {
      const faults = [];
      const page = await open(context, path, status, faults);
      if (mode !== "no script") faults.push(...(await violations(page)));
      const wide = mode === "no script" ? 0 : await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (mode === "narrow" && wide > 0) faults.push(`${wide} px too wide`);
      if (mode === "no script" && (await page.locator("main").innerText()).length < 20) faults.push("nothing is there");
      check(`${name} in ${mode}`, faults);
      if (pictures !== undefined && mode !== "no script") await page.screenshot({ path: `${pictures}/${name.replace(" ", "-")}-${mode}.png` });
      await page.close();
    }
    await context.close();
  }
}

async function keys(browser) {
  const context = await browser.newContext({ ...MODES.light, permissions: ["clipboard-read", "clipboard-write"] });
  const faults = [];
  const page = await open(context, "/components", 200, faults);
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement.textContent);
  check("the first key leads past the head", first === "Skip to the content" ? [] : [first]);
  await page.keyboard.press("Enter");
  check("the link that skips the head does", (await page.evaluate(() => document.activeElement.id)) === "main" ? [] : ["it does not"]);
  await page.keyboard.press("/");
  check("a slash finds", (await page.evaluate(() => document.activeElement.id)) === "find" ? [] : ["it does not"]);
  await page.locator("main").click({ position: { x: 5, y: 5 } });
  await page.keyboard.press("p");
  check("p pauses", /Paused/.test(await page.locator("#refresh").innerText()) ? [] : ["it does not"]);
  await page.keyboard.press("p");
  const rows = () => page.evaluate(() => [...document.querySelectorAll("tbody tr")].map((row) => Number(row.cells[6].textContent)));
  await page.getByRole("button", { name: "Series" }).click();
  const up = await rows();
  await page.getByRole("button", { name: "Series" }).click();
  const down = await rows();
  const sorted = [...up].sort((a, b) => a - b);
  check("tables sort", `${up}` === `${sorted}` && `${down}` === `${sorted.reverse()}` ? [] : [`${up} and ${down}`]);
  const line = await page.locator("footer code.copy").innerText();
  await page.getByRole("button", { name: `Copy: ${line}` }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check("commands are copied", copied === line ? [] : [copied]);
  const at = () => page.locator("footer time").innerText();
  const before = await at();
  await page.waitForFunction((was) => document.querySelector("footer time").textContent !== was, before, { timeout: 15000 }).catch(() => {});
  check("pages stay fresh", (await at()) !== before ? [] : [before]);
  const order = await page.locator("th[aria-sort]").count();
  check("what is sorted stays sorted", order === 1 ? [] : [`${order} columns`]);
  check("nothing of it complained", faults);
  await context.close();
}

// Everything that is there with script is there without: the text of the same moment cannot be had twice, so words are compared.
async function sameWithout(browser) {
  const words = async (javaScriptEnabled, path) => {
    const context = await browser.newContext({ ...MODES.light, javaScriptEnabled });
    const page = await open(context, path, 200, []);
    const all = (await page.locator("main").innerText()).replace(/Copy$/gm, "").match(/[A-Za-z_.]{4,}/g) ?? [];
    await context.close();
    return new Set(all);
  };
  for (const [name, path] of Object.entries(SCREENS)) {
    let added = [];
    // What is shown may have changed between the two.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const [withIt, without] = [await words(true, path), await words(false, path)];
      // Buttons, and what they say, are what script adds.
      added = [...withIt].filter((word) => !without.has(word) && !["Refreshed", "every", "seconds", "pauses."].includes(word));
      if (added.length === 0) break;
    }
    check(`${name} is whole without script`, added.length === 0 ? [] : [added.join(" ")]);
  }
}

async function crawl(browser) {
  const context = await browser.newContext(MODES.light);
  const [seen, faults, todo] = [new Set(), [], Object.values(SCREENS)];
  while (todo.length > 0 && seen.size < 600) {
    const path = todo.pop();
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await context.request.get(base + path);
    if (answer.status() !== 200) faults.push(`${path}: ${answer.status()}`);
    if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    for (const [, link] of (await answer.text()).matchAll(/href="([^"#]+)/g)) {
      const to = link.replaceAll("&#38;", "&").replaceAll("&amp;", "&");
      if (to.startsWith("/")) todo.push(to);
      else if (!/^https?:\/\//.test(to)) faults.push(`${path} leads to ${to}`);
    }
  }
  check("links lead somewhere", faults);
  check("many links were followed", seen.size > 60 ? [] : [`${seen.size}`]);
  await context.close();
}

// Every name is an attempt to run something: `marked` becomes more than 0 where one does.
async function evil(browser) {
  const context = await browser.newContext(MODES.light);
  await context.addInitScript(() => {
    window.marked = 0;
    document.addEventListener("securitypolicyviolation", () => { window.marked += 1000; });
    for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => { window.marked += 1; };
  });
  const paths = Object.values(SCREENS).filter((path) => !path.startsWith("/docs") && path.split("/").length === 2);
  const links = new Set();
  for (const path of paths) {
    const faults = [];
    const page = await open(context, path, 200, faults);
    await page.waitForTimeout(200);
    for (const link of await page.locator("main a").evaluateAll((all) => all.map((one) => one.getAttribute("href")))) links.add(link);
    const marked = await page.evaluate(() => window.marked);
    if (marked !== 0) faults.push(`ran: ${marked}`);
    check(`evil names on ${path} are text`, faults);
    await page.close();
  }
  const faults = [];
  let opened = 0;
  for (const link of [...links].filter((one) => one.startsWith("/") && !one.startsWith("/api")).slice(0, 400)) {
    const page = await open(context, link, 200, faults);
    const marked = await page.evaluate(() => window.marked);
    if (marked !== 0) faults.push(`${link} ran: ${marked}`);
    opened += 1;
    await page.close();
  }
  check("evil names are text on their own pages", faults);
  check("pages of evil names were opened", opened > 100 ? [] : [`${opened}`]);
  const page = await open(context, "/catalog", 200, []);
  const shown = await text(page);
  check("evil names can be read", ["<script>", "onerror=", "javascript:", "{{", "<svg"].filter((part) => !shown.includes(part)));
  await context.close();
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  if (what === "evil") {
    await evil(browser);
  } else {
    await looks(browser);
    await keys(browser);
    await sameWithout(browser);
    await crawl(browser);
  }
} finally {
  await browser.close();
}
console.log("end");
