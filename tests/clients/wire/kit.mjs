// What the checks of the wire share: the servers, connections at some point of
// their life, and assertions.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { defer, Program, within } from "../harness.mjs";
import { ask, fence, Line, Poller, raw, upgradeHead } from "../raw.mjs";

export const ORIGIN = "http://a.example";
export const FOREIGN = "http://b.example";
export const MAX_PAYLOAD = 1_000_000;
export const QUICK = ["--ping-interval", "200", "--ping-timeout", "400"];
export const ERRORS = [
  "Transport unknown",
  "Session ID unknown",
  "Bad handshake method",
  "Bad request",
  "Forbidden",
  "Unsupported protocol version",
];
export const ID = /^[\w-]{20}$/;

/** For checks that need no flags. */
export let server;

let tested; // the program

/** Starts the server for all checks; `start` knows from here on what to start. */
export async function serve(path) {
  tested = path;
  server = await Program.start(path);
  return server;
}

// Connections

export async function start(...flags) {
  const started = await Program.start(tested, ...flags);
  defer(() => started.kill());
  return started;
}

/** A WebSocket session whose open packet is read. */
export async function openLine(program, query) {
  const line = await Line.open(program, query);
  await line.read();
  return line;
}

/** Connects a namespace (`""` or like `"/chat2,"`): the socket's id. */
export async function connect(channel, namespace = "", auth = "") {
  await channel.send(`40${namespace}${auth}`);
  const packet = await channel.read();
  assert.ok(packet.startsWith(`40${namespace}{"sid":`), packet);
  return JSON.parse(packet.slice(2 + namespace.length)).sid;
}

/** A socket of the main namespace over WebSocket. */
export async function onWebSocket(program = server) {
  const line = await openLine(program);
  return { line, id: await connect(line) };
}

/** A socket of the main namespace over long-polling. */
export async function onPolling(program = server, headers = undefined) {
  const poller = await Poller.open(program, headers);
  return { poller, id: await connect(poller) };
}

/** The WebSocket beside a polling session, probed and not yet switched to. */
export async function probe(poller, program = server) {
  const line = await Line.open(program, `&sid=${poller.sid}`);
  await line.send("2probe");
  assert.equal(await line.read(), "3probe");
  return line;
}

/** A POST that is under way and lacks its end: `ended()` when the server has ended it, and `cut()` to end it. */
export async function startPost(poller) {
  const socket = net.connect(poller.port, "localhost");
  const head = `POST ${poller.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n42["ec`;
  socket.on("error", () => {});
  socket.resume();
  await new Promise((done) => socket.write(head, done));
  await fence(poller.port);
  defer(() => socket.destroy());
  const ended = () => within(once(socket, "close"), "the end of a POST");
  return { ended, cut: () => socket.destroy() };
}

export function crossOrigin(origin, target, { headers, ...options } = {}) {
  const asked = { headers: { Origin: origin, ...headers }, ...options };
  return start("--origin", ORIGIN).then(({ port }) => ask(port, target, asked));
}

// Recovery

/** A socket of a program of its own, which recovers. */
export async function recoverable() {
  const program = await start("--recovery");
  const line = await openLine(program);
  await line.send("40");
  return { program, line, ...JSON.parse((await line.read()).slice(2)) };
}

export async function anOffset(line) {
  await line.send('42["echo"]');
  return JSON.parse((await line.read()).slice(2))[1];
}

export async function drop(line) {
  await line.send('42["drop"]');
  await line.closed;
}

/** Packets from a client of its own, and their arrival. */
export async function say(program, ...sent) {
  const line = await openLine(program);
  await connect(line);
  await line.send(...sent, '421["echo"]');
  while ((await line.read()) !== "431[]");
}

// Assertions

export function assertRefused({ status, headers, body }, code) {
  assert.equal(body, JSON.stringify({ code, message: ERRORS[code] }));
  assert.equal(status, 400);
  assert.equal(headers["content-type"], "application/json");
}

export async function assertUpgradeRefused(query, text) {
  const said = await raw(server.port, upgradeHead(`/socket.io/?${query}`));
  const [head, body] = said.split("\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(head, /^connection: close$/im);
  assert.match(head, /^content-type: text\/html$/im);
  assert.equal(body, text);
}

export function assertHeaders({ status, headers, body }, type) {
  assert.equal(status, 200);
  assert.equal(headers["content-type"], type);
  assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
  assert.equal(headers["cache-control"], "no-store");
}

export function assertOpen(packet, upgradeList, interval, timeout) {
  const { sid } = JSON.parse(packet.slice(1));
  assert.match(sid, ID);
  assert.equal(
    packet,
    `0{"sid":"${sid}","upgrades":${upgradeList},"pingInterval":${interval},` +
      `"pingTimeout":${timeout},"maxPayload":${MAX_PAYLOAD}}`,
  );
}

export function assertFresh(packet, sid, pid) {
  const [, newSid, newPid] = /^40\{"sid":"([\w-]{20})","pid":"([\w-]{20})"\}$/.exec(packet) ?? [];
  assert.ok(newSid && newSid !== sid && newPid !== pid, packet);
}

/** The session goes on by polling: an event goes and comes. */
export async function assertPolls(poller) {
  await poller.send('42["echo","polling"]');
  let packet = await poller.read();
  while (packet === "6") packet = await poller.read();
  assert.equal(packet, '42["echo","polling"]');
}

/** An echo of exactly so many bytes. */
export function eventOf(size) {
  return `42["echo","${"x".repeat(size - 13)}"]`;
}
