// Checks of the chat page: what an address opens, what a browser keeps or does not, the ways between
// rooms, and two windows of one person.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { newPage, server, textIs, wire } from "./harness.mjs";
import { hears, idOf, joins, nameOf, notices, ready, say, setHidden, settled, texts, turnsTo, user } from "./page.mjs";

export const windows = {
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

  async "who turns away from a room and back, or leaves it and joins again, before it has answered reads it once"() {
    const bob = await user("#kitchen", { name: "Bob" });
    for (const text of ["one", "two"]) await say(bob, text);
    await settled(bob);
    const ada = await user("", { address: wire.address });
    wire.hold();
    await ada.fill("#room-name", "kitchen");
    await ada.click("#join");
    await textIs(ada, "#room", "kitchen…");
    await turnsTo(ada, "everyone");
    await ada.locator("#rooms a").filter({ hasText: "kitchen" }).click();
    await textIs(ada, "#room", "kitchen…");
    await ada.click("#leave");
    await textIs(ada, "#room", "everyone");
    await ada.fill("#room-name", "kitchen");
    await ada.click("#join");
    await textIs(ada, "#room", "kitchen…");
    wire.release();
    await textIs(ada, "#room", "kitchen");
    await say(bob, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["one", "two", "fence"]);
  },

  async "who comes back to a room that was left reads there what everyone said, also they themselves"() {
    const [bob, ada] = [await user("#kitchen", { name: "Bob" }), await user("#kitchen", { name: "Ada" })];
    await say(bob, "at eight?");
    await hears(ada, "at eight?");
    await say(ada, "yes, at Joe's");
    await hears(bob, "yes, at Joe's");
    await ada.click("#leave");
    await textIs(ada, "#room", "everyone");
    await joins(ada, "kitchen");
    await say(bob, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["at eight?", "yes, at Joe's", "fence"]);
  },

  async "who leaves a room while the page looks whether all is well is told of no error"() {
    const ada = await user("#kitchen", { address: wire.address });
    wire.hold();
    await setHidden(ada, true);
    await setHidden(ada, false);
    await ada.click("#leave");
    await textIs(ada, "#room", "everyone");
    wire.release();
    const bob = await user();
    await say(bob, "fence");
    await hears(ada, "fence");
    assert.ok(!(await notices(ada)).some((text) => text.includes("The server says")));
  },

  async "what is being written stays where it belongs"() {
    const [ada, bob] = [await user("", { name: "Ada" }), await user("", { name: "Bob" })];
    await ada.goto(`${server.address}/#@${await idOf(bob)}`);
    await textIs(ada, "#room", "Bob");
    await ada.fill("#text", "for Bob alone");
    await turnsTo(ada, "everyone");
    assert.equal(await ada.inputValue("#text"), "");
    await turnsTo(ada, "Bob");
    assert.equal(await ada.inputValue("#text"), "for Bob alone");
  },

  async "the page of one's own that README shows is in the same chat"() {
    const readme = await readFile(path.resolve(import.meta.dirname, "../../README.md"), "utf8");
    const folder = await mkdtemp(path.join(tmpdir(), "roomcast-page-"));
    try {
      await writeFile(path.join(folder, "index.html"), /```html\n(.*?)```/s.exec(readme)[1]);
      await server.start("--dir", folder, "--echo");
      const [own, other] = [await newPage({ losesServer: true }), await newPage({ losesServer: true })]; // it has no icon
      await own.goto(server.address);
      await textIs(own, "pre", "hello\n");
      await other.goto(server.address);
      await textIs(own, "pre", "hello\nhello\n");
    } finally {
      await rm(folder, { recursive: true });
    }
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
