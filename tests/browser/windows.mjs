// Checks of the chat page: what an address opens, what a browser keeps or does not, and two windows of
// one person.

import assert from "node:assert/strict";
import { newPage, server, textIs } from "./harness.mjs";
import { hears, joins, nameOf, ready, say, settled, user } from "./page.mjs";

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
