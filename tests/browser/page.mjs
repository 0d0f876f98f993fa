// The chat page as a user has it before them: what one does there, and what one sees.

import assert from "node:assert/strict";
import { newPage, server, textIs } from "./harness.mjs";

// What the checks say

export async function say(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

export async function hears(page, text) {
  await page.locator("#messages .text").filter({ hasText: text }).first().waitFor();
}

export async function texts(page) {
  return page.locator("#messages .text").allTextContents();
}

/** Every message of the page's own has its ack. */
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector(".waiting"));
}

export async function idOf(page) {
  return (await page.getAttribute("#name", "title")).replace("your id: ", "");
}

export async function nameOf(page) {
  return page.inputValue("#name");
}

/** Takes another name; says what it has become. */
export async function renames(page, name) {
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await textIs(page, ".notice", /^You are called .+ now$/);
}

/** Shows another view that is in the switcher. */
export async function turnsTo(page, label) {
  await page.locator("#rooms a").filter({ hasText: label }).click();
  await textIs(page, "#room", label);
}

/** A view in the switcher has so many unread messages. */
export async function hasUnread(page, label, count) {
  const tab = page.locator("#rooms a").filter({ hasText: label });
  if (count) await tab.getByText(`${count} unread`).waitFor();
  else assert.equal(await tab.locator("b").count(), 0);
}

export async function notices(page) {
  return page.locator("#messages .notice").allTextContents();
}

export async function joins(page, room) {
  await page.fill("#room-name", room);
  await page.click("#join");
  await textIs(page, "#room", room);
}

/** The server has told the page who and where it is. */
export async function ready(page) {
  await textIs(page, "#state", "Online");
  await textIs(page, "#room", /[^…]$/);
  await textIs(page, "#count", /^[1-9]/);
}

/** Stops the server, and the page's clock, so that it won't try again yet. */
export async function goOffline(page) {
  await server.stop();
  await textIs(page, "#state", "Offline");
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000);
  await textIs(page, "#status", /^Offline, next try in \d s$/);
}

export async function setHidden(page, hidden) {
  await page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

export async function weigh(path) {
  const response = await fetch(new URL(path, server.address));
  assert.equal(response.status, 200, path);
  return (await response.arrayBuffer()).byteLength;
}

/** WCAG contrast of each kind of text against what lies behind it. */
export async function contrasts(page) {
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
      "h1 #state label #leave #join #room-name #name #rooms>li>a .sender .text " +
      ".own>.row>.text .tag .stamp .failure #text #send";
    return Object.fromEntries(
      selectors.split(" ").map((selector) => [selector, ratio(document.querySelector(selector))]),
    );
  });
}

// Users

/** Opens the page as one more user and waits until the server knows them. */
export async function user(path = "", { name, ownClock, time, address = server.address, ...options } = {}) {
  const page = await newPage(options);
  if (name) await page.addInitScript((given) => (localStorage.name ??= given), name);
  if (ownClock) await page.clock.install();
  if (time) await page.clock.setFixedTime(time);
  await page.goto(address + "/" + path);
  await ready(page);
  return page;
}
