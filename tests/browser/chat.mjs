// The chat page in a real browser, against the real server.
//
//   node chat.mjs <path of the roomcast binary> [--screenshot FILE]
//
// It starts the binary on a free port and Debian's Chromium (another one:
// CHROMIUM=/path), runs the checks below in order, and exits with 1 if any
// failed. Every user is a browser context of its own. Nothing here sleeps:
// each step waits for what it needs, and what must not arrive is proven by
// something later that did (a "fence").

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATIENCE = 15_000; // ms for any one wait; the page's longest pause is 5 s
const BUDGET = 25_600; // bytes of the whole page
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

// The checks

const checks = {
  async "the page is served with its security headers"() {
    const { headers } = await fetch(server.address);
    assert.equal(headers.get("content-security-policy"), CSP);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-type"), /^text\/html/);
  },

  async "the whole page weighs less than 25,600 bytes"() {
    const sizes = await Promise.all(["", "chat.css", "chat.js", "favicon.svg"].map(weigh));
    const total = sizes.reduce((sum, size) => sum + size);
    assert.ok(total < BUDGET, `it weighs ${total}`);
  },

  async "a user learns an id and is online, with everyone"() {
    const ada = await user();
    assert.match(await ada.textContent("#me"), /^[\w-]{20}$/);
    assert.equal(await ada.textContent("#state"), "Online");
    assert.equal(await ada.textContent("#room"), "everyone");
  },

  async "two users exchange messages, and each message shows once on either side"() {
    const [ada, bob] = [await user(), await user()];
    await say(ada, "hello bob");
    await hears(bob, "hello bob");
    await say(bob, "hello ada");
    await hears(ada, "hello ada");
    for (const page of [ada, bob]) assert.deepEqual(await texts(page), ["hello bob", "hello ada"]);
    assert.equal(await ada.locator(".own").count(), 1);
    assert.equal(await ada.locator(".waiting").count(), 0);
    assert.equal(await bob.locator(".sender").textContent(), (await idOf(ada)).slice(0, 6));
  },

  async "markup in a message shows as its characters"() {
    const [ada, bob] = [await user(), await user()];
    const markup = "<img src=x onerror=alert(1)>";
    await say(ada, markup);
    await hears(bob, markup);
    for (const page of [ada, bob]) {
      assert.equal(await page.textContent(".text"), markup);
      assert.equal(await page.locator("#messages img").count(), 0);
    }
  },

  async "only http and https addresses become links"() {
    const [ada, bob] = [await user(), await user()];
    await say(ada, "see https://example.org/a?b=1. Not javascript:alert(1) nor http://[");
    await hears(bob, "see https");
    const link = bob.locator("#messages a");
    assert.equal(await link.count(), 1);
    assert.equal(await link.getAttribute("href"), "https://example.org/a?b=1");
    assert.equal(await link.getAttribute("rel"), "noopener noreferrer nofollow");
  },

  async "the keyboard alone suffices, and a blank message is not sent"() {
    const [ada, bob] = [await user(), await user()];
    await ada.locator("#text:focus").waitFor();
    await ada.keyboard.type("   ");
    await ada.keyboard.press("Enter");
    await ada.keyboard.press("Control+A");
    await ada.keyboard.type("typed");
    await ada.keyboard.press("Enter");
    await hears(bob, "typed");
    await ada.keyboard.type("and again");
    await ada.keyboard.press("Enter");
    await hears(bob, "and again");
    assert.deepEqual(await texts(bob), ["typed", "and again"]);
    assert.equal(await ada.inputValue("#text"), "");
  },

  async "the address's fragment is the room, and an outsider doesn't hear it"() {
    const [ada, bob, eve] = [await user("#kitchen"), await user("#kitchen"), await user()];
    await say(ada, "soup is ready");
    await hears(bob, "soup is ready");
    await say(bob, "coming");
    await hears(ada, "coming");
    const dan = await user();
    await say(dan, "fence");
    await hears(eve, "fence");
    assert.deepEqual(await texts(eve), ["fence"]);
  },

  async "a room is joined, switched and left by the page's forms"() {
    const [ada, bob, eve] = [await user(), await user("#a room/with ünusual?name"), await user()];
    await joins(ada, "attic");
    await joins(ada, "a room/with ünusual?name");
    await say(ada, "found you");
    await hears(bob, "found you");
    await ada.click("#leave");
    await textIs(ada, "#room", "everyone");
    assert.equal(new URL(ada.url()).hash, "");
    await say(bob, "still here?");
    await say(ada, "I am out");
    await hears(eve, "I am out");
    await hears(bob, "I am out");
    assert.equal(await bob.textContent(".tag"), "to everyone");
    await say(eve, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["found you", "I am out", "fence"]);
    await ada.goBack();
    await textIs(ada, "#room", "a room/with ünusual?name");
  },

  async "a private message reaches its receiver alone and is marked"() {
    const [ada, bob, eve] = [await user(), await user(), await user()];
    await say(bob, "I am bob");
    await ada.getByTitle(`message ${await idOf(bob)} privately`).click();
    assert.ok(await ada.isVisible("#target"));
    await say(ada, "between us");
    await hears(bob, "between us");
    assert.equal(await bob.textContent(".private .tag"), "privately to you");
    assert.match(await ada.textContent(".private .tag"), /^privately to /);
    await ada.click("#back");
    assert.ok(await ada.isHidden("#target"));
    await say(ada, "fence");
    await hears(eve, "fence");
    await hears(bob, "fence");
    assert.deepEqual(await texts(eve), ["I am bob", "fence"]);
    assert.equal(await bob.locator(".private").count(), 1);
  },

  async "a reader who has scrolled up stays there, and is told of new messages"() {
    const [ada, bob] = [await user(), await user()];
    for (let n = 1; n <= 40; n += 1) await say(ada, `line ${n}`);
    await hears(bob, "line 40");
    await bob.waitForFunction(() => {
      const log = document.querySelector("#log");
      return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
    });
    await bob.hover("#log");
    await bob.mouse.wheel(0, -10_000);
    await bob.waitForFunction(() => document.querySelector("#log").scrollTop === 0);
    for (const text of ["one", "two", "three"]) await say(ada, text);
    await textIs(bob, "#newer", "3 new messages");
    assert.equal(await bob.evaluate(() => document.querySelector("#log").scrollTop), 0);
    await bob.click("#newer");
    await bob.locator("#newer").waitFor({ state: "hidden" });
    assert.ok(await bob.evaluate(() => document.querySelector("#log").scrollTop > 0));
  },

  async "no more than 500 messages are kept on the page"() {
    const [ada, bob] = [await user(), await user()];
    await ada.evaluate(() => {
      const [form, text] = [document.querySelector("#composer"), document.querySelector("#text")];
      for (let n = 1; n <= 520; n += 1) {
        text.value = `line ${n}`;
        form.requestSubmit();
      }
    });
    await hears(bob, "line 520");
    await bob.waitForFunction(() => document.querySelector("#messages").childElementCount === 500);
    assert.equal((await texts(bob))[0], "line 21");
  },

  async "the title counts what came while the page was hidden"() {
    const [ada, bob] = [await user(), await user()];
    await setHidden(bob, true);
    await say(ada, "are you there?");
    await say(ada, "bob?");
    await bob.waitForFunction(() => document.title === "(2) roomcast");
    assert.match(await bob.getAttribute("#icon", "href"), /^data:image\/svg/);
    await setHidden(bob, false);
    await bob.waitForFunction(() => document.title === "roomcast");
    assert.equal(await bob.getAttribute("#icon", "href"), "favicon.svg");
  },

  async "what the server refuses shows as a quiet notice"() {
    const [ada, bob] = [await user(), await user("#kitchen")];
    await joins(ada, "kitchen");
    await say(ada, "hello");
    await hears(bob, "hello");
    await bob.locator(".sender").click();
    await ada.reload(); // a new connection: nobody has the old id any more
    await ready(ada);
    const before = await bob.locator(".notice").count();
    await say(bob, "to nobody");
    await bob.locator(".notice").nth(before).waitFor();
  },

  async "light and dark both render, with enough contrast"() {
    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
      const [ada, bob] = [await user("#kitchen", { colorScheme }), await user("#kitchen")];
      await say(bob, "good evening");
      await ada.locator(".sender").click();
      await say(ada, "a secret");
      grounds.push(await ada.evaluate(() => getComputedStyle(document.body).backgroundColor));
      for (const [selector, ratio] of Object.entries(await contrasts(ada))) {
        assert.ok(ratio >= 4.5, `${selector} has ${ratio.toFixed(2)} in ${colorScheme}`);
      }
    }
    assert.notEqual(grounds[0], grounds[1]);
  },

  async "a phone's width holds everything, with targets that a finger can hit"() {
    const ada = await user("#kitchen", { viewport: { width: 360, height: 640 }, hasTouch: true });
    const bob = await user("#kitchen");
    await say(bob, "unbroken".repeat(40));
    await hears(ada, "unbroken");
    assert.ok(await ada.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    for (const selector of ["#text", "#send", "#join", "#leave", "#room-name"]) {
      const { height, x, width } = await ada.locator(selector).boundingBox();
      assert.ok(height >= 44 && x >= 0 && x + width <= 360, selector);
    }
  },

  async "the page can be read by roles and labels"() {
    const ada = await user("#kitchen");
    await ada.getByRole("log", { name: "Messages" }).waitFor();
    await ada.getByRole("status").filter({ hasText: "Online" }).waitFor();
    await ada.getByRole("heading", { name: "roomcast" }).waitFor();
    await ada.getByRole("textbox", { name: "Message to kitchen" }).waitFor();
    await ada.getByRole("textbox", { name: "Room to join" }).waitFor();
    for (const name of ["Send", "Join", "Leave"]) {
      await ada.getByRole("button", { name, exact: true }).waitFor();
    }
  },

  async "after a restart both pages come back by themselves, and what was written meanwhile arrives"() {
    const losesServer = true;
    const [ada, bob] = [
      await user("#kitchen", { losesServer, ownClock: true }),
      await user("#kitchen", { losesServer }),
    ];
    const formerId = await idOf(bob);
    // Who comes back first speaks to an empty room: Ada waits for Bob.
    await goOffline(ada);
    await textIs(bob, "#state", "Offline");
    assert.ok(await ada.isVisible("#retry"));
    await say(ada, "first");
    await say(ada, "second");
    assert.deepEqual(await ada.locator(".stamp").allTextContents(), ["waiting", "waiting"]);
    await server.start();
    await ready(bob);
    await ada.clock.resume();
    await ready(ada);
    await hears(bob, "second");
    assert.deepEqual(await texts(bob), ["first", "second"]);
    assert.equal(await ada.locator(".waiting").count(), 0);
    await say(bob, "welcome back");
    await hears(ada, "welcome back");
    assert.notEqual(await idOf(bob), formerId);
  },

  async "a message that waits for a room reaches it, even if the writer has left meanwhile"() {
    const losesServer = true;
    const [ada, bob] = [
      await user("#kitchen", { losesServer, ownClock: true }),
      await user("#kitchen", { losesServer }),
    ];
    await goOffline(ada);
    await say(ada, "late, for the kitchen");
    await ada.click("#leave");
    await say(ada, "for everyone");
    await server.start();
    await ready(bob);
    await ada.clock.resume();
    await textIs(ada, "#room", "everyone");
    await hears(bob, "for everyone");
    assert.deepEqual(await texts(bob), ["late, for the kitchen", "for everyone"]);
    await say(bob, "did you get this?");
    const eve = await user();
    await say(eve, "fence");
    await hears(ada, "fence");
    assert.equal(await ada.getByText("did you get this?").count(), 0);
  },

  async "the 'try now' button and the 'online' event try at once; 100 messages wait at most"() {
    const ada = await user("", { losesServer: true, ownClock: true });
    for (const tryNow of [
      () => ada.click("#retry"),
      () => ada.evaluate(() => dispatchEvent(new Event("online"))),
    ]) {
      await goOffline(ada);
      await server.start();
      await tryNow();
      await ready(ada);
      await ada.clock.resume();
    }
    await server.stop();
    await textIs(ada, "#state", "Offline");
    for (let n = 1; n <= 101; n += 1) await say(ada, `line ${n}`);
    assert.equal(await ada.locator(".waiting").count(), 100);
    assert.equal(await ada.inputValue("#text"), "line 101");
    await server.start();
    await ready(ada);
    assert.equal(await ada.locator(".waiting").count(), 0);
  },

  async "no page logged an error or asked a foreign host"() {
    assert.deepEqual(complaints, []);
    assert.deepEqual([...hosts], [new URL(server.address).host]);
  },
};

// What the checks say

async function say(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

async function hears(page, text) {
  await page.locator("#messages .text").filter({ hasText: text }).first().waitFor();
}

async function texts(page) {
  return page.locator("#messages .text").allTextContents();
}

async function idOf(page) {
  return page.textContent("#me");
}

async function joins(page, room) {
  await page.fill("#room-name", room);
  await page.click("#join");
  await textIs(page, "#room", room);
}

/** The server has told the page who and where it is. */
async function ready(page) {
  await textIs(page, "#me", /^\S+$/);
  await textIs(page, "#room", /[^…]$/);
}

/** Stops the server, and the page's clock, so that it won't try again yet. */
async function goOffline(page) {
  await server.stop();
  await textIs(page, "#state", "Offline");
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000);
  await textIs(page, "#status", /^Offline, next try in \d s$/);
}

async function textIs(page, selector, wanted) {
  const pattern = wanted instanceof RegExp ? wanted : new RegExp(`^${escaped(wanted)}$`);
  await page.locator(selector).filter({ hasText: pattern }).waitFor();
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

async function setHidden(page, hidden) {
  await page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

async function weigh(path) {
  const response = await fetch(new URL(path, server.address));
  assert.equal(response.status, 200, path);
  return (await response.arrayBuffer()).byteLength;
}

/** WCAG contrast of each kind of text against what lies behind it. */
async function contrasts(page) {
  return page.evaluate(() => {
    const parse = (color) => color.match(/[\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = parse(color).map((part) => {
        const c = part / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (node) => {
      const ground = getComputedStyle(node).backgroundColor;
      return parse(ground)[3] === 0 ? groundOf(node.parentElement) : ground;
    };
    const ratio = (node) => {
      const inks = [luminance(getComputedStyle(node).color), luminance(groundOf(node))];
      return (Math.max(...inks) + 0.05) / (Math.min(...inks) + 0.05);
    };
    const selectors =
      "h1 #me #state .hint #room #leave #join #room-name .sender .text .own>.row>.text " +
      ".tag .stamp .notice #target #back #text #send";
    return Object.fromEntries(
      selectors.split(" ").map((selector) => [selector, ratio(document.querySelector(selector))]),
    );
  });
}

// Users

const hosts = new Set();
const complaints = [];

/** Opens the page as one more user and waits until the server knows them. */
async function user(path = "", { losesServer, ownClock, time, ...options } = {}) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("request", (request) => noteHost(request.url()));
  page.on("websocket", (socket) => noteHost(socket.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => noteConsole(message, losesServer));
  if (ownClock) await page.clock.install();
  if (time) await page.clock.setFixedTime(time);
  await page.goto(server.address + "/" + path);
  await ready(page);
  return page;
}

function noteHost(url) {
  const { protocol, host } = new URL(url);
  if (protocol !== "data:") hosts.add(host);
}

function noteConsole(message, losesServer) {
  const isLoss = /^WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/.test(message.text());
  if (message.type() === "error" && !(losesServer && isLoss)) complaints.push(message.text());
}

async function closeAll() {
  await Promise.all(browser.contexts().map((context) => context.close()));
}

// The server

const server = {
  child: null,
  address: "", // from the banner

  get isUp() {
    const child = this.child;
    return Boolean(child?.pid) && child.exitCode === null && child.signalCode === null;
  },

  /** Starts the binary: on any port at first, later on the same one. */
  async start() {
    const port = this.address ? new URL(this.address).port : "0";
    this.child = spawn(binary, ["--port", port], { stdio: ["ignore", "pipe", "inherit"] });
    this.address = await bannerAddress(this.child);
    this.child.stdout.resume();
  },

  async stop() {
    if (!this.isUp) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  },
};

async function bannerAddress(child) {
  const failed = once(child, "error").then(([error]) => Promise.reject(error));
  const read = async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const address = line.match(/http:\/\/\S+/);
      if (address) return new URL(address[0]).origin;
    }
    throw new Error("the server ended without having told its address");
  };
  return Promise.race([read(), failed]);
}

// The picture for the README

async function takePicture(file) {
  const ada = await user("#kitchen", {
    viewport: { width: 1000, height: 640 },
    deviceScaleFactor: 2,
    colorScheme: "light",
    locale: "en-GB",
    timezoneId: "UTC",
    time: "2025-06-01T17:42:00Z",
  });
  const [bob, eve] = [await user("#kitchen"), await user("#kitchen")];
  const talk = [
    [bob, "The bread is out of the oven. Who is hungry?"],
    [bob, "There is butter as well, and the good salt."],
    [ada, "On my way. Keep me the end piece!"],
    [eve, "Ten minutes. I'll bring tea and the newspaper."],
  ];
  for (const [page, text] of talk) await sayToAll(page, text, [ada, bob, eve]);
  await eve
    .getByTitle(await idOf(ada))
    .first()
    .click();
  await sayToAll(eve, "Psst: it is Bob's birthday. Candles?", [ada]);
  await ada
    .getByTitle(await idOf(eve))
    .first()
    .click();
  await sayToAll(ada, "In the left drawer. Not a word!", [eve]);
  await ada.click("#back");
  await ada.fill("#text", "Is there some jam left");
  await ada.screenshot({ path: file });
  await closeAll();
}

async function sayToAll(page, text, pages) {
  await say(page, text);
  for (const other of pages) await hears(other, text);
}

// The run

async function run(name, check) {
  try {
    if (!server.isUp) await server.start();
    await check();
    console.log(`ok      ${name}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}\n${error.stack.replace(/^/gm, "        ")}`);
    return false;
  } finally {
    await closeAll();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshot: { type: "string" } },
});
const [binary] = positionals;
if (!binary) {
  console.error("usage: node chat.mjs <path of the roomcast binary> [--screenshot FILE]");
  process.exit(2);
}

process.on("exit", () => server.child?.kill("SIGKILL"));
const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
let failed = 0;
try {
  await server.start();
  for (const [name, check] of Object.entries(checks)) failed += !(await run(name, check));
  if (values.screenshot) await takePicture(values.screenshot);
} finally {
  await browser.close();
  await server.stop();
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
