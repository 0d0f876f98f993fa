// Checks of static/socket.io.js in Node against a running Socket.IO server:
//
//   npm ci && node client.mjs http://localhost:3000
//
// The server runs this application in "/" and in "/admin", with or without
// connection state recovery:
//   echo (...args, ack?)   ack(...args), or without ack emits echo(...args)
//   join (room, ack)       joins and acks
//   room (room, ...args)   emits room(...args) to the others in the room
//   kick                   the server disconnects the socket
//   ask                    emits question("life"), and answered(...) on its ack
//   drop                   the server closes the connection, no DISCONNECT
// "/admin" wants the auth {token: "secret"}; else "not allowed", {code: 7}.
//
// Each check waits for events, never for time. Exit code 1 on any failure.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import WebSocket, { WebSocketServer } from "ws";

globalThis.WebSocket = WebSocket;
const ESM_SUFFIX = "export { io, io as default, io as connect };\n";
const PATIENCE = 10_000; // for one check
const QUICK = { reconnectionDelay: 20, reconnectionDelayMax: 50 };

const url = process.argv[2];
if (!url) {
  console.error("usage: node client.mjs URL");
  process.exit(1);
}
const source = await readFile(new URL("../../static/socket.io.js", import.meta.url), "utf8");
const module = await import(`data:text/javascript,${encodeURIComponent(source + ESM_SUFFIX)}`);
const { io } = module;

// Tools

const opened = new Set();

function client(nsp = "/", opts = {}) {
  const socket = io(url + nsp, { forceNew: true, ...QUICK, ...opts });
  opened.add(socket);
  return socket;
}

// The arguments of the next such event.
const next = (target, event) => new Promise((resolve) => target.once(event, (...args) => resolve(args)));

async function connected(nsp, opts) {
  const socket = client(nsp, opts);
  await next(socket, "connect");
  return socket;
}

// Collects an event's first arguments until there are `count`.
function collect(socket, event, count) {
  return new Promise((resolve) => {
    const got = [];
    socket.on(event, (value) => {
      if (got.push(value) === count) resolve(got);
    });
  });
}

function defer() {
  let resolve;
  const promise = new Promise((it) => { resolve = it; });
  return { promise, resolve };
}

const bytes = (buffer) => [...new Uint8Array(buffer)];

// A server by hand: each connection's messages go to script(peer).
async function scripted(script) {
  const server = new WebSocketServer({ port: 0 });
  await new Promise((resolve) => server.on("listening", resolve));
  server.on("connection", (ws, request) => {
    const listeners = [];
    const peer = {
      url: request.url,
      send: (...messages) => messages.forEach((it) => ws.send(it)),
      open: (pingInterval = 25000, pingTimeout = 20000) =>
        ws.send("0" + JSON.stringify({ sid: "engine", upgrades: [], pingInterval, pingTimeout, maxPayload: 1e6 })),
      on: (fn) => listeners.push(fn),
      close: () => ws.close(),
    };
    ws.on("message", (data, binary) => listeners.forEach((fn) => fn(binary ? data : data.toString())));
    script(peer);
  });
  return {
    url: `http://localhost:${server.address().port}`,
    stop: () => {
      server.clients.forEach((it) => it.terminate());
      server.close();
    },
  };
}

const checks = [];
const check = (name, run) => checks.push({ name, run });

// Shape

check("module exports io, connect and a default", () => {
  assert.equal(module.default, io);
  assert.equal(module.connect, io);
  assert.equal(io.io, io);
  assert.equal(io.connect, io);
});

check("classic script leaves io as its value", () => {
  assert.equal(typeof new Function(`${source}; return io`)(), "function");
});

check("at most 12000 bytes as served, the module too", () => {
  assert.ok(Buffer.byteLength(source + ESM_SUFFIX) <= 12000);
});

// Connecting

check("connect: id, connected, active, recovered false", async () => {
  const socket = client();
  assert.equal(socket.connected, false);
  assert.equal(socket.disconnected, true);
  assert.equal(socket.active, true);
  assert.equal(socket.id, undefined);
  await next(socket, "connect");
  assert.equal(typeof socket.id, "string");
  assert.equal(socket.connected, true);
  assert.equal(socket.disconnected, false);
  assert.equal(socket.recovered, false);
  assert.equal(socket.nsp, "/");
});

check("autoConnect false waits for connect()", async () => {
  const socket = client("/", { autoConnect: false });
  assert.equal(socket.active, false);
  assert.equal(socket.open(), socket);
  await next(socket, "connect");
});

check("namespaces of one host share a connection", async () => {
  const root = io(url, { ...QUICK });
  const admin = io(`${url}/admin`, { auth: { token: "secret" } });
  opened.add(root).add(admin);
  assert.equal(root.io, admin.io);
  await Promise.all([next(root, "connect"), next(admin, "connect")]);
  assert.notEqual(root.id, admin.id);
  assert.equal(await admin.emitWithAck("echo", 1), 1);
  root.disconnect();
  assert.equal(await admin.emitWithAck("echo", 2), 2);
  root.connect();
  await next(root, "connect");
  assert.equal(await root.emitWithAck("echo", 3), 3);
});

check("the same namespace twice is two sockets", async () => {
  const [a, b] = [io(url), io(url)];
  opened.add(a).add(b);
  await Promise.all([a, b].map((it) => it.connected || next(it, "connect")));
  assert.notEqual(a.io, b.io);
  assert.notEqual(a.id, b.id);
});

check("unknown namespace: connect_error, the connection lives", async () => {
  const shared = { ...QUICK, path: "/socket.io" }; // shared by these two alone
  const [root, socket] = [io(url, shared), io(`${url}/no-such-namespace`, shared)];
  opened.add(root).add(socket);
  assert.equal(root.io, socket.io);
  root.on("disconnect", () => assert.fail("lost the connection"));
  const [error] = await next(socket, "connect_error");
  assert.equal(error.message, "Invalid namespace");
  assert.equal(socket.active, false);
  assert.equal(await root.emitWithAck("echo", "on"), "on");
});

check("refusal has message and data; another auth is let in", async () => {
  const socket = client("/admin", { auth: { token: "guess" } });
  const [error] = await next(socket, "connect_error");
  assert.ok(error instanceof Error);
  assert.equal(error.message, "not allowed");
  assert.deepEqual(error.data, { code: 7 });
  assert.equal(socket.active, false);
  socket.auth.token = "secret";
  socket.connect();
  await next(socket, "connect");
});

check("auth as a function, also a late one", async () => {
  await connected("/admin", { auth: (cb) => setImmediate(cb, { token: "secret" }) });
});

check("no server: connect_error, reconnect events, reconnect_failed", async () => {
  const free = createServer().listen(0);
  const { port } = free.address();
  await new Promise((resolve) => free.close(resolve));
  const socket = io(`http://localhost:${port}`, { ...QUICK, reconnectionAttempts: 2 });
  opened.add(socket);
  const seen = [];
  socket.on("connect_error", (error) => seen.push(error.message));
  for (const event of ["error", "reconnect_error"]) socket.io.on(event, () => seen.push(event));
  socket.io.on("reconnect_attempt", (n) => seen.push(n));
  await next(socket.io, "reconnect_failed");
  const failure = ["websocket error", "error"];
  assert.deepEqual(seen, [...failure, 1, ...failure, "reconnect_error", 2, ...failure, "reconnect_error"]);
});

check("a silent server: connect_error timeout", async () => {
  const server = await scripted(() => {});
  const socket = io(server.url, { timeout: 50, reconnection: false });
  opened.add(socket);
  const [error] = await next(socket, "connect_error");
  assert.equal(error.message, "timeout");
  server.stop();
});

check("query and path reach the server", async () => {
  const { promise, resolve } = defer();
  const server = await scripted((peer) => resolve(peer.url));
  opened.add(io(server.url, { path: "/deep/", query: { a: "b c" }, reconnection: false }));
  const at = new URL(await promise, "http://localhost");
  server.stop();
  assert.equal(at.pathname, "/deep/");
  assert.deepEqual(Object.fromEntries(at.searchParams), { EIO: "4", transport: "websocket", a: "b c" });
});

// Events

check("events both ways, all kinds of JSON", async () => {
  const socket = await connected();
  const args = [1, "two", null, true, [3, { four: "fünf 😀" }], {}];
  socket.emit("echo", ...args);
  assert.deepEqual((await next(socket, "echo")).slice(0, args.length), args);
});

check("send() is the event message; emit returns the socket", async () => {
  const server = await scripted((peer) => {
    peer.open();
    peer.on((text) => text === "40" ? peer.send('40{"sid":"s"}') : peer.send(text));
  });
  const socket = io(server.url);
  opened.add(socket);
  assert.equal(socket.send("hello"), socket);
  assert.deepEqual(await next(socket, "message"), ["hello"]);
  server.stop();
});

check("emits before connect are buffered in order, volatile ones dropped", async () => {
  const socket = client();
  const three = collect(socket, "echo", 3);
  socket.emit("echo", 1);
  socket.volatile.emit("echo", "dropped");
  socket.emit("echo", 2).emit("echo", 3);
  assert.deepEqual(await three, [1, 2, 3]);
});

check("volatile arrives on a quiet connection", async () => {
  const socket = await connected();
  socket.volatile.emit("echo", "v");
  assert.equal((await next(socket, "echo"))[0], "v");
});

check("1000 events keep their order", async () => {
  const socket = await connected();
  const all = collect(socket, "echo", 1000);
  for (let i = 0; i < 1000; i++) socket.emit("echo", i);
  assert.deepEqual(await all, Array.from({ length: 1000 }, (_, i) => i));
});

check("rooms: the others get it", async () => {
  const [a, b] = [await connected(), await connected()];
  await Promise.all([a.emitWithAck("join", "r"), b.emitWithAck("join", "r")]);
  const heard = [];
  a.on("room", () => heard.push("a"));
  a.emit("room", "r", "hi", { n: 1 });
  assert.deepEqual((await next(b, "room")).slice(0, 2), ["hi", { n: 1 }]);
  await a.emitWithAck("echo");
  assert.deepEqual(heard, []);
});

check("on, once, off, onAny, offAny", async () => {
  const socket = await connected();
  const seen = [];
  const on = (value) => seen.push(`on ${value}`);
  const any = (event, value) => seen.push(`any ${event} ${value}`);
  socket.on("echo", on).once("echo", (value) => seen.push(`once ${value}`)).onAny(any);
  socket.emit("echo", 1).emit("echo", 2);
  await socket.emitWithAck("echo");
  socket.off("echo", on).offAny(any);
  socket.emit("echo", 3);
  await socket.emitWithAck("echo");
  assert.deepEqual(seen, ["any echo 1", "on 1", "once 1", "any echo 2", "on 2"]);
  socket.on("echo", on).off();
  socket.emit("echo", 4);
  await socket.emitWithAck("echo");
  assert.equal(seen.length, 5);
});

check("reserved names can't be sent", async () => {
  const socket = client();
  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    assert.throws(() => socket.emit(name), /reserved event name/);
  }
});

check("a listener that throws harms neither the others nor the connection", async () => {
  const socket = await connected();
  const report = new Promise((resolve) => process.once("uncaughtException", resolve));
  socket.on("echo", () => { throw new Error("the page's own"); });
  const second = next(socket, "echo");
  socket.emit("echo", 1);
  await second;
  assert.equal((await report).message, "the page's own");
  assert.equal(await socket.emitWithAck("echo", 2), 2);
});

// Acks

check("acks: callback, many values", async () => {
  const socket = await connected();
  const answer = await new Promise((resolve) => socket.emit("echo", 1, "b", (...args) => resolve(args)));
  assert.deepEqual(answer, [1, "b"]);
});

check("the server asks, the client acks", async () => {
  const socket = await connected();
  socket.on("question", (what, ack) => ack(`${what}?`, 42));
  socket.emit("ask");
  assert.deepEqual((await next(socket, "answered")).slice(0, 2), ["life?", 42]);
});

check("timeout(ms): in time (null, value), else an Error", async () => {
  const socket = await connected();
  const answer = await new Promise((resolve) => socket.timeout(5000).emit("echo", 7, (...args) => resolve(args)));
  assert.deepEqual(answer, [null, 7]);
  assert.equal(await socket.timeout(5000).emitWithAck("echo", 8), 8);
  const late = await new Promise((resolve) => socket.timeout(20).emit("nobody", resolve));
  assert.equal(late.message, "operation has timed out");
  await assert.rejects(socket.timeout(20).emitWithAck("nobody"), /operation has timed out/);
});

check("a buffered packet that timed out is not sent", async () => {
  const socket = client("/", { autoConnect: false });
  const seen = [];
  socket.on("echo", (value) => seen.push(value));
  await assert.rejects(socket.timeout(1).emitWithAck("echo", "too late"), /timed out/);
  socket.connect();
  await next(socket, "connect");
  assert.equal(await socket.emitWithAck("echo", "now"), "now");
  assert.deepEqual(seen, []);
});

check("ackTimeout applies to every ack", async () => {
  const socket = await connected("/", { ackTimeout: 20 });
  const [error] = await new Promise((resolve) => socket.emit("nobody", (...args) => resolve(args)));
  assert.equal(error.message, "operation has timed out");
});

check("a lost connection rejects waiting acks", async () => {
  const socket = await connected();
  const lost = socket.emitWithAck("nobody");
  socket.emit("drop");
  await assert.rejects(lost, /socket has been disconnected/);
});

// Binary

check("binary both ways: ArrayBuffer, typed arrays, views, Buffer", async () => {
  const socket = await connected();
  const whole = Uint8Array.from({ length: 256 }, (_, i) => i);
  const sent = [whole.buffer, whole.subarray(3, 6), new DataView(whole.buffer, 1, 2), Buffer.from("hé")];
  socket.emit("echo", "first", { deep: [sent[0], { er: sent[1] }] }, sent[2], sent[3], "last");
  const [first, { deep }, view, buffer, last] = await next(socket, "echo");
  assert.equal(first, "first");
  assert.equal(last, "last");
  for (const it of [deep[0], deep[1].er, view, buffer]) assert.ok(it instanceof ArrayBuffer);
  assert.deepEqual(bytes(deep[0]), bytes(whole));
  assert.deepEqual(bytes(deep[1].er), [3, 4, 5]);
  assert.deepEqual(bytes(view), [1, 2]);
  assert.deepEqual(bytes(buffer), [...Buffer.from("hé")]);
});

check("binary in acks both ways, and in a Blob", async () => {
  const socket = await connected();
  assert.deepEqual(bytes(await socket.emitWithAck("echo", new Blob(["ab"]))), [97, 98]);
  socket.on("question", (what, ack) => ack(new Uint8Array([9, 8])));
  socket.emit("ask");
  assert.deepEqual(bytes((await next(socket, "answered"))[0]), [9, 8]);
});

check("300 kB of binary", async () => {
  const socket = await connected();
  const back = await socket.emitWithAck("echo", new Uint8Array(300_000).fill(7));
  assert.equal(back.byteLength, 300_000);
});

check("text and binary keep their order", async () => {
  const socket = await connected();
  const all = collect(socket, "echo", 40);
  for (let i = 0; i < 40; i++) socket.emit("echo", i, ...(i % 2 ? [new Uint8Array([i])] : []));
  assert.deepEqual(await all, Array.from({ length: 40 }, (_, i) => i));
});

// Leaving and coming back

check("disconnect(): io client disconnect, and connect() again", async () => {
  const socket = await connected();
  const old = socket.id;
  const gone = next(socket, "disconnect");
  assert.equal(socket.disconnect(), socket);
  assert.equal((await gone)[0], "io client disconnect");
  assert.equal(socket.active, false);
  assert.equal(socket.id, undefined);
  socket.connect();
  await next(socket, "connect");
  assert.notEqual(socket.id, old);
  assert.equal(await socket.emitWithAck("echo", 1), 1);
});

check("kick: io server disconnect, no return by itself", async () => {
  const socket = await connected();
  socket.emit("kick");
  assert.equal((await next(socket, "disconnect"))[0], "io server disconnect");
  assert.equal(socket.active, false);
  socket.connect();
  await next(socket, "connect");
});

check("connect() from the disconnect listener", async () => {
  const socket = await connected();
  socket.on("disconnect", () => socket.connect());
  socket.emit("kick");
  await next(socket, "connect");
  assert.equal(await socket.emitWithAck("echo", 1), 1);
});

check("disconnect() and connect() in one breath", async () => {
  const socket = client();
  socket.disconnect().connect();
  await next(socket, "connect");
  socket.disconnect().connect();
  await next(socket, "connect");
  assert.equal(await socket.emitWithAck("echo", 1), 1);
});

check("drop: transport close, comes back, sends what waited", async () => {
  const socket = await connected();
  const seen = [];
  for (const event of ["close", "reconnect_attempt", "open", "reconnect"]) {
    socket.io.on(event, (value) => seen.push([event, value]));
  }
  socket.emit("drop");
  assert.equal((await next(socket, "disconnect"))[0], "transport close");
  assert.equal(socket.active, true);
  const echo = next(socket, "echo");
  socket.emit("echo", "waited");
  assert.equal((await echo)[0], "waited");
  assert.deepEqual(seen, [["close", "transport close"], ["reconnect_attempt", 1], ["open", undefined], ["reconnect", 1]]);
});

check("reconnection false stays away", async () => {
  const socket = await connected("/", { reconnection: false });
  socket.io.on("reconnect_attempt", () => assert.fail("came back"));
  socket.emit("drop");
  await next(socket, "disconnect");
  socket.connect();
  await next(socket, "connect");
});

check("recovery, if the server offers it", async () => {
  const [socket, other] = [await connected(), await connected()];
  await socket.emitWithAck("join", "kept");
  const { id } = socket;
  const offered = await new Promise((resolve) => {
    socket.once("echo", (...args) => resolve(args.length > 1)); // an offset came too
    socket.emit("echo", "mark");
  });
  const seen = [];
  socket.on("room", (value) => seen.push(value));
  socket.on("connect", () => seen.push("connect"));
  socket.emit("drop");
  await next(socket, "disconnect");
  other.emit("room", "kept", "missed");
  await other.emitWithAck("echo");
  await next(socket, "connect");
  assert.equal(socket.recovered, offered);
  assert.equal(socket.id === id, offered);
  assert.deepEqual(seen, offered ? ["missed", "connect"] : ["connect"]);
});

check("retries: in order, each once acked", async () => {
  const socket = client("/", { retries: 3, ackTimeout: 5000 });
  const answers = [];
  for (let i = 0; i < 5; i++) socket.emit("echo", i, (error, value) => answers.push([error, value]));
  assert.equal(await socket.emitWithAck("echo", "end"), "end");
  assert.deepEqual(answers, [0, 1, 2, 3, 4].map((i) => [null, i]));
});

check("retries: sent again after each loss, then given up, then the next", async () => {
  const socket = await connected("/", { retries: 2, ackTimeout: 5000 });
  let losses = 0;
  socket.on("disconnect", () => losses++);
  const failed = new Promise((resolve) => socket.emit("drop", resolve));
  const after = socket.emitWithAck("echo", "after");
  assert.equal((await failed).message, "socket has been disconnected");
  assert.equal(losses, 3);
  assert.equal(await after, "after");
});

check("retries: sent again when the ack is late, without a callback too", async () => {
  const seen = [];
  const server = await scripted((peer) => {
    peer.open();
    peer.on((text) => {
      if (text === "40") return peer.send('40{"sid":"s"}');
      seen.push(text);
      if (seen.length === 3) peer.send("432[]");
      if (seen.length === 4) peer.send('433["ok"]');
    });
  });
  const socket = io(server.url, { retries: 5, ackTimeout: 20 });
  opened.add(socket);
  socket.emit("store", "a");
  assert.equal(await socket.emitWithAck("store", "b"), "ok");
  assert.deepEqual(seen, ['420["store","a"]', '421["store","a"]', '422["store","a"]', '423["store","b"]']);
  server.stop();
});

// The wire, against a server by hand

check("heartbeat: pong for ping; silence is a ping timeout", async () => {
  const heard = [];
  const server = await scripted((peer) => {
    peer.open(30, 30);
    peer.on((text) => {
      heard.push(text);
      if (text === "40") peer.send('40{"sid":"s"}', "2");
    });
  });
  const socket = io(server.url, { reconnection: false });
  opened.add(socket);
  const pinged = next(socket.io, "ping");
  assert.equal((await next(socket, "disconnect"))[0], "ping timeout");
  await pinged;
  assert.deepEqual(heard, ["40", "3"]);
  server.stop();
});

check("recovery: pid and offset are sent, events before CONNECT wait", async () => {
  let visits = 0;
  const connects = [];
  const server = await scripted((peer) => {
    peer.open();
    peer.on((text) => {
      connects.push(text);
      if (++visits === 1) {
        peer.send('40{"sid":"s1","pid":"p1"}', '42["a",1,"o1"]', '42["b","o2"]', '42["nothing"]');
        peer.close();
      } else {
        peer.send('42["missed","o3"]', '40{"sid":"s1","pid":"p1"}');
      }
    });
  });
  const socket = io(server.url, { ...QUICK, auth: { token: "t" } });
  opened.add(socket);
  const seen = [];
  socket.onAny((event) => seen.push(`${event} ${socket.connected} ${socket.recovered}`));
  await next(socket, "disconnect");
  await next(socket, "connect");
  assert.deepEqual(connects, ['40{"token":"t"}', '40{"pid":"p1","offset":"o2","token":"t"}']);
  assert.equal(seen.at(-1), "missed true true");
  assert.equal(socket.id, "s1");
  server.stop();
});

for (const [name, bad] of [
  ["an unknown type", ["49[]"]],
  ["broken JSON", ["42[oops"]],
  ["a stray attachment", [Buffer.from([1])]],
  ["text in place of an attachment", ['451-["a",{"_placeholder":true,"num":0}]', '42["b"]']],
  ["an event that is no array", ["42"]],
]) {
  check(`${name} ends the connection: parse error`, async () => {
    const server = await scripted((peer) => {
      peer.open();
      peer.on(() => peer.send('40{"sid":"s"}', ...bad));
    });
    const socket = io(server.url, { reconnection: false });
    opened.add(socket);
    assert.equal((await next(socket, "disconnect"))[0], "parse error");
    server.stop();
  });
}

check("packets of other namespaces and unknown acks are ignored", async () => {
  const server = await scripted((peer) => {
    peer.open();
    peer.on(() => peer.send('40{"sid":"s"}', '42/other,["x"]', "4399[1]", '42["fine"]'));
  });
  const socket = io(server.url);
  opened.add(socket);
  await next(socket, "fine");
  server.stop();
});

// Run them, one after the other.

let failures = 0;
for (const { name, run } of checks) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took too long")), PATIENCE);
  });
  try {
    await Promise.race([run(), late]);
    console.log(`ok      ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
  clearTimeout(timer);
  opened.forEach((socket) => socket.off().disconnect());
  opened.clear();
}
console.log(`${checks.length - failures} of ${checks.length} checks passed`);
process.exit(failures ? 1 : 0);
