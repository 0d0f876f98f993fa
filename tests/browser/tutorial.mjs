// Pages as the Socket.IO tutorial builds them up, against the real program.
//
//   node tutorial.mjs <path of the roomcast binary> [words of a check's name]
//
// The pages in tutorial/ make the calls of its steps 3 to 8; the program
// serves them by --dir, and --echo has messages come back to their senders,
// as there. Each check runs twice: with the client that the program brings
// along, and with the official one put in its place.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { assertPeace, newPage, runAll, server, textIs, wire } from "./harness.mjs";

const PAGES = fileURLToPath(new URL("tutorial", import.meta.url));
const OFFICIAL = fileURLToPath(new URL("node_modules/socket.io-client/dist", import.meta.url));

// The checks, each of which gets a function that opens a page

const checks = {
  async "step 3 connects"({ open }) {
    await open("step-3");
  },

  async "step 4 sends, step 5 shows it"({ open }) {
    const [ada, bob] = [await open("step-4"), await open("step-5")];
    await say(ada, "hello");
    await hears(bob, "hello");
  },

  async "step 5 brings a message to everyone, its sender too"({ open }) {
    await talk(await open("step-5"), await open("step-5"));
  },

  async "step 5 does so as a module"({ open }) {
    const page = "step-5-module";
    const options = { isModule: true };
    await talk(await open(page, options), await open(page, options));
  },

  async "step 6 has a button that disconnects, and connects again"({ open }) {
    const [ada, bob] = [await open("step-6"), await open("step-6")];
    await ada.click("#toggle");
    assert.equal(await ada.textContent("#toggle"), "Connect");
    assert.ok(!(await isConnected(ada)));
    await say(bob, "meanwhile");
    await hears(bob, "meanwhile");
    await ada.click("#toggle");
    await connected(ada);
    // Who has said goodbye is not recovered: that comes with step 7.
    assert.ok(!(await ada.evaluate("socket.recovered")));
    await say(bob, "again");
    await hears(ada, "again");
    assert.deepEqual(await texts(ada), ["again"]);
  },

  async "step 6 gets what it missed when its connection was lost"({ open }) {
    const [ada, bob] = [await open("step-6", { byWire: true }), await open("step-6")];
    await talk(ada, bob);
    await loseAndFindAgain(ada, () => speakUp(bob, "meanwhile"));
    assert.ok(await ada.evaluate("socket.recovered"));
    await speakUp(bob, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["one", "two", "meanwhile", "fence"]);
  },

  async "step 7 shows what was said before, and what was said while the button was up"({ open }) {
    const bob = await open("step-7");
    await speakUp(bob, "before");
    const ada = await open("step-7");
    await hears(ada, "before");
    await ada.click("#toggle");
    await speakUp(bob, "meanwhile");
    await ada.click("#toggle");
    await hears(ada, "meanwhile");
    await speakUp(bob, "fence");
    await hears(ada, "fence");
    assert.deepEqual(await texts(ada), ["before", "meanwhile", "fence"]);
  },

  async "step 7 gets what it missed though it could not be recovered"({ open }) {
    for (const flags of [["--no-recovery"], ["--max-disconnection-duration", "1"]]) {
      await startServer(...flags);
      const [ada, bob] = [await open("step-7", { byWire: true }), await open("step-7")];
      await talk(ada, bob);
      await loseAndFindAgain(ada, () => speakUp(bob, "meanwhile"));
      assert.ok(!(await ada.evaluate("socket.recovered")));
      await hears(ada, "meanwhile");
      await speakUp(bob, "fence");
      await hears(ada, "fence");
      assert.deepEqual(await texts(ada), ["one", "two", "meanwhile", "fence"]);
      await Promise.all([ada.close(), bob.close()]);
    }
  },

  async "step 8 says a message once though its ack was lost"({ open }) {
    for (const flags of [[], ["--no-recovery"]]) {
      await startServer(...flags);
      const [ada, bob] = [await open("step-8", { byWire: true }), await open("step-8")];
      await talk(ada, bob);
      wire.isMute = true;
      await say(ada, "only once");
      await hears(bob, "only once");
      await loseAndFindAgain(ada);
      await hears(ada, "only once");
      await say(ada, "fence"); // which waits for the ack of what was sent again
      for (const page of [ada, bob]) {
        await hears(page, "fence");
        assert.deepEqual(await texts(page), ["one", "two", "only once", "fence"]);
      }
      await Promise.all([ada.close(), bob.close()]);
    }
  },
};

// What the checks say

async function say(page, text) {
  await page.fill("#input", text);
  await page.press("#input", "Enter");
}

async function hears(page, text) {
  await textIs(page, "#messages li", text);
}

async function speakUp(page, text) {
  await say(page, text);
  await hears(page, text);
}

async function talk(ada, bob) {
  await say(ada, "one");
  await hears(bob, "one");
  await say(bob, "two");
  for (const page of [ada, bob]) {
    await hears(page, "two");
    assert.deepEqual(await texts(page), ["one", "two"]);
  }
}

async function texts(page) {
  return page.locator("#messages li").allTextContents();
}

async function isConnected(page) {
  return page.evaluate("socket.connected");
}

async function connected(page) {
  await page.waitForFunction("socket.connected");
}

/** A page is without its connection, and something happens meanwhile. */
async function loseAndFindAgain(page, meanwhile) {
  wire.cut();
  await page.waitForFunction("!socket.connected");
  await meanwhile?.();
  wire.mend();
  await connected(page);
}

// Pages and the server

const startServer = (...flags) => server.start("--dir", PAGES, "--echo", ...flags);

async function openPage(name, { isOfficial, isModule, byWire } = {}) {
  const page = await newPage({ losesServer: byWire });
  if (isOfficial) await putOfficial(page);
  await page.goto(`${byWire ? wire.address : server.address}/${name}.html`);
  if (isModule) {
    await page.waitForEvent("websocket"); // its socket is its own
  } else {
    await connected(page);
    assert.equal(await page.evaluate('"Manager" in io'), Boolean(isOfficial), "the other client");
  }
  return page;
}

async function putOfficial(page) {
  for (const file of ["socket.io.js", "socket.io.esm.min.js"]) {
    const path = `${OFFICIAL}/${file}`;
    await page.route(`**/socket.io/${file}`, (route) => route.fulfill({ path }));
  }
}

// The run

function allWith(client, isOfficial) {
  const open = (name, options) => openPage(name, { ...options, isOfficial });
  const each = ([name, check]) => [
    `${client}: ${name}`,
    async () => {
      await startServer();
      await check({ open });
    },
  ];
  return Object.entries(checks).map(each);
}

const [binary, words = ""] = process.argv.slice(2);
if (!binary) {
  console.error("usage: node tutorial.mjs <path of the roomcast binary> [words]");
  process.exit(2);
}
await runAll(binary, words, {
  ...Object.fromEntries([...allWith("ours", false), ...allWith("official", true)]),
  "no page logged an error or asked a foreign host": assertPeace,
});
