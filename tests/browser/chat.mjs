// The chat page in a real browser, against the real server.
//
//   node chat.mjs <path of the roomcast binary> [words of a check's name] [--screenshot FILE]
//
// It runs the checks below in order, each against a new server, and exits
// with 1 if any failed. Every user is a browser context of its own. Nothing
// here sleeps: each step waits for what it needs, and what must not arrive is
// proven by something later that did (a "fence").

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { assertPeace, newPage, runAll, server, textIs, wire } from "./harness.mjs";
import {
  contrasts,
  hasUnread,
  hears,
  idOf,
  joins,
  nameOf,
  ready,
  say,
  setHidden,
  settled,
  texts,
  turnsTo,
  user,
  weigh,
} from "./page.mjs";
import { people } from "./people.mjs";
import { pictures } from "./pictures.mjs";
import { reading } from "./reading.mjs";
import { returning } from "./returning.mjs";
import { windows } from "./windows.mjs";

const BUDGET = 25_600; // bytes of the whole page
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshot: { type: "string" } },
});

// The checks

const checks = {
  async "the page is served with its security headers"() {
    for (const [path, type] of [["/", "text/html"], ["/chat.css", "text/css"], ["/chat.js", "text/javascript"]]) {
      const { headers } = await fetch(server.address + path);
      assert.equal(headers.get("content-security-policy"), CSP);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
      assert.equal(headers.get("cache-control"), "no-cache");
      assert.ok(headers.get("content-type").startsWith(type));
      const again = await fetch(server.address + path, { headers: { "If-None-Match": headers.get("etag") } });
      assert.equal(again.status, 304);
    }
  },

  async "the whole page weighs less than 25,600 bytes"() {
    const sizes = await Promise.all(["", "chat.css", "chat.js", "favicon.svg"].map(weigh));
    const total = sizes.reduce((sum, size) => sum + size);
    assert.ok(total < BUDGET, `it weighs ${total}`);
  },

  async "a user has an id and a name and is online, with everyone"() {
    const ada = await user();
    assert.match(await idOf(ada), /^[\w-]{20}$/);
    assert.match(await nameOf(ada), /^guest-\d{4}$/);
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
    assert.equal(await bob.locator(".message .sender").textContent(), await nameOf(ada));
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
    await say(ada, "http://[::1]/ (see https://example.org/x), https://example.org/Rust_(a)_(b)!");
    await hears(bob, "Rust");
    const links = await bob.locator("#messages a").evaluateAll((all) => all.map((a) => [a.getAttribute("href"), a.rel]));
    assert.deepEqual(
      links.map(([href]) => href),
      ["https://example.org/a?b=1", "http://[::1]/", "https://example.org/x", "https://example.org/Rust_(a)_(b)"],
    );
    for (const [, rel] of links) assert.equal(rel, "noopener noreferrer nofollow");
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
    await hasUnread(bob, "everyone", 1);
    await say(eve, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["I am out", "fence"]);
    assert.deepEqual(await ada.locator("#rooms a").allTextContents(), ["everyone", "attic"]);
    await ada.goBack();
    await textIs(ada, "#room", "a room/with ünusual?name");
    await hears(ada, "still here?");
  },

  async "a private message reaches its receiver alone and is marked"() {
    const [ada, bob, eve] = [
      await user("", { name: "Ada" }),
      await user("", { name: "Bob" }),
      await user(),
    ];
    await say(bob, "I am bob");
    await ada.locator(".message .sender").click();
    await textIs(ada, "#room", "Bob");
    await say(ada, "between us");
    await hasUnread(bob, "Ada", 1);
    await turnsTo(bob, "Ada");
    await hears(bob, "between us");
    await hasUnread(bob, "Ada", 0);
    for (const page of [ada, bob]) assert.equal(await page.textContent(".private .tag"), "in private");
    await say(bob, "and back");
    await hears(ada, "and back");
    await ada.click("#leave");
    await textIs(ada, "#room", "everyone");
    await say(ada, "fence");
    await hears(eve, "fence");
    assert.deepEqual(await texts(eve), ["I am bob", "fence"]);
    assert.equal(await eve.locator("#rooms a").count(), 1);
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

  async "an own message is shown as being sent until the server has answered"() {
    const [ada, bob] = [await user("", { address: wire.address, losesServer: true }), await user()];
    wire.isMute = true;
    await say(ada, "hello");
    await hears(bob, "hello");
    await textIs(ada, ".own.waiting .stamp", "sending");
    wire.cut();
    await textIs(ada, ".own.waiting .stamp", "waiting");
    wire.mend();
    await ready(ada);
    await settled(ada);
    assert.match(await ada.getAttribute(".own time", "title"), /^message 1,/);
    await say(ada, "fence");
    await hears(bob, "fence");
    for (const page of [ada, bob]) assert.deepEqual(await texts(page), ["hello", "fence"]);
  },

  async "what the server refuses is marked, with the reason, and can be tried again"() {
    const [ada, bob] = [await user(), await user("#kitchen")];
    await joins(ada, "kitchen");
    await say(ada, "hello");
    await hears(bob, "hello");
    await bob.locator(".message .sender").click();
    await ada.reload(); // a new connection: nobody has the old id any more
    await ready(ada);
    await say(bob, "to nobody");
    const failure = "Not sent: nobody of that id is here. Retry";
    await textIs(bob, ".own .failure", failure);
    await bob.getByRole("button", { name: "Retry" }).click();
    await textIs(bob, ".own .failure", failure);
    assert.equal(await bob.locator(".own").count(), 1);
  },

  async "what nobody answered is said again by itself, on a new connection if the old one is dead, and only once"() {
    const ada = await user("", { address: wire.address, ownClock: true, losesServer: true });
    const bob = await user();
    wire.isMute = true;
    await say(ada, "anybody there?");
    await hears(bob, "anybody there?");
    await ada.clock.runFor(8_000);
    await textIs(ada, ".own .stamp", "waiting");
    await ada.clock.runFor(8_000); // in which the server does not even say who one is
    await textIs(ada, "#state", "Offline");
    wire.cut(); // and the next try with it, which is on its way
    wire.mend();
    await ready(ada);
    await settled(ada);
    assert.match(await ada.getAttribute(".own time", "title"), /^message 1,/);
    assert.equal(await ada.locator(".failure").count(), 0);
    await say(ada, "fence");
    await hears(bob, "fence");
    assert.deepEqual(await texts(bob), ["anybody there?", "fence"]);
  },

  async "the first visit shows what was said before, without a noise"() {
    const ada = await user();
    for (const text of ["one", "two"]) await say(ada, text);
    await settled(ada);
    const bob = await newPage();
    await bob.addInitScript(() => {
      globalThis.live = []; // how loud the list was at each message that was added
      const note = () => {
        const log = document.querySelector("#log");
        const count = document.querySelectorAll("#messages .text").length;
        while (live.length < count) live.push(log.ariaLive);
      };
      new MutationObserver(note).observe(document, { childList: true, subtree: true });
    });
    await bob.goto(server.address);
    await ready(bob);
    await bob.locator("#log[aria-live=polite]").waitFor();
    assert.deepEqual(await texts(bob), ["one", "two"]);
    await say(ada, "three");
    await hears(bob, "three");
    assert.deepEqual(await bob.evaluate("live"), ["off", "off", "polite"], "what was before is not read out");
    assert.equal(await bob.locator("time.stamp").count(), 3);
    assert.equal(await bob.locator(".message .sender").first().textContent(), await nameOf(ada));
    assert.equal(await bob.title(), "roomcast");
    await hasUnread(bob, "everyone", 0);
  },

  async "a message that comes back to its sender shows once"() {
    await server.start("--echo");
    const [ada, bob] = [await user("#kitchen"), await user("#kitchen")];
    await say(ada, "soup");
    await hears(bob, "soup");
    await bob.locator(".message .sender").click();
    await say(bob, "which one?");
    await turnsTo(ada, await nameOf(bob));
    await hears(ada, "which one?");
    await say(ada, "yours");
    await hears(bob, "yours");
    await settled(bob);
    for (const page of [ada, bob]) assert.deepEqual(await texts(page), ["which one?", "yours"]);
    await turnsTo(bob, "kitchen");
    assert.deepEqual(await texts(bob), ["soup"]);
  },

  async "light and dark both render, with enough contrast"() {
    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
      const [ada, bob] = [await user(`#${colorScheme}`, { colorScheme }), await user(`#${colorScheme}`)];
      await say(bob, "good evening");
      await ada.locator(".message .sender").click();
      await say(ada, "a secret");
      await settled(ada);
      await say(bob, "did you get that?");
      await bob.locator("#rooms a").last().click();
      await say(bob, "a secret too");
      await hears(ada, "a secret too");
      await bob.reload(); // a new connection: nobody has the old id any more
      await say(ada, "too late");
      await ada.locator(".failure").waitFor();
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
    for (const selector of ["#text", "#send", "#join", "#leave", "#room-name", "#name", "#count"]) {
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
    await ada.getByRole("textbox", { name: "Name", exact: true }).waitFor();
    await ada.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: "kitchen" }).waitFor();
    for (const name of ["Send", "Join", "Leave"]) {
      await ada.getByRole("button", { name, exact: true }).waitFor();
    }
  },

  ...people,
  ...reading,
  ...returning,
  ...windows,

  async "no page logged an error or asked a foreign host"() {
    assertPeace();
  },

  ...pictures(values.screenshot),
};

// The run

const [binary, words = ""] = positionals;
if (!binary) {
  console.error("usage: node chat.mjs <path of the roomcast binary> [words] [--screenshot FILE]");
  process.exit(2);
}
await runAll(binary, words, checks);
