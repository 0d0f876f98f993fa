// Engine.IO by hand: HTTP requests, a long-polling session and a WebSocket,
// which send exactly the text they are given. Nothing here decides what is
// right; wire.mjs does.

import http from "node:http";
import net from "node:net";
import { once } from "node:events";
import { WebSocket } from "ws";
import { defer, within } from "./harness.mjs";

export const SEPARATOR = "\x1e";
export const QUERY = "/socket.io/?EIO=4&transport=polling";

/** One request: `sent` when its bytes are out, `answer` when it has one, and `cut()` to end its connection. */
export function request(port, path, { method = "GET", headers = {}, body, agent } = {}) {
  const outgoing = http.request({ port, path, method, headers, agent, host: "localhost" });
  const answer = within(receive(outgoing), `the answer to ${method} ${path}`);
  const sent = new Promise((done) => outgoing.end(body, done));
  return { answer, sent, cut: () => outgoing.destroy() };
}

async function receive(outgoing) {
  const [incoming] = await once(outgoing, "response");
  let body = "";
  incoming.setEncoding("utf8");
  for await (const chunk of incoming) body += chunk;
  return { status: incoming.statusCode, headers: incoming.headers, body };
}

/** The answer to one request. */
export function ask(port, path, options) {
  return request(port, path, options).answer;
}

/** All that a server says to these bytes before it closes the connection. */
export async function raw(port, head) {
  const socket = net.connect(port, "localhost");
  socket.on("error", () => {});
  socket.write(head);
  let said = "";
  socket.setEncoding("latin1").on("data", (text) => (said += text));
  await within(once(socket, "close"), "the end of the connection");
  return said;
}

/** The head of a WebSocket handshake, as bytes for `raw`. */
export function upgradeHead(path) {
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** When a request that was sent before is surely being looked at: a whole exchange after it. */
export async function fence(port) {
  await ask(port, "/socket.io/?fence");
  await ask(port, "/socket.io/?fence");
}

/** A long-polling session. */
export class Poller {
  #agent = new http.Agent({ keepAlive: true });
  #unread = [];

  static async open(server, headers) {
    const poller = new Poller();
    poller.port = server.port;
    poller.handshake = await ask(server.port, QUERY, { headers });
    poller.sid = JSON.parse(poller.handshake.body.slice(1)).sid;
    defer(() => poller.#agent.destroy());
    return poller;
  }

  get path() {
    return `${QUERY}&sid=${this.sid}`;
  }

  get(options) {
    return ask(this.port, this.path, { agent: this.#agent, ...options });
  }

  post(body, options) {
    return this.get({ method: "POST", body, ...options });
  }

  /** A GET that the server holds. */
  async hold() {
    const held = request(this.port, this.path, { agent: this.#agent });
    await held.sent;
    await fence(this.port);
    return held;
  }

  /** Packets in one POST. */
  async send(...packets) {
    const { status, body } = await this.post(packets.join(SEPARATOR));
    if (status !== 200 || body !== "ok") throw new Error(`POST: ${status} ${body}`);
  }

  /** The next packet, from as many GETs as it takes. */
  async read() {
    while (this.#unread.length === 0) {
      const { status, body } = await this.get();
      if (status !== 200) throw new Error(`GET: ${status} ${body}`);
      this.#unread = body.split(SEPARATOR);
    }
    return this.#unread.shift();
  }
}

/** A WebSocket whose messages are read one by one: texts as strings, others as buffers. */
export class Line {
  #unread = [];
  #wanted = [];

  /** An open WebSocket; it rejects with the HTTP status if the server refuses. */
  static open(server, query = "", options = {}) {
    return Line.at(server, `/socket.io/?EIO=4&transport=websocket${query}`, options);
  }

  /** The same at any path. */
  static async at(server, path, options = {}) {
    const line = new Line();
    const url = `ws://localhost:${server.port}${path}`;
    line.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    line.socket.on("message", (data, isBinary) => line.#take(isBinary ? data : data.toString()));
    line.socket.on("error", () => {});
    line.closed = within(once(line.socket, "close"), "the WebSocket's end").then(([code]) => code);
    line.closed.catch(() => {});
    defer(() => line.socket.terminate());
    await within(line.#opened(), "the WebSocket's handshake");
    return line;
  }

  #opened() {
    return new Promise((done, fail) => {
      this.socket.once("open", done);
      this.socket.once("error", fail);
      this.socket.once("unexpected-response", (_, { statusCode }) => {
        fail(Object.assign(new Error(`refused with ${statusCode}`), { status: statusCode }));
      });
    });
  }

  #take(message) {
    if (this.#wanted.length > 0) this.#wanted.shift()(message);
    else this.#unread.push(message);
  }

  /** Nothing has come that was not read. */
  get isQuiet() {
    return this.#unread.length === 0;
  }

  async send(...packets) {
    for (const packet of packets) this.socket.send(packet);
  }

  /** Bytes below the framing of the WebSocket. */
  sendRaw(bytes) {
    this.socket._socket.write(bytes);
  }

  read() {
    if (this.#unread.length > 0) return Promise.resolve(this.#unread.shift());
    return within(new Promise((done) => this.#wanted.push(done)), "a message");
  }
}
