// Checks of the chat page: what one sees of it at any size of the page and of its letters, and what
// a screen reader and a keyboard find there.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { newPage, server, textIs, wire } from "./harness.mjs";
import {
  hasUnread,
  hears,
  idOf,
  joins,
  notices,
  ready,
  renames,
  say,
  setHidden,
  settled,
  turnsTo,
  user,
} from "./page.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export const reading = {
  async "the list scrolls, and the page does not"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    for (let n = 1; n <= 20; n += 1) {
      await say(bob, `line ${n}`);
      await hears(ada, `line ${n}`);
      await say(ada, `answer ${n}`);
      await hears(bob, `answer ${n}`);
    }
    const heights = await ada.evaluate(() => [document.documentElement.scrollHeight, innerHeight]);
    assert.equal(heights[0], heights[1]);
  },

  async "with the keyboard of a phone open there is room to read while one writes"() {
    for (const [width, height] of [[390, 330], [320, 250], [640, 200]]) {
      const ada = await user("#kitchen", { viewport: { width, height: 640 } });
      await ada.locator("#text:focus").waitFor();
      await ada.setViewportSize({ width, height });
      const [log, page, send] = await ada.evaluate(() => [
        document.querySelector("#log").clientHeight,
        document.documentElement.scrollHeight,
        document.querySelector("#send").getBoundingClientRect().bottom,
      ]);
      assert.ok(log >= height / 4, `${log} of ${height} px`);
      assert.ok(page <= height && send <= height);
      await textIs(ada, "#count", /^\d+ here$/); // which is there at any size
      await textIs(ada, "#state", "Online");
      await ada.getByRole("heading", { name: "kitchen" }).waitFor({ state: "attached" });
      await ada.focus("#log");
      await ada.locator("#name").waitFor();
    }
  },

  async "nothing lies under a phone's notch or under the bar at its lower edge"() {
    const insets = { top: 11, right: 22, bottom: 33, left: 44 };
    for (const viewport of [{ width: 390, height: 640 }, { width: 640, height: 360 }]) {
      const ada = await user("#kitchen", { viewport });
      const browser = await ada.context().newCDPSession(ada);
      await browser.send("Emulation.setSafeAreaInsetsOverride", { insets });
      const outside = await ada.evaluate(({ top, right, bottom, left }) => {
        const nodes = [...document.querySelectorAll("h1, #status, button, input, summary, #log, nav")];
        const seen = nodes.filter((node) => node.checkVisibility());
        const isOutside = (box) =>
          box.top < top || box.left < left || box.right > innerWidth - right || box.bottom > innerHeight - bottom;
        return seen.filter((node) => isOutside(node.getBoundingClientRect())).map((node) => node.id || node.localName);
      }, insets);
      assert.deepEqual(outside, [], `${viewport.width} px wide`);
    }
  },

  async "letters of twice the size, online and offline, are neither cut off nor in each other's way"() {
    for (const width of [320, 640, 1280]) {
      const ada = await newPage({ viewport: { width, height: 900 }, losesServer: true });
      const browser = await ada.context().newCDPSession(ada);
      await browser.send("Page.setFontSizes", { fontSizes: { standard: 32, fixed: 32 } });
      await ada.goto(`${wire.address}/#kitchen`);
      await ready(ada);
      await say(ada, "hello");
      await settled(ada);
      assert.equal(await ada.evaluate(() => getComputedStyle(document.querySelector(".text")).fontSize), "32px");
      assert.deepEqual(await misplaced(ada), [], `online at ${width} px`);
      wire.cut();
      await ada.locator("#retry").waitFor();
      assert.deepEqual(await misplaced(ada), [], `offline at ${width} px`);
      wire.mend();
      await ada.close();
    }
  },

  async "each message says who speaks, also to those who do not see it"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    for (const text of ["one", "two"]) await say(bob, text);
    for (const text of ["three", "four"]) {
      await hears(ada, "two");
      await say(ada, text);
    }
    await settled(ada);
    const snapshot = (await ada.getByRole("log").ariaSnapshot()).replace(/ \[.*\]/g, "");
    const list = snapshot.split("- listitem").slice(1);
    const words = list.map((item) => item.replace(/button|text|paragraph|time|[-":\s]+/g, " ").replace(/\s+/g, " ").trim());
    const said = words.filter((item) => !item.includes("joined"));
    for (const [n, start] of ["Bob one", "Bob two", "you three", "you four"].entries()) {
      assert.ok(said[n]?.startsWith(start), `${said[n]} in place of ${start}`);
    }
    assert.equal(await ada.locator("#messages button").count(), 1, "one stop for the keyboard");
  },

  async "somebody in the list of people keeps the focus when others come and go"() {
    const ada = await user("", { name: "Ada" });
    const bob = await user("", { name: "Bob" });
    await ada.click("#count");
    const button = ada.locator("#people").getByRole("button", { name: "Bob" });
    await button.focus();
    const eve = await user("", { name: "Eve" });
    await textIs(ada, "#count", "3 online");
    await eve.close();
    await textIs(ada, "#count", "2 online");
    assert.ok(await button.evaluate((node) => node === document.activeElement));
    await bob.close();
    await textIs(ada, "#count", "1 online");
    assert.equal(await ada.evaluate(() => document.activeElement.id), "count", "nobody is left there");
  },

  async "a private view calls the other one by the latest name, and tells who is online"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    await ada.goto(`${server.address}/#@${await idOf(bob)}`);
    await textIs(ada, "#count", "2 online");
    await ada.getByRole("textbox", { name: "Private message to Bob" }).waitFor();
    await renames(bob, "Bert");
    await ada.getByRole("textbox", { name: "Private message to Bert" }).waitFor();
    const eve = await user("", { name: "Eve" });
    await textIs(ada, "#count", "3 online");
    await ada.click("#count");
    await ada.locator("#people").getByRole("button", { name: "Eve" }).click();
    await textIs(ada, "#room", "Eve");
    await eve.close();
    await textIs(ada, ".notice", "Eve left");
  },

  async "of many rooms the one that is shown is in view"() {
    const ada = await user("", { viewport: { width: 320, height: 640 } });
    for (let n = 1; n <= 8; n += 1) await joins(ada, `room ${n}`);
    const box = async () => ada.locator("#rooms [aria-current=page]").boundingBox();
    const last = await box();
    assert.ok(last.x >= 0 && last.x + last.width <= 320);
    await ada.goBack();
    await textIs(ada, "#room", "room 7");
    assert.ok((await box()).x >= 0);
  },

  async "what is shown when is written for people and for programs"() {
    const ada = await user("", { locale: "en-GB", timezoneId: "UTC", time: "2025-06-01T17:42:00Z" });
    await say(ada, "hello");
    await settled(ada);
    assert.equal(await ada.getAttribute(".own time", "datetime"), "2025-06-01T17:42:00.000Z");
    assert.equal(await ada.textContent(".own time"), "17:42");
    const late = await user("", { locale: "en-GB", timezoneId: "UTC", time: "2035-01-02T03:04:00Z" });
    await hears(late, "hello");
    assert.match(await late.textContent("time"), /^\d\d\/\d\d\/\d{4}, \d\d:\d\d$/, "an earlier day is named");
  },

  async "who is near the end of the list stays at it"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    for (let n = 1; n <= 40; n += 1) await say(bob, `line ${n}`);
    await hears(ada, "line 40");
    const fromEnd = () => ada.evaluate(() => {
      const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#log");
      return scrollHeight - scrollTop - clientHeight;
    });
    for (const [distance, sticks] of [[40, true], [70, false]]) {
      await ada.evaluate((by) => {
        const log = document.querySelector("#log");
        const scrolled = new Promise((done) => log.addEventListener("scroll", done, { once: true }));
        log.scrollTop = log.scrollHeight - log.clientHeight - by;
        return scrolled;
      }, distance);
      await say(bob, `from ${distance} px`);
      await hears(ada, `from ${distance} px`);
      await ada.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      assert.equal((await fromEnd()) < 2, sticks, `${distance} px`);
    }
    await textIs(ada, "#newer", "1 new message");
  },

  async "a phone is told what it has to know of the page and of its fields"() {
    const ada = await user();
    assert.equal(await ada.getAttribute("html", "lang"), "en");
    const viewport = await ada.getAttribute("meta[name=viewport]", "content");
    for (const part of ["width=device-width", "initial-scale=1", "interactive-widget=resizes-content"]) {
      assert.ok(viewport.includes(part), part);
    }
    assert.equal(await ada.getAttribute("#text", "enterkeyhint"), "send");
    assert.equal(await ada.getAttribute("#log", "aria-relevant"), "additions");
    await say(ada, "hello");
    assert.equal(await ada.getAttribute(".text", "dir"), "auto");
    const fields = await ada.locator("input").evaluateAll((all) =>
      all.map((field) => [field.id, parseFloat(getComputedStyle(field).fontSize), field.autocomplete]));
    for (const [id, size, autocomplete] of fields) {
      assert.ok(size >= 16, `${id}: iOS zooms below 16 px`);
      assert.equal(autocomplete, "off", id);
    }
  },

  async "without JavaScript the page says what it needs"() {
    const ada = await newPage({ javaScriptEnabled: false });
    await ada.goto(server.address);
    await ada.locator("noscript").waitFor();
    assert.match(await ada.textContent("noscript"), /needs JavaScript/);
  },

  async "a tower of accents does not lie over the messages above"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    await say(bob, "below");
    await hears(ada, "below");
    const above = async () => (await ada.locator(".message").first().screenshot()).toString("base64");
    const before = await above();
    await say(bob, "Z" + "\u0302\u0311\u030d\u0344".repeat(40));
    await hears(ada, "Z");
    assert.equal(await above(), before);
  },

  async "a private view and a room of the same name are not told apart by colour alone"() {
    const [ada, bob] = [await user("#Bob", { name: "Ada" }), await user("", { name: "Bob" })];
    await ada.goto(`${server.address}/#@${await idOf(bob)}`);
    await textIs(ada, "#room", "Bob");
    const rooms = (await ada.getByRole("navigation", { name: "Rooms" }).ariaSnapshot()).match(/link "[^"]*"/g);
    assert.deepEqual(rooms, ['link "everyone"', 'link "Bob"', 'link "@ Bob"']);
  },

  async "many who come and go are one line, of the last four"() {
    const ada = await user("", { name: "Ada" });
    for (const name of ["Bob", "Cas", "Dan"]) await (await user("", { name })).close();
    await textIs(ada, ".notice", /Dan left$/);
    assert.deepEqual(await notices(ada), ["… · Cas joined · Cas left · Dan joined · Dan left"]);
  },

  async "the dot and the count go when the window gets the focus"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("#kitchen", { name: "Bob" })];
    await setHidden(bob, true);
    await say(ada, "anybody?");
    await bob.waitForFunction(() => document.title === "(1) kitchen · roomcast");
    await bob.evaluate(() => dispatchEvent(new Event("focus")));
    await bob.waitForFunction(() => document.title === "kitchen · roomcast");
    assert.equal(await bob.getAttribute("#icon", "href"), "favicon.svg");
    await turnsTo(bob, "everyone");
    await joins(bob, "attic");
    assert.equal(await bob.title(), "attic · roomcast");
  },

  async "every part can be reached and used by the keyboard alone"() {
    const ada = await user("", { name: "Ada" });
    const bob = await user("", { name: "Bob" });
    await say(bob, "hello");
    await hears(ada, "hello");
    await ada.focus("body");
    const seen = new Set();
    for (let n = 0; n < 20; n += 1) {
      await ada.keyboard.press("Tab");
      const place = await ada.evaluate(() => {
        const { activeElement: node } = document;
        const ring = getComputedStyle(node).outlineStyle !== "none";
        return node === document.body || ring ? node.id || node.className || node.localName : `no ring: ${node.id}`;
      });
      seen.add(place);
    }
    for (const place of ["name", "a", "room-name", "join", "count", "log", "sender", "text", "send"]) {
      assert.ok(seen.has(place), `${place} was not reached: ${[...seen]}`);
    }
    await ada.focus("#room-name");
    await ada.keyboard.type("attic");
    await ada.keyboard.press("Enter");
    await textIs(ada, "#room", "attic");
    await ada.locator("#text:focus").waitFor();
    await ada.focus("#rooms a");
    await ada.keyboard.press("Enter");
    await textIs(ada, "#room", "everyone");
    await ada.focus("#count");
    await ada.keyboard.press("Enter");
    await ada.locator("#people .sender").waitFor();
    await ada.keyboard.press("Tab");
    await ada.keyboard.press("Enter");
    await textIs(ada, "#room", "Bob");
    await ada.locator("#text:focus").waitFor();
  },

  async "from 320 px to 2560 px nothing is cut off or scrolls sideways"() {
    const [bob, mia, oli] = await Promise.all([..."WMO"].map((letter) => user("#kitchen", { name: letter.repeat(32) })));
    await say(bob, "unbroken".repeat(100));
    for (const width of [320, 390, 768, 1280, 2560]) {
      const ada = await user("#kitchen", { name: "N".repeat(32), viewport: { width, height: 640 } });
      for (const room of ["attic", "a room whose name is as long as can be, which is 64 bytes, or so"]) {
        await joins(ada, room);
      }
      await turnsTo(ada, "kitchen");
      await hears(ada, "unbroken");
      await ada.click("#count");
      await ada.locator("#people .sender").first().waitFor();
      if (width === 320) {
        for (const other of [mia, oli]) await other.locator("#text").pressSequentially("x");
        await textIs(ada, "#typing", / and .* are typing…$/);
      }
      const outside = await ada.evaluate(() => {
        if (document.documentElement.scrollWidth > innerWidth) return ["the page scrolls"];
        const nodes = [...document.querySelectorAll("button, input, summary, .text, #people")];
        const isOutside = ({ left, right }) => left < 0 || right > innerWidth;
        return nodes.filter((node) => isOutside(node.getBoundingClientRect())).map((node) => node.id);
      });
      assert.deepEqual(outside, [], `at ${width} px`);
      await ada.close();
    }
  },

  async "the list of people is in sight wherever its button is"() {
    for (const [width, size] of [[320, 16], [320, 24], [320, 32], [640, 32]]) {
      for (const place of ["", "#kitchen", `#@${"A".repeat(20)}`]) {
        const ada = await newPage({ viewport: { width, height: 740 } });
        const browser = await ada.context().newCDPSession(ada);
        await browser.send("Page.setFontSizes", { fontSizes: { standard: size, fixed: size } });
        await ada.goto(`${server.address}/${place}`);
        await ready(ada);
        await ada.click("#count");
        const { x, width: wide } = await ada.locator("#people").boundingBox();
        assert.ok(x >= 0 && x + wide <= width, `${x} to ${x + wide} of ${width} px, in ${place}, letters of ${size} px`);
        await ada.close();
      }
    }
  },

  async "nothing moves for those who want less of it"() {
    const ada = await user("", { reducedMotion: "reduce" });
    await say(ada, "hello");
    assert.equal(await ada.evaluate(() => document.getAnimations().length), 0);
  },

  async "axe finds nothing to complain about, in light and dark, wide and narrow"() {
    const axe = await readFile(AXE, "utf8");
    const bob = await user("#kitchen", { name: "Bob" });
    for (const colorScheme of ["light", "dark"]) {
      for (const viewport of [{ width: 320, height: 640 }, { width: 1280, height: 720 }]) {
        const ada = await user("#kitchen", { name: "Ada", colorScheme, viewport });
        await say(bob, "see https://example.org/");
        await hears(ada, "example.org");
        await say(ada, "I see");
        await joins(ada, "attic");
        await say(bob, "unread");
        await hasUnread(ada, "kitchen", 1);
        await assertNoViolations(ada, axe);
        await turnsTo(ada, "kitchen");
        await ada.click("#count");
        await assertNoViolations(ada, axe);
        await ada.locator("#people .sender").first().click();
        await say(ada, "a secret");
        await settled(ada);
        await assertNoViolations(ada, axe);
        await ada.close();
      }
    }
  },
};

/** What reaches out of the page, or lies over something else. */
async function misplaced(page) {
  return page.evaluate(() => {
    const nodes = [...document.querySelectorAll("h1, #status, button, input, summary, .text")];
    const seen = nodes.filter((node) => node.checkVisibility());
    const boxOf = (node) => node.getBoundingClientRect();
    const isOutside = ({ left, right }) => left < 0 || right > innerWidth + 0.5;
    const overlap = (a, b) =>
      a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const wrong = seen.filter((node) => isOutside(boxOf(node))).map((node) => `${node.id} is outside`);
    const header = seen.filter((node) => node.closest("header, #composer"));
    for (const [i, node] of header.entries()) {
      for (const other of header.slice(i + 1)) {
        if (overlap(boxOf(node), boxOf(other))) wrong.push(`${node.id} lies over ${other.id}`);
      }
    }
    return wrong;
  });
}

async function assertNoViolations(page, axe) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(told, []);
}
