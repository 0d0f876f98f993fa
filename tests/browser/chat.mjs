// The chat page in a real browser, against the real server.
//
//   node chat.mjs <path of the roomcast binary> [words of a check's name] [--screenshot FILE]
//
// It runs the checks below in order, each against a new server, and exits
// with 1 if any failed. Every user is a browser context of its own. Nothing
// here sleeps: each step waits for what it needs, and what must not arrive is
// proven by something later that did (a "fence").

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { assertPeace, runAll, server, textIs, wire } from "./harness.mjs";
import {
  contrasts,
  goOffline,
  hasUnread,
  hears,
  idOf,
  joins,
  nameOf,
  notices,
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
import { reading } from "./reading.mjs";
import { returning } from "./returning.mjs";

const BUDGET = 25_600; // bytes of the whole page
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

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

  async "what nobody answered can be tried again, and is said once"() {
    const ada = await user("", { address: wire.address, ownClock: true });
    const bob = await user();
    wire.isMute = true;
    await say(ada, "anybody there?");
    await hears(bob, "anybody there?");
    await ada.clock.runFor(10_000);
    await textIs(ada, ".failure", "Perhaps not sent: no answer came. Retry");
    wire.mend();
    await ada.getByRole("button", { name: "Retry" }).click();
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
    const bob = await user();
    await bob.locator("#log[aria-live=polite]").waitFor();
    assert.deepEqual(await texts(bob), ["one", "two"]);
    assert.equal(await bob.locator("time.stamp").count(), 2);
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
    await settled(ada);
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
    await hears(bob, "late, for the kitchen");
    await say(bob, "did you get this?");
    await turnsTo(bob, "everyone");
    await hears(bob, "for everyone");
    await say(bob, "fence");
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
    await settled(ada);
    const bob = await user("", { losesServer: true });
    const hundred = Array.from({ length: 100 }, (_, n) => `line ${n + 1}`);
    await hears(bob, "line 100");
    assert.deepEqual(await texts(bob), hundred.slice(50), "in order");
  },

  async "after a moment without network nothing is missing, and nothing is said to be"() {
    const ada = await user("#kitchen", { address: wire.address, losesServer: true });
    const [bob, eve] = [await user("#kitchen"), await user()];
    const id = await idOf(ada);
    await say(bob, "before");
    await hears(ada, "before");
    wire.cut();
    await textIs(ada, "#state", "Offline");
    await say(bob, "missed in the kitchen");
    await say(eve, "missed by all");
    await hears(eve, "missed by all");
    await settled(eve);
    await say(ada, "from the tunnel");
    wire.mend();
    await ready(ada);
    await hears(bob, "from the tunnel");
    await say(bob, "fence");
    await hears(ada, "fence");
    assert.equal(await idOf(ada), id);
    const heard = ["before", "fence", "from the tunnel", "missed in the kitchen"];
    assert.deepEqual((await texts(ada)).toSorted(), heard);
    await hasUnread(ada, "everyone", 1);
    assert.ok(!(await notices(ada)).some((text) => text.includes("missing")));
  },

  async "who comes back too late gets what was said, and is told where something is missing"() {
    for (const flags of [["--no-recovery"], ["--max-disconnection-duration", "1"]]) {
      await server.start(...flags, "--history", "2");
      const ada = await user("#kitchen", { address: wire.address, losesServer: true });
      const [bob, eve] = [await user("#kitchen"), await user()];
      const id = await idOf(ada);
      await say(ada, "mine");
      await say(eve, "before");
      await hasUnread(ada, "everyone", 1);
      wire.cut();
      await textIs(ada, "#state", "Offline");
      for (const text of ["lost", "missed", "missed too"]) await say(bob, text);
      await say(eve, "missed by all");
      await Promise.all([bob, eve].map(settled));
      wire.mend();
      await ready(ada);
      assert.notEqual(await idOf(ada), id);
      await say(bob, "fence");
      await hears(ada, "fence");
      assert.deepEqual(await texts(ada), ["mine", "missed", "missed too", "fence"]);
      const gap = "Some of what was said here meanwhile is missing.";
      assert.equal((await notices(ada)).filter((text) => text === gap).length, 1);
      const list = await ada.locator("#messages > li").allTextContents();
      assert.ok(list.indexOf(gap) < list.findIndex((text) => text.includes("missed")), "it stands there");
      await hasUnread(ada, "everyone", 2);
      await turnsTo(ada, "everyone");
      assert.deepEqual(await texts(ada), ["before", "missed by all"]);
      assert.ok(!(await notices(ada)).includes(gap));
      await Promise.all([ada, bob, eve].map((page) => page.close()));
    }
  },

  async "after a restart the page hears all that was said since, which is counted anew"() {
    for (const place of ["", "#kitchen"]) {
      const ada = await user(place, { address: wire.address, losesServer: true });
      const bob = await user(place);
      for (let n = 1; n <= 3; n += 1) await say(bob, `line ${n}`);
      await hears(ada, "line 3");
      await bob.close();
      wire.cut();
      await server.start();
      const eve = await user(place);
      const day = [1, 2, 3, 4].map((n) => `a new day ${n}`);
      for (const text of day) await say(eve, text);
      await settled(eve);
      wire.mend();
      await hears(ada, "a new day 4");
      assert.deepEqual(await texts(ada), ["line 1", "line 2", "line 3", ...day]);
      await Promise.all([ada.close(), eve.close()]);
    }
  },

  async "who has moved while offline is in the new room, and no longer in the one that was left"() {
    const ada = await user("#kitchen", { address: wire.address, losesServer: true });
    const [bob, eve] = [await user("#kitchen"), await user("#attic")];
    wire.cut();
    await textIs(ada, "#state", "Offline");
    await ada.click("#leave");
    await ada.goto(wire.address + "/#attic");
    wire.mend();
    await textIs(ada, "#room", "attic");
    await say(eve, "up here");
    await hears(ada, "up here");
    await say(bob, "down here");
    await settled(bob);
    await say(eve, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["up here", "fence"]);
    assert.deepEqual(await ada.locator("#rooms a").allTextContents(), ["everyone", "attic"]);
    await textIs(bob, "#count", "1 here");
  },

  async "a connection that died in silence is noticed when somebody looks"() {
    const ada = await user("", { address: wire.address, ownClock: true, losesServer: true });
    wire.isMute = true;
    await setHidden(ada, false);
    await ada.clock.runFor(10_000);
    await textIs(ada, "#state", "Offline");
    wire.cut(); // and the next try with it, which is on its way
    wire.mend();
    await ready(ada);
  },

  ...people,
  ...reading,
  ...returning,

  async "no page logged an error or asked a foreign host"() {
    assertPeace();
  },

  async "the pictures of the README show this page: they are taken by each run"() {
    const folder = await mkdtemp(path.join(tmpdir(), "roomcast-pictures-"));
    try {
      await takePictures(values.screenshot ?? path.join(folder, PICTURES[0]));
      for (const name of values.screenshot ? [] : PICTURES) {
        const [taken, shown] = await Promise.all([sizeOf(path.join(folder, name)), sizeOf(name)]);
        assert.deepEqual(taken, shown, `${name}: make it anew by --screenshot`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

// The pictures for the README

const PICTURES = ["chat.png", "chat-phone.png"];

/** Width and height, which stand in the header of a PNG. */
async function sizeOf(picture) {
  const bytes = await readFile(path.resolve(import.meta.dirname, picture));
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

async function takePictures(file) {
  const desktop = { viewport: { width: 1000, height: 640 }, colorScheme: "light" };
  const phone = { viewport: { width: 390, height: 640 }, colorScheme: "dark" };
  const now = { time: "2025-06-01T17:42:00Z", locale: "en-GB", timezoneId: "UTC", deviceScaleFactor: 2 };
  const cas = await user("#kitchen", { name: "Cas", ...now }); // whose clock stands, so that it types once
  const ada = await user("#kitchen", { name: "Ada", ...desktop, ...now });
  const bob = await user("#kitchen", { name: "Bob", ...now });
  const eve = await user("#kitchen", { name: "Eve", ...phone, ...now });
  const talk = [
    [bob, "The bread is out of the oven. Who is hungry?"],
    [bob, "There is butter as well, and the good salt."],
    [ada, "On my way. Keep me the end piece!"],
    [eve, "Ten minutes. I'll bring tea and the newspaper."],
  ];
  for (const [page, text] of talk) await sayToAll(page, text, [ada, bob, eve]);
  await eve.locator(".sender").filter({ hasText: "Ada" }).first().click();
  await say(eve, "Psst: it is Bob's birthday. Candles?");
  await hasUnread(ada, "Eve", 1);
  await cas.locator("#text").pressSequentially("Jam");
  await textIs(ada, "#typing", "Cas is typing…");
  await settled(ada);
  await ada.screenshot({ path: file });
  await turnsTo(eve, "kitchen");
  await eve.screenshot({ path: file.replace(".png", "-phone.png") });
}

async function sayToAll(page, text, pages) {
  await say(page, text);
  for (const other of pages) await hears(other, text);
}

// The run

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshot: { type: "string" } },
});
const [binary, words = ""] = positionals;
if (!binary) {
  console.error("usage: node chat.mjs <path of the roomcast binary> [words] [--screenshot FILE]");
  process.exit(2);
}
await runAll(binary, words, checks);
