// Checks of the chat page: what becomes of it when the connection is lost, when the browser keeps
// nothing or something strange, and what an address can be.

import assert from "node:assert/strict";
import { newPage, server, textIs, wire } from "./harness.mjs";
import {
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
  user,
} from "./page.mjs";

export const returning = {
  async "a late ack brings nothing back that was heard already"() {
    await server.start("--no-recovery");
    const ada = await user("#kitchen", { address: wire.address, losesServer: true });
    const bob = await user("#kitchen");
    wire.isMute = true;
    await say(ada, "one");
    await hears(bob, "one");
    await say(bob, "two");
    await settled(bob);
    for (let n = 1; n <= 2; n += 1) {
      wire.cut();
      await textIs(ada, "#state", "Offline");
      wire.mend();
      await ready(ada);
      await settled(ada);
    }
    await say(bob, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["one", "two", "fence"]);
  },

  async "after a restart the page is told if more was said than is kept"() {
    await server.start("--history", "2");
    const ada = await user("#kitchen", { address: wire.address, losesServer: true });
    const bob = await user("#kitchen");
    await say(bob, "yesterday");
    await hears(ada, "yesterday");
    await bob.close();
    wire.cut();
    await server.start("--history", "2");
    const eve = await user("#kitchen");
    for (const text of ["lost", "kept", "kept too"]) await say(eve, text);
    await settled(eve);
    wire.mend();
    await hears(ada, "kept too");
    assert.deepEqual(await texts(ada), ["yesterday", "kept", "kept too"]);
    assert.ok((await notices(ada)).includes("Some of what was said here meanwhile is missing."));
    const dan = await user("#kitchen");
    await hears(dan, "kept too");
    assert.ok(!(await notices(dan)).some((text) => text.includes("missing")), "who is new misses nothing");
  },

  async "who has lost the other of a private talk hears of the return"() {
    const ada = await user("", { name: "Ada" });
    const bob = await user("", { name: "Bob", address: wire.address, losesServer: true });
    await ada.goto(`${server.address}/#@${await idOf(bob)}`);
    await say(ada, "hello");
    await hasUnread(bob, "Ada", 1);
    wire.cut();
    await textIs(ada, ".notice", "Bob left");
    await say(ada, "are you there?");
    await ada.locator(".failure").waitFor();
    wire.mend();
    await textIs(ada, ".notice", "Bob joined");
    await ada.getByRole("button", { name: "Retry" }).click();
    await hasUnread(bob, "Ada", 2);
  },

  async "a name that is being written is left alone when the page comes back"() {
    const ada = await user("", { name: "Ada", address: wire.address, losesServer: true });
    wire.cut();
    await textIs(ada, "#state", "Offline");
    await ada.fill("#name", "Adal");
    wire.mend();
    await ready(ada);
    await ada.keyboard.type("bert");
    await ada.keyboard.press("Enter");
    await textIs(ada, ".notice", "You are called Adalbert now");
    assert.equal(await nameOf(ada), "Adalbert");
  },

  async "a browser that keeps nothing, or something strange, has the chat too"() {
    for (const kept of ["blocked", "{", '{"a":1}', "7", "null"]) {
      const ada = await newPage();
      await ada.addInitScript((text) => {
        if (text !== "blocked") return (sessionStorage.rooms = text);
        const get = () => {
          throw new DOMException("blocked", "SecurityError");
        };
        for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get });
      }, kept);
      await ada.goto(server.address);
      await ready(ada);
      await joins(ada, "attic");
      await say(ada, "hello");
      await settled(ada);
      await ada.close();
    }
  },

  async "any address opens the page, and what is no room is refused with the reason"() {
    const rooms = {
      "#<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
      "#%": "%",
      "#%E0%A4": "%E0%A4",
      "#@bad": "@bad",
      "#__proto__": "__proto__",
      "#%20": "everyone",
      "##": "#",
    };
    for (const [address, room] of Object.entries(rooms)) {
      const ada = await user(address);
      await textIs(ada, "#room", room);
      await say(ada, "hello");
      await settled(ada);
      assert.equal(await ada.locator("main img").count(), 0);
      await ada.close();
    }
    for (const address of ["#" + "x".repeat(65), "#a%0Ab", "#%E2%80%AEevil"]) {
      const ada = await user(address);
      await textIs(ada, ".notice", /^The server did not let you into .*: the name of a room has/s);
      await textIs(ada, "#room", "everyone");
      await ada.close();
    }
  },

  async "back and forward lead through the rooms, past one that was refused"() {
    const ada = await user("", { name: "Ada" });
    await joins(ada, "attic");
    await joins(ada, "cellar");
    await ada.goBack();
    await textIs(ada, "#room", "attic");
    await ada.goForward();
    await textIs(ada, "#room", "cellar");
    await ada.evaluate(() => (location.hash = "x".repeat(65)));
    await textIs(ada, "#room", "everyone");
    await ada.goBack();
    await textIs(ada, "#room", "cellar");
  },

  async "the page tries again after a second, and more and more seldom, but every five; each at its own time"() {
    const ada = await user("", { losesServer: true, ownClock: true });
    const chance = (value) => ada.evaluate((value) => (Math.random = () => value), value);
    await chance(0);
    await goOffline(ada);
    const pauses = [];
    for (let n = 0; n < 7; n += 1) {
      if (n === 5) await chance(0.99);
      const [, seconds] = /next try in (\d) s/.exec(await ada.textContent("#status"));
      pauses.push(Number(seconds));
      const told = ada.waitForEvent("websocket");
      await ada.clock.runFor(seconds * 1000);
      await (await told).waitForEvent("close").catch(() => {});
      await textIs(ada, "#status", /^Offline, next try in \d s$/);
    }
    assert.deepEqual(pauses, [2, 4, 5, 5, 5, 5, 3]); // the first has been already
    await server.start();
    await setHidden(ada, true);
    await setHidden(ada, false);
    await ready(ada);
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

  async "two windows of one person are two in the chat, with one name kept"() {
    const ada = await user("", { name: "Ada" });
    const other = await ada.context().newPage();
    await other.goto(server.address);
    await ready(other);
    assert.equal(await nameOf(other), "Ada-2");
    await say(other, "hello");
    await hears(ada, "hello");
    await ada.close();
    await other.waitForFunction(() => document.querySelector("#name").value === "Ada");
  },
};
