// Checks of the chat page: people and their names, the places they are in, and what some of them
// would do to the others if they could.

import assert from "node:assert/strict";
import { newPage, server, textIs, wire } from "./harness.mjs";
import {
  hasUnread,
  hears,
  idOf,
  joins,
  nameOf,
  notices,
  ready,
  renames,
  say,
  settled,
  texts,
  turnsTo,
  user,
} from "./page.mjs";

/** Texts that people send who want to see what becomes of them. */
const HOSTILE = {
  tags: "<img src=x onerror=alert(1)><script>alert(1)</script><svg/onload=alert(1)>",
  entities: "&lt;b&gt; &amp; &#x3C;i&#x3E; &quot;",
  quotes: `" onmouseover="alert(1)" x='`,
  templates: "${alert(1)} {{1+1}} <%= 1 %>",
  script: "javascript:alert(1) data:text/html,<script>alert(1)</script>",
  bidi: "\u202Eevil\u202C \u2066isolated \u2069\u2069 tail",
  "zero width": "a\u200Bb\u200Cc\u200Dd\uFEFFe",
  "without a space": "x".repeat(10_000),
  emoji: "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇪🇺❤️",
  combining: "Z" + "\u0334\u0322\u0309".repeat(100),
  prototype: "__proto__ constructor toString",
  "line separators": "a\u2028b\u2029c",
  "lone surrogate's neighbour": "😀".repeat(50),
};

export const people = {
  async "a name is kept, can be changed, and is nobody else's as long as it is taken"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "ada" })];
    assert.deepEqual([await nameOf(ada), await nameOf(bob)], ["Ada", "ada-2"]);
    await renames(bob, "Bob");
    await textIs(ada, ".notice", /ada-2 is called Bob now$/);
    await bob.reload();
    await ready(bob);
    assert.equal(await nameOf(bob), "Bob");
    const twin = await user("", { name: "Bob" });
    assert.equal(await nameOf(twin), "Bob-2");
    await bob.close();
    await twin.waitForFunction(() => document.querySelector("#name").value === "Bob");
    await twin.fill("#name", "   ");
    await twin.press("#name", "Enter");
    assert.equal(await nameOf(twin), "Bob");
    await say(twin, "it's me");
    await hears(ada, "it's me");
    assert.equal(await ada.locator(".message .sender").last().textContent(), "Bob");
  },

  async "a name that could look like another is refused in words"() {
    const ada = await user("", { name: "Ada" });
    await ada.fill("#name", "\u202Eevil");
    await ada.press("#name", "Enter");
    await textIs(ada, ".notice", /^a name has 1 to 32 letters/);
    assert.equal(await nameOf(ada), "Ada");
  },

  async "who brings a name that is refused is told so once, and is a guest"() {
    const ada = await newPage();
    await ada.addInitScript(() => (localStorage.name ??= "\u202Eevil"));
    await ada.goto(server.address);
    await textIs(ada, ".notice", /^The server says: a name has 1 to 32 letters/);
    await ready(ada);
    assert.equal(await nameOf(ada), "guest");
    const bob = await user("", { name: "Bob" });
    await say(ada, "hello");
    await hears(bob, "hello");
    assert.equal(await bob.locator(".message .sender").textContent(), "guest");
    await ada.reload();
    await ready(ada);
    assert.match(await nameOf(ada), /^guest(-2)?$/);
    assert.equal(await ada.getByText("The server says").count(), 0, "it is kept in place of the other");
  },

  async "who comes, goes and changes the name is told in one quiet line"() {
    const ada = await user("#kitchen", { name: "Ada" });
    const bob = await user("#kitchen", { name: "Bob" });
    await renames(bob, "Bert");
    await bob.close();
    await textIs(ada, ".notice", "Bob joined · Bob is called Bert now · Bert left");
    assert.equal(await ada.locator(".notice").count(), 1, "in a row they are one line");
    await turnsTo(ada, "everyone");
    assert.deepEqual(await notices(ada), ["Bob joined · Bob is called Bert now · Bert left"]);
  },

  async "who is here is counted and listed, and a click on a name is a private message"() {
    const [ada, bob] = [await user("#kitchen", { name: "Ada" }), await user("", { name: "Bob" })];
    await textIs(ada, "#count", "1 here");
    await turnsTo(ada, "everyone");
    await textIs(ada, "#count", "2 online");
    await textIs(bob, "#count", "2 online");
    await ada.click("#count");
    await textIs(ada, "#people li", "Ada (you)");
    const eve = await user("", { name: "Eve" });
    await textIs(ada, "#count", "3 online");
    const button = ada.locator("#people").getByRole("button", { name: "Eve" });
    await button.focus();
    await say(bob, "hello");
    await hears(ada, "hello");
    assert.ok(await button.evaluate((node) => node === document.activeElement), "it keeps the focus");
    await eve.close();
    await textIs(ada, "#count", "2 online");
    await ada.locator("#people").getByRole("button", { name: "Bob" }).click();
    await textIs(ada, "#room", "Bob");
    assert.ok(await ada.isHidden("#people"));
    await say(ada, "psst");
    await hasUnread(bob, "Ada", 1);
  },

  async "who types is seen until the message is there, or a while has passed"() {
    const options = { ownClock: true };
    const [ada, bob] = [
      await user("#kitchen", { name: "Ada", ...options }),
      await user("#kitchen", { name: "Bob" }),
    ];
    const [cas, eve] = [await user("#kitchen", { name: "Cas" }), await user()];
    await bob.locator("#text").pressSequentially("hel");
    await textIs(ada, "#typing", "Bob is typing…");
    await cas.locator("#text").pressSequentially("hel");
    await textIs(ada, "#typing", "Bob and Cas are typing…");
    await bob.press("#text", "Enter");
    await textIs(ada, "#typing", "Cas is typing…");
    await ada.clock.runFor(4_000);
    await ada.waitForFunction(() => !document.querySelector("#typing").textContent);
    assert.equal(await eve.textContent("#typing"), "");
    assert.equal(await ada.getAttribute("#typing", "aria-live"), null);
  },

  async "who types tells the others every two seconds at most, and three are a number"() {
    const ada = await user("#kitchen", { name: "Ada" });
    const bob = await newPage();
    await bob.addInitScript(() => (localStorage.name = "Bob"));
    await bob.clock.install();
    let told = 0;
    bob.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => (told += String(payload).includes('"typing"'))));
    await bob.goto(`${server.address}/#kitchen`);
    await ready(bob);
    await bob.clock.pauseAt((await bob.evaluate(() => Date.now())) + 1000);
    await bob.locator("#text").pressSequentially("hello");
    await textIs(ada, "#typing", "Bob is typing…");
    await bob.clock.runFor(1900);
    await bob.locator("#text").pressSequentially("there");
    assert.equal(told, 1);
    await bob.clock.runFor(200);
    await bob.locator("#text").pressSequentially("!");
    for (const name of ["Cas", "Dan"]) {
      await (await user("#kitchen", { name })).locator("#text").pressSequentially("x");
    }
    await textIs(ada, "#typing", "3 people are typing…");
    assert.equal(told, 2);
  },

  async "rooms stand beside each other, with what is unread in each"() {
    const ada = await user("#kitchen", { name: "Ada" });
    const [bob, eve] = [await user("#kitchen", { name: "Bob" }), await user("#attic")];
    await joins(ada, "attic");
    for (const text of ["one", "two"]) await say(bob, text);
    await hasUnread(ada, "kitchen", 2);
    await say(eve, "here");
    await hears(ada, "here");
    await hasUnread(ada, "attic", 0);
    await ada.evaluate(() => {
      const log = document.querySelector("#log");
      new MutationObserver(() => (globalThis.live = log.ariaLive)).observe(log, { childList: true });
    });
    await ada.locator("#rooms").getByRole("link", { name: "kitchen 2 unread" }).click();
    await hears(ada, "two");
    assert.deepEqual(await texts(ada), ["one", "two"]);
    assert.equal(await ada.evaluate(() => globalThis.live), "off", "the list is not read out");
    await ada.locator("#log[aria-live=polite]").waitFor();
    await hasUnread(ada, "kitchen", 0);
    assert.equal(await ada.getAttribute("#rooms [aria-current=page]", "href"), "#kitchen");
    await ada.reload();
    await ready(ada);
    assert.deepEqual(
      (await ada.locator("#rooms a").allTextContents()).toSorted(),
      ["attic", "everyone", "kitchen"],
      "a page that is loaded again is where it was",
    );
    assert.deepEqual(await texts(ada), ["one", "two"]);
  },

  async "who joins a room reads the last fifty messages, with who said them"() {
    const bob = await user("#kitchen", { name: "Bob" });
    for (let n = 1; n <= 60; n += 1) await say(bob, `line ${n}`);
    await settled(bob);
    await bob.close();
    const ada = await user("#kitchen");
    await hears(ada, "line 60");
    assert.deepEqual(await texts(ada), Array.from({ length: 50 }, (_, n) => `line ${n + 11}`));
    assert.equal(await ada.locator(".message .sender").first().textContent(), "Bob");
    await hasUnread(ada, "kitchen", 0);
    await ada.locator("#log[aria-live=polite]").waitFor();
  },

  async "a message to a room or to one person is said once though its ack was lost"() {
    for (const flags of [[], ["--no-recovery"]]) {
      await server.start(...flags);
      const ada = await user("#kitchen", { name: "Ada", address: wire.address, losesServer: true });
      const bob = await user("#kitchen", { name: "Bob" });
      wire.isMute = true;
      await say(ada, "only once");
      await hears(bob, "only once");
      await ada.evaluate((id) => (location.hash = `@${id}`), await idOf(bob));
      await textIs(ada, "#room", /^Bob/);
      await say(ada, "psst");
      await hasUnread(bob, "Ada", 1);
      await turnsTo(ada, "kitchen");
      wire.cut();
      await textIs(ada, "#state", "Offline");
      wire.mend();
      await ready(ada);
      await turnsTo(ada, "Bob");
      await settled(ada);
      await turnsTo(ada, "kitchen");
      await settled(ada);
      await say(ada, "fence");
      await hears(bob, "fence");
      assert.deepEqual(await texts(bob), ["only once", "fence"]);
      await hasUnread(bob, "Ada", 1);
      await Promise.all([ada.close(), bob.close()]);
    }
  },

  async "what is too fast or too long is refused with the reason, and can be tried again"() {
    await server.start("--chat-rate", "2", "--max-text", "50");
    const ada = await user();
    await say(ada, "x".repeat(51));
    await textIs(ada, ".failure", "Not sent: a message has at most 50 bytes. Retry");
    for (let n = 1; n <= 25; n += 1) await say(ada, `line ${n}`);
    await ada.getByText(/^Not sent: too fast: 2 in a second are taken/).first().waitFor();
    await ada.locator(".failure").filter({ hasText: "too fast" }).getByRole("button").first().click();
    await ada.waitForFunction(() => document.querySelectorAll(".own time").length >= 15);
  },

  async "a room too many is refused with the reason"() {
    const ada = await user();
    for (let n = 1; n <= 32; n += 1) await joins(ada, `room ${n}`);
    await ready(ada);
    await ada.fill("#room-name", "one more");
    await ada.click("#join");
    await textIs(ada, ".notice", "The server did not let you into one more: you are in 32 rooms already.");
    await textIs(ada, "#room", "everyone");
    assert.equal(await ada.locator("#rooms a").count(), 33);
  },

  async "what was said in private is nowhere for who comes later"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    await ada.click("#count");
    await ada.locator("#people").getByRole("button", { name: "Bob" }).click();
    await say(ada, "psst");
    await settled(ada);
    await bob.reload();
    await ready(bob);
    const eve = await user();
    for (const page of [bob, eve]) {
      assert.deepEqual(await texts(page), []);
      assert.equal(await page.locator("#rooms a").count(), 1);
    }
  },

  async "a page of one's own and this one are in the same chat"() {
    const [ada, other] = [await user("", { name: "Ada" }), await user()];
    const heard = other.evaluate(async () => {
      const own = new WebSocket("/ws");
      await new Promise((done) => (own.onopen = done));
      own.send('["chat message","from the door"]');
      return new Promise((done) => {
        own.onmessage = ({ data }) => data.includes("to the door") && done(data);
      });
    });
    await hears(ada, "from the door");
    await say(ada, "to the door");
    assert.deepEqual(JSON.parse(await heard), ["chat message", "to the door", 2, await idOf(ada), { name: "Ada" }]);
  },

  async "text from people is only ever text"() {
    const [ada, bob] = [
      await user("#kitchen", { name: "<b>&amp;</b>", viewport: { width: 320, height: 640 } }),
      await user("#kitchen", { name: "'\"><img src=x>" }),
    ];
    for (const text of Object.values(HOSTILE)) await say(bob, text);
    await settled(bob);
    await ada.waitForFunction((count) => document.querySelectorAll(".text").length === count, Object.keys(HOSTILE).length);
    for (const page of [ada, bob]) {
      assert.deepEqual(await texts(page), Object.values(HOSTILE).map(asTyped));
      const others = await page.evaluate(() =>
        [...document.querySelectorAll("#log *, #rooms *, #people *")]
          .map((node) => node.localName)
          .filter((name) => !/^(a|b|button|div|li|ol|p|span|time|ul)$/.test(name)));
      assert.deepEqual(others, []);
      assert.equal(await page.locator("#messages a").count(), 0);
    }
    await textIs(ada, ".notice", /'"><img src=x> joined$/);
    await ada.click("#count");
    await ada.locator("#people").getByRole("button", { name: "<img src=x>" }).waitFor();
    assert.ok(await ada.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await joins(ada, "<i>room</i>&lt;");
    assert.match(await ada.title(), /^<i>room<\/i>&lt; · roomcast$/);
  },
};

/** What a field of one line makes of a text. */
function asTyped(text) {
  return text.trim();
}
