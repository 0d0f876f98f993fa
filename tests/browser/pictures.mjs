// The pictures of the README, which are taken by each run, so that they never show another page.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { textIs } from "./harness.mjs";
import { hasUnread, hears, say, settled, turnsTo, user } from "./page.mjs";

/** The check that takes them, in place of the file `replaced` and its neighbour if that is given. */
export const pictures = (replaced) => ({
  async "the pictures of the README show this page: they are taken by each run"() {
    const folder = await mkdtemp(path.join(tmpdir(), "roomcast-pictures-"));
    try {
      await takePictures(replaced ?? path.join(folder, PICTURES[0]));
      for (const name of replaced ? [] : PICTURES) {
        const [taken, shown] = await Promise.all([sizeOf(path.join(folder, name)), sizeOf(name)]);
        assert.deepEqual(taken, shown, `${name}: make it anew by --screenshot`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});

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
