// Clients of the chat, of four kinds, which keep all that they hear.

import { EventEmitter } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { until } from "./hosts.mjs";

const require = createRequire(new URL("../clients/", import.meta.url));
const official = require("socket.io-client");
const WebSocket = require("ws");

globalThis.WebSocket = WebSocket; // for our own client, which is made for browsers
const source = await readFile(new URL("../../static/socket.io.js", import.meta.url), "utf8");
const own = await import(`data:text/javascript,${encodeURIComponent(`${source}export { io };`)}`);

/** By what a client talks to the server. */
const KINDS = {
  websocket: (address, options) => official.io(address, { ...options, transports: ["websocket"] }),
  polling: (address, options) => official.io(address, { ...options, transports: ["polling"] }),
  own: (address, options) => own.io(address, options),
  plain: (address) => new Plain(address),
};

const OPTIONS = {
  forceNew: true,
  reconnectionDelay: 300,
  reconnectionDelayMax: 600,
  // An attempt that began while the line was cut must not take long to fail.
  timeout: 3_000,
};

/** A client and its ears. */
export class Person {
  heard = [];
  /** The server's number of the last one. */
  number = 0;
  /** Names it has had, one for each time that it came in. */
  sids = [];
  /** Why and when it lost its connection. */
  ends = [];
  #changed = new EventEmitter().setMaxListeners(0);

  constructor(name, kind, address, options) {
    this.name = name;
    this.kind = kind;
    this.socket = KINDS[kind](address, { ...OPTIONS, ...options });
    this.#on("connect", () => this.sids.push(this.socket.id));
    this.#on("disconnect", (reason) => this.ends.push({ reason, time: performance.now() }));
    this.#on("chat message", (text, number) => {
      this.heard.push(text);
      this.number = number;
    });
  }

  #on(event, listener) {
    this.socket.on(event, (...args) => {
      listener(...args);
      this.#changed.emit("change");
    });
  }

  say(n) {
    this.socket.emit("chat message", `${this.name} ${n}`);
  }

  /** Says it under a name, so that it is said once however often it is tried. */
  insist(n) {
    this.socket.emit("chat message", `${this.name} ${n}`, `${this.sids[0]}-${n}`, () => {});
  }

  /** Of all it heard, what somebody said. */
  from(name) {
    return this.heard.filter((text) => text.startsWith(`${name} `));
  }

  until(value, what) {
    return until(this.#changed, "change", value, `${this.name} ${what}`);
  }

  /** Its name, when it is in the chat for the nth time. */
  async enters(times = 1) {
    await this.until(() => this.sids.length >= times, "to come in");
    return this.sids[times - 1];
  }

  leave() {
    this.socket.disconnect();
  }
}

/** A plain WebSocket, with as much of a client of Socket.IO as is needed. */
class Plain {
  #ws;
  #ears = new EventEmitter();

  constructor(address) {
    this.#ws = new WebSocket(`${address.replace("http", "ws")}/ws`);
    this.#ws.on("error", () => {}); // "close" follows
    this.#ws.on("open", () => this.emit("whoami"));
    this.#ws.on("message", (bytes) => this.#hear(JSON.parse(bytes)));
    this.#ws.on("close", (code) => this.#ears.emit("disconnect", `closed with ${code}`));
  }

  #hear([event, ...args]) {
    if (event === "whoami") {
      [this.id] = args;
      this.#ears.emit("connect");
    } else {
      this.#ears.emit(event, ...args);
    }
  }

  on(event, listener) {
    this.#ears.on(event, listener);
  }

  emit(...event) {
    this.#ws.send(JSON.stringify(event));
  }

  disconnect() {
    this.#ws.close();
  }
}
