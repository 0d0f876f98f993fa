// What node.mjs, chat.mjs and wire.mjs share: the server program, a relay that can fail
// on purpose, and the runner of named checks. It knows nothing of Socket.IO.
//
// Nothing here sleeps. Every wait is for an event and has a generous limit, so
// that a busy machine is slow and not wrong.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

export const PATIENCE = 20_000; // ms for any one wait

const cleanups = [];

/** Runs `action` when the present check is over, last one first. */
export function defer(action) {
  cleanups.push(action);
}

/** The promise's value, or an error that says what was waited for. */
export function within(promise, what, ms = PATIENCE) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  const first = Promise.race([promise, limit]).finally(() => clearTimeout(timer));
  first.catch(() => {}); // a check that failed meanwhile no longer waits for it
  return first;
}

/** Hands control to whatever else is ready, once. */
export const turn = () => new Promise(setImmediate);

/** A running server program: its address, and what it said about ended sockets. */
export class Program {
  #process;
  #said = new EventEmitter().setMaxListeners(0);
  #gone = new Map();

  static async start(path, ...flags) {
    const program = new Program();
    const named = flags.includes("--port") ? flags : ["--port", "0", ...flags];
    program.#process = spawn(path, named, { stdio: ["ignore", "pipe", "inherit"] });
    program.#listen();
    await within(once(program.#said, "listening"), `${path} to listen`);
    return program;
  }

  #listen() {
    this.#process.on("error", (error) => this.#said.emit("error", error));
    this.#process.on("exit", (code, signal) => {
      this.#said.emit("error", new Error(`the program ended: ${signal ?? code}`));
    });
    this.#said.on("error", () => {}); // one who waits for it learns it by its own listener
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#read(line));
  }

  #read(line) {
    const [, port] = /http:\/\/localhost:(\d+)/.exec(line) ?? [];
    const [, id, reason] = /^gone \S+ (\S+) (.+)$/.exec(line) ?? [];
    if (id) {
      this.#gone.set(id, reason);
      this.#said.emit(`gone ${id}`);
    } else if (port && !this.port) {
      this.port = Number(port);
      this.address = `http://localhost:${port}`;
      this.#said.emit("listening");
    }
  }

  /** Why the server says this socket ended, once it has. */
  async gone(id) {
    if (!this.#gone.has(id)) await within(once(this.#said, `gone ${id}`), `the end of ${id}`);
    return this.#gone.get(id);
  }

  isGone(id) {
    return this.#gone.has(id);
  }

  /** Ends the program at once, as a crash would, or in order with SIGTERM. */
  async kill(signal = "SIGKILL") {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    await within(exit, "the program's end");
  }
}

/** A TCP relay in front of a port, which can be cut or frozen. */
export class Relay {
  #pairs = new Set();
  #polls = new EventEmitter();
  #frozen = false;
  #mute = false;
  #server;

  static async to(port) {
    const relay = new Relay();
    relay.#server = net.createServer((near) => relay.#join(near, net.connect(port, "localhost")));
    relay.#server.listen(0);
    await once(relay.#server, "listening");
    relay.address = `http://localhost:${relay.#server.address().port}`;
    defer(() => relay.close());
    return relay;
  }

  #join(near, far) {
    const pair = [near, far];
    this.#pairs.add(pair);
    near.on("data", (bytes) => this.#pass(bytes, far, () => this.#note(bytes, pair)));
    far.on("data", (bytes) => this.#mute || this.#pass(bytes, near));
    far.on("data", () => (pair.polls = false));
    for (const end of pair) {
      end.setNoDelay(true);
      end.on("error", () => {});
      end.on("close", () => this.#frozen || this.#mute || this.#part(pair));
    }
  }

  #pass(bytes, to, done) {
    if (!this.#frozen) to.write(bytes, done);
  }

  #note(bytes, pair) {
    pair.polls = bytes.subarray(0, 4).equals(Buffer.from("GET "));
    if (pair.polls) this.#polls.emit("held");
  }

  /** When a GET has gone through that waits for its answer. */
  async held() {
    while (![...this.#pairs].some((pair) => pair.polls)) {
      await within(once(this.#polls, "held"), "a poll");
    }
  }

  #part(pair) {
    this.#pairs.delete(pair);
    for (const end of pair) end.destroy();
  }

  /** Ends every connection that runs through it; new ones are welcome. */
  cut() {
    this.#mute = false;
    for (const pair of this.#pairs) this.#part(pair);
  }

  /** From here on swallows every byte and every end, on open connections. */
  freeze() {
    this.#frozen = true;
  }

  /** From here on swallows what the server says, and every end, until the next cut. */
  mute() {
    this.#mute = true;
  }

  close() {
    this.cut();
    this.#server.close();
  }
}

/** The command line of both programs: PROGRAM [--reference] [--only TEXT]. */
export function commandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { reference: { type: "boolean", default: false }, only: { type: "string", default: "" } },
  });
  if (positionals.length !== 1) {
    console.error("usage: node FILE PROGRAM [--reference] [--only TEXT]");
    process.exit(2);
  }
  return { program: positionals[0], ...values };
}

/** Runs checks, `[name, function]` each, in order; the exit code is 1 if any failed. */
export async function run(checks, { only, skipped = [] }) {
  const count = { passed: 0, failed: 0, skipped: skipped.length };
  for (const name of skipped) console.log(`skipped  ${name}`);
  for (const [name, check] of checks) {
    if (name.includes(only)) count[await outcome(name, check)] += 1;
  }
  console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
}

async function outcome(name, check) {
  try {
    await within(check(), "the whole check", 3 * PATIENCE);
    console.log(`ok       ${name}`);
    return "passed";
  } catch (error) {
    console.log(`FAILED   ${name}\n         ${error.stack.replaceAll("\n", "\n         ")}`);
    return "failed";
  } finally {
    while (cleanups.length > 0) await cleanups.pop()();
  }
}
