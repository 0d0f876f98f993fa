// Checks of the chat page: what becomes of it, and of what is said, when the connection is lost.

import assert from "node:assert/strict";
import { server, textIs, wire } from "./harness.mjs";
import {
  goOffline,
  hasUnread,
  hears,
  idOf,
  nameOf,
  notices,
  ready,
  say,
  setHidden,
  settled,
  texts,
  turnsTo,
  user,
} from "./page.mjs";

export const returning = {
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

  async "after a blink nobody is told of their own leaving"() {
    const ada = await user("#kitchen", { address: wire.address, losesServer: true });
    const id = await idOf(ada);
    wire.cut();
    await textIs(ada, "#state", "Offline");
    wire.mend();
    await ready(ada);
    assert.equal(await idOf(ada), id);
    await say(ada, "hello");
    await settled(ada);
    assert.deepEqual(await notices(ada), []);
    await turnsTo(ada, "everyone");
    assert.deepEqual(await notices(ada), []);
  },

  async "what was under way on a line that died is said once, though the server holds the old one for alive"() {
    await server.start("--no-recovery");
    const ada = await user("", { address: wire.address, losesServer: true });
    const bob = await user();
    wire.isDeaf = true;
    await say(ada, "from the train");
    await textIs(ada, ".own .stamp", "sending");
    wire.lose();
    await textIs(ada, "#state", "Offline");
    wire.mend();
    await ready(ada);
    await settled(ada);
    await say(bob, "fence");
    await hears(ada, "fence");
    for (const page of [ada, bob]) assert.deepEqual(await texts(page), ["from the train", "fence"]);
    await textIs(bob, "#count", "3 online"); // the old one, too
  },

  async "who was in a room before the first word there is told that some are missing"() {
    const flags = ["--no-recovery", "--history", "2"];
    await server.start(...flags);
    const ada = await user("#kitchen", { address: wire.address, losesServer: true });
    const bob = await user("#kitchen");
    const gap = "Some of what was said here meanwhile is missing.";
    for (const round of ["old", "new"]) {
      wire.cut();
      await textIs(ada, "#state", "Offline");
      for (const n of [1, 2, 3]) await say(bob, `${round} ${n}`);
      await settled(bob);
      wire.mend();
      await hears(ada, `${round} 3`);
      const told = await notices(ada);
      assert.equal(told.filter((text) => text === gap).length, round === "old" ? 1 : 2);
    }
    const eve = await user("#kitchen");
    await hears(eve, "new 3");
    assert.ok(!(await notices(eve)).includes(gap), "who is new misses nothing");
  },

  async "a name that is changed while offline, and back again, is the old one"() {
    const ada = await user("", { name: "Ada", address: wire.address, losesServer: true });
    wire.cut();
    await textIs(ada, "#state", "Offline");
    for (const name of ["Zed", "Ada"]) {
      await ada.fill("#name", name);
      await ada.press("#name", "Enter");
    }
    wire.mend();
    await ready(ada);
    assert.equal(await nameOf(ada), "Ada");
    assert.equal(await ada.evaluate(() => localStorage.name), "Ada");
  },

  async "a name that was on its way when the line died is not lost"() {
    const ada = await user("", { name: "Ada", address: wire.address, losesServer: true });
    wire.isDeaf = true;
    await ada.fill("#name", "Zed");
    await ada.press("#name", "Enter");
    wire.cut();
    await textIs(ada, "#state", "Offline");
    wire.mend();
    await ready(ada);
    assert.equal(await nameOf(ada), "Zed");
  },

  async "a clock that is set back does not keep the page from trying"() {
    const ada = await user("", { losesServer: true, ownClock: true });
    await goOffline(ada);
    await server.start();
    await ada.clock.setSystemTime((await ada.evaluate(() => Date.now())) - 3_600_000);
    await ada.clock.runFor(1000);
    await ready(ada);
  },

  async "the button that tries now keeps the focus while the page tries by itself"() {
    const ada = await user("", { address: wire.address, losesServer: true });
    wire.cut();
    await ada.focus("#retry");
    const tries = ada.waitForEvent("websocket");
    await (await tries).waitForEvent("close").catch(() => {});
    await textIs(ada, "#status", /next try in/);
    assert.equal(await ada.evaluate(() => document.activeElement.id), "retry");
  },

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
};
