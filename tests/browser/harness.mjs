// What the browser tests share: the real server, Debian's Chromium (another
// one: CHROMIUM=/path), users with a browser context each, and a wire between
// the two that can be cut. Nothing here sleeps.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATIENCE = 15_000; // ms for any one wait; a page's longest pause is 5 s

// Users

let browser;
export const hosts = new Set();
export const complaints = [];

/** A page of somebody's own. What it loses is no complaint if it `losesServer`. */
export async function newPage({ losesServer, ...options } = {}) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("request", (request) => noteHost(request.url()));
  page.on("websocket", (socket) => noteHost(socket.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => noteConsole(message, losesServer));
  return page;
}

function noteHost(url) {
  const { protocol, host } = new URL(url);
  if (protocol !== "data:") hosts.add(host);
}

function noteConsole(message, losesServer) {
  const isLoss = /^WebSocket connection to .* failed|Failed to load resource/.test(message.text());
  if (message.type() === "error" && !(losesServer && isLoss)) complaints.push(message.text());
}

export async function textIs(page, selector, wanted) {
  const pattern = wanted instanceof RegExp ? wanted : new RegExp(`^${escaped(wanted)}$`);
  await page.locator(selector).filter({ hasText: pattern }).waitFor();
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

async function closeAll() {
  await Promise.all(browser.contexts().map((context) => context.close()));
}

// The server

export const server = {
  binary: "",
  child: null,
  address: "", // from the banner

  get isUp() {
    const child = this.child;
    return Boolean(child?.pid) && child.exitCode === null && child.signalCode === null;
  },

  /** Starts the binary anew: on any port at first, later on the same one. */
  async start(...flags) {
    await this.stop();
    const port = this.address ? new URL(this.address).port : "0";
    const stdio = ["ignore", "pipe", "inherit"];
    this.child = spawn(this.binary, ["--port", port, ...flags], { stdio });
    this.address = await bannerAddress(this.child);
    this.child.stdout.resume();
  },

  async stop() {
    if (!this.isUp) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  },
};

async function bannerAddress(child) {
  const failed = once(child, "error").then(([error]) => Promise.reject(error));
  const read = async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const address = line.match(/http:\/\/\S+/);
      if (address) return new URL(address[0]).origin;
    }
    throw new Error("the server ended without having told its address");
  };
  return Promise.race([read(), failed]);
}

// The wire

/** An address of the server that can be out of reach. */
export const wire = {
  relay: null,
  pairs: new Set(), // of the page's end and the server's
  address: "",
  isCut: false,
  isMute: false, // what the server says is lost
  isDeaf: false, // what the page says is lost
  held: null, // what the server says and the page has not heard yet, while that is held back

  async lay() {
    this.relay = createServer((near) => this.join(near)).listen(0, "localhost");
    await once(this.relay, "listening");
    this.address = `http://localhost:${this.relay.address().port}`;
  },

  join(near) {
    if (this.isCut) return near.destroy();
    const far = connect(new URL(server.address).port, "localhost");
    near.on("data", (bytes) => this.isDeaf || far.write(bytes));
    far.on("data", (bytes) => this.isMute || this.held?.push([near, bytes]) || near.write(bytes));
    const pair = [near, far];
    this.pairs.add(pair);
    for (const [end, other] of [pair, [far, near]]) {
      end.on("error", () => {}).on("close", () => other.destroy() && this.pairs.delete(pair));
    }
  },

  cut() {
    this.isCut = true;
    this.pairs.forEach((pair) => pair.forEach((end) => end.destroy()));
  },

  /** Cuts it on the side of the page alone: the server hears nothing of that. */
  lose() {
    for (const [near, far] of this.pairs) {
      near.removeAllListeners("close");
      far.removeAllListeners("close");
      near.destroy();
    }
  },

  hold() {
    this.held = [];
  },

  release() {
    const held = this.held ?? [];
    this.held = null;
    for (const [near, bytes] of held) near.write(bytes);
  },

  mend() {
    this.isCut = this.isMute = this.isDeaf = false;
    this.release();
  },
};

// The run

/** Runs the checks whose names have these words in order, each with a new server. */
export async function runAll(binary, words, checks) {
  server.binary = binary;
  const chosen = Object.entries(checks).filter(([name]) => name.includes(words));
  process.on("exit", () => server.child?.kill("SIGKILL"));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  let failed = 0;
  try {
    await wire.lay();
    for (const [name, check] of chosen) failed += !(await run(name, check));
  } finally {
    await browser.close();
    await server.stop();
    wire.relay.close();
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

async function run(name, check) {
  try {
    await server.start();
    await check();
    console.log(`ok      ${name}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}\n${error.stack.replace(/^/gm, "        ")}`);
    return false;
  } finally {
    wire.mend();
    await closeAll();
  }
}

/** What must hold after all checks: no error in any page, no other host. */
export function assertPeace() {
  assert.deepEqual(complaints, []);
  for (const host of hosts) assert.match(host, /^localhost:/);
}
