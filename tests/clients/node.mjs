// The official client (npm socket.io-client) against a server program.
//
//   node node.mjs PROGRAM [--reference] [--only TEXT]
//
// Every check runs in three modes: WebSocket only, polling only, and the
// client's default, which polls first and upgrades. `--reference` leaves out
// what the reference server does not promise. README.md has the application
// that the program must serve. What must not arrive is proven by something
// later that did (a "fence").

import assert from "node:assert/strict";
import { PATIENCE, Relay, commandLine, turn, within } from "./harness.mjs";
import {
  BURST,
  PERSISTENT,
  bytes,
  client,
  clients,
  collect,
  firsts,
  join,
  log,
  lose,
  logAny,
  manager,
  mode,
  next,
  numbers,
  ordered,
  refusal,
  runInModes,
  server,
  start,
  upgrade,
} from "./people.mjs";

const { program: path, reference, only } = commandLine();
const NEARLY_ALL = 999_900; // bytes; the packet around it stays below 1,000,000
const QUICK = ["--ping-interval", "300", "--ping-timeout", "300"];

// Connecting

const checks = {
  async "a client connects and has an id of 20 characters"() {
    const ada = await client();
    assert.match(ada.id, /^[\w-]{20}$/);
    assert.ok(!ada.recovered);
    assert.equal(ada.io.engine.transport.name, mode === "polling" ? "polling" : "websocket");
  },

  async "every client has ids of its own, and none is the id of the session"() {
    const clients = await Promise.all([client(), client(), client()]);
    const ids = clients.flatMap((each) => [each.id, each.io.engine.id]);
    assert.equal(new Set(ids).size, 6);
  },

  // Events and acks

  async "events arrive in order, with every kind of value"() {
    const ada = await client();
    const values = [[], [null], [true, 1.5, -7, "é€😀\u001e\u2028"], [{ a: [{ b: {} }] }, []], [""]];
    const echoes = collect(ada, "echo", values.length);
    for (const value of values) ada.emit("echo", ...value);
    assert.deepEqual(await echoes, values);
  },

  async "the server answers with an ack"() {
    const ada = await client();
    assert.equal(await ada.emitWithAck("echo", "one"), "one");
    assert.deepEqual(await ada.emitWithAck("echo", { two: [2] }), { two: [2] });
    assert.equal(await ada.emitWithAck("echo"), undefined);
  },

  async "acks find their events, however many are under way"() {
    const ada = await client();
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    assert.deepEqual(await Promise.all(numbers.map((i) => ada.emitWithAck("echo", i))), numbers);
  },

  async "an ack that never comes ends in the client's timeout"() {
    const ada = await client();
    await assert.rejects(ada.timeout(50).emitWithAck("nobody listens"), /timed out/);
    assert.equal(await ada.timeout(PATIENCE).emitWithAck("echo", "after"), "after");
  },

  async "the client answers the server's question"() {
    const ada = await client();
    ada.on("question", (a, b, answer) => answer(b, a));
    const answered = next(ada, "answered");
    ada.emit("ask", 1, { two: 2 });
    assert.deepEqual(await answered, [{ two: 2 }, 1]);
  },

  // Binary

  async "binary comes back in events, nested as it was"() {
    const ada = await client();
    const sent = [bytes(3), { deep: [bytes(0), { deeper: bytes(300) }], text: "x" }, "end"];
    const echo = next(ada, "echo");
    ada.emit("echo", ...sent);
    assert.deepEqual(await echo, sent);
  },

  async "binary travels in acks of both sides"() {
    const ada = await client();
    const sent = { list: [bytes(1), bytes(70_000)] };
    assert.deepEqual(await ada.emitWithAck("echo", sent), sent);
    ada.on("question", (value, answer) => answer({ value }, bytes(5)));
    const answered = next(ada, "answered");
    ada.emit("ask", bytes(9));
    assert.deepEqual(await answered, [{ value: bytes(9) }, bytes(5)]);
  },

  async "binary and text keep their order"() {
    const ada = await client();
    const sent = Array.from({ length: 200 }, (_, i) => [i, i % 2 ? bytes(i) : `text ${i}`]);
    const echoes = collect(ada, "echo", sent.length);
    for (const args of sent) ada.emit("echo", ...args);
    assert.deepEqual(await echoes, sent);
  },

  async "binary reaches a whole room"() {
    const [ada, bob, cas] = await clients(3);
    const name = await room(ada, bob, cas);
    const heard = Promise.all([bob, cas].map((each) => next(each, "room")));
    ada.emit("room", name, bytes(10), { more: bytes(20) });
    const expected = [bytes(10), { more: bytes(20) }];
    assert.deepEqual(await heard, [expected, expected]);
  },

  // Namespaces

  async "two namespaces share one connection and keep their events apart"() {
    const ada = await client();
    const there = await join(ada.io, "/chat2");
    assert.notEqual(there.id, ada.id);
    const heard = log(ada, "all");
    const echo = next(there, "all");
    there.emit("all", "for chat2");
    assert.deepEqual(await echo, ["for chat2"]);
    assert.equal(await ada.emitWithAck("echo", "fence"), "fence");
    assert.deepEqual(heard, []);
  },

  async "leaving one namespace leaves the other, and one can come back"() {
    const ada = await client();
    const there = await join(ada.io, "/chat2");
    const former = there.id;
    there.disconnect();
    assert.equal(await server.gone(former), "client namespace disconnect");
    assert.equal(await ada.emitWithAck("echo", "still here"), "still here");
    there.connect();
    await next(there, "connect");
    assert.notEqual(there.id, former);
    assert.equal(await there.emitWithAck("echo", "back"), "back");
  },

  async "an unknown namespace is refused, and nothing else is harmed"() {
    const ada = await client();
    const refused = await refusal(ada.io.socket("/nowhere"));
    assert.equal(refused.message, "Invalid namespace");
    assert.equal(refused.data, undefined);
    assert.equal(await ada.emitWithAck("echo", "here"), "here");
  },

  async "a refused client learns why, and may try again on the same connection"() {
    const ada = await client();
    const session = ada.io.engine.id;
    const admin = ada.io.socket("/admin", { auth: { token: "wrong" } });
    const refused = await refusal(admin);
    assert.equal(refused.message, "not allowed");
    assert.deepEqual(refused.data, { code: 7 });
    admin.auth = { token: "secret" };
    admin.connect();
    await next(admin, "connect");
    assert.equal(await admin.emitWithAck("echo", "inside"), "inside");
    assert.equal(ada.io.engine.id, session);
  },

  // Rooms and broadcasts

  async "a room's event reaches its members except the sender"() {
    const [ada, bob, cas, dan] = await clients(4);
    const name = await room(ada, bob, cas);
    const silent = [ada, dan].map((each) => log(each, "room"));
    const heard = Promise.all([bob, cas].map((each) => next(each, "room")));
    ada.emit("room", name, "hello", 2);
    assert.deepEqual(await heard, [
      ["hello", 2],
      ["hello", 2],
    ]);
    await Promise.all([ada, dan].map((each) => each.emitWithAck("echo", "fence")));
    assert.deepEqual(silent, [[], []]);
  },

  async "who left a room hears nothing from it any more"() {
    const [ada, bob, cas] = await clients(3);
    const name = await room(bob, cas);
    await bob.emitWithAck("leave", name);
    const silent = log(bob, "room");
    const heard = next(cas, "room");
    ada.emit("room", name, "hello");
    assert.deepEqual(await heard, ["hello"]);
    await bob.emitWithAck("echo", "fence");
    assert.deepEqual(silent, []);
  },

  async "a room of the same name in another namespace is another room"() {
    const [ada, bob] = await clients(2);
    const name = await room(ada, bob);
    const there = await join(ada.io, "/chat2");
    const silent = log(bob, "room");
    there.emit("room", name, "from chat2");
    await there.emitWithAck("echo", "fence");
    await bob.emitWithAck("echo", "fence");
    assert.deepEqual(silent, []);
  },

  async "the room named by an id is a private line"() {
    const [ada, bob, cas] = await clients(3);
    const silent = log(cas, "room");
    const heard = next(bob, "room");
    ada.emit("room", bob.id, "psst");
    assert.deepEqual(await heard, ["psst"]);
    await cas.emitWithAck("echo", "fence");
    assert.deepEqual(silent, []);
  },

  async "a room that nobody is in reaches nobody"() {
    const [ada, bob] = await clients(2);
    const silent = log(bob, "room");
    ada.emit("room", "an empty one", "anybody?");
    await ada.emitWithAck("echo", "fence");
    await bob.emitWithAck("echo", "fence");
    assert.deepEqual(silent, []);
  },

  async "an event to all reaches everybody, the sender included"() {
    const everybody = await clients(3);
    const heard = Promise.all(everybody.map((each) => next(each, "all")));
    everybody[0].emit("all", "hello", [1]);
    assert.deepEqual(await heard, Array(3).fill(["hello", [1]]));
  },

  async "a poll gathers one answer from each member of the room"() {
    const [ada, bob, cas] = await clients(3);
    const name = await room(bob, cas);
    bob.on("question", (question, answer) => answer(`bob: ${question}`));
    cas.on("question", (question, answer) => answer(`cas: ${question}`));
    const answers = await ada.emitWithAck("poll", name, "why?");
    assert.deepEqual(answers.sort(), ["bob: why?", "cas: why?"]);
  },

  async "a poll gives the answers that came in time"() {
    const [ada, bob, cas] = await clients(3);
    const name = await room(bob, cas);
    bob.on("question", (_, answer) => answer("in time"));
    assert.deepEqual(await ada.emitWithAck("poll", name, "why?"), ["in time"]);
  },

  async "a poll of an empty room gives no answers"() {
    const ada = await client();
    assert.deepEqual(await ada.emitWithAck("poll", "an empty one", "why?"), []);
  },

  // Weight

  async "a text of nearly 1 MB travels both ways"() {
    const ada = await client();
    const text = "é€😀x".repeat(NEARLY_ALL / 10);
    assert.ok((await ada.emitWithAck("echo", text)) === text, "it came back otherwise");
  },

  async "binary of nearly 1 MB travels both ways"() {
    const ada = await client();
    const blob = bytes(mode === "polling" ? 740_000 : NEARLY_ALL); // base64 adds a third
    assert.ok(blob.equals(await ada.emitWithAck("echo", blob)), "it came back otherwise");
  },

  async "1,000 events of the server at once arrive in order"() {
    const ada = await client();
    const ticks = collect(ada, "tick", BURST);
    ada.emit("burst", BURST);
    assert.deepEqual(await ticks, ordered(BURST));
  },

  async "1,000 events of the client at once arrive in order"() {
    const ada = await client();
    const echoes = collect(ada, "echo", BURST);
    for (let i = 0; i < BURST; i++) ada.emit("echo", i);
    assert.deepEqual(await echoes, ordered(BURST));
  },

  async "1,000 events of a neighbour at once arrive in order, in every namespace"() {
    const [ada, bob] = await clients(2);
    const name = await room(bob);
    const there = await join(bob.io, "/chat2");
    const heard = collect(bob, "room", BURST);
    const ticks = collect(there, "tick", BURST);
    there.emit("burst", BURST);
    for (let i = 0; i < BURST; i++) ada.emit("room", name, i);
    assert.deepEqual(await heard, ordered(BURST));
    assert.deepEqual(await ticks, ordered(BURST));
  },

  async "events right behind the connect arrive in order"() {
    for (let round = 0; round < 5; round++) {
      const ada = manager().socket("/");
      const [echoes, ticks] = [collect(ada, "echo", BURST), collect(ada, "tick", BURST)];
      ada.emit("burst", BURST); // the client keeps these until it is connected
      for (let i = 0; i < BURST; i++) ada.emit("echo", i);
      assert.deepEqual(await echoes, ordered(BURST));
      assert.deepEqual(await ticks, ordered(BURST));
      ada.disconnect();
    }
  },

  async "volatile events break nothing, and normal ones keep their order around them"() {
    const ada = await client();
    const echoes = log(ada, "echo");
    for (let i = 0; i < 100; i++) {
      ada.volatile.emit("echo", "volatile", bytes(2));
      ada.emit("echo", i);
    }
    await ada.emitWithAck("echo", "fence");
    assert.deepEqual(
      echoes.filter(([kind]) => kind !== "volatile"),
      ordered(100),
    );
  },

  // Endings

  async "kick: the server ends one namespace, and the client stays away"() {
    const ada = await client();
    const there = await join(ada.io, "/chat2");
    const { id } = there;
    const ended = next(there, "disconnect");
    there.emit("kick");
    assert.equal((await ended)[0], "io server disconnect");
    assert.equal(await server.gone(id), "server namespace disconnect");
    assert.equal(there.active, false);
    assert.equal(await ada.emitWithAck("echo", "still here"), "still here");
  },

  async "a kicked client may come back on the same connection"() {
    const ada = await client();
    const there = await join(ada.io, "/chat2");
    there.emit("kick");
    await next(there, "disconnect");
    there.connect();
    await next(there, "connect");
    assert.equal(await there.emitWithAck("echo", "back"), "back");
  },

  async "kickall: the server ends every namespace of the connection"() {
    const ada = await client();
    const there = await join(ada.io, "/chat2");
    const ids = [ada.id, there.id];
    const ended = Promise.all([ada, there].map((each) => next(each, "disconnect")));
    ada.emit("kickall");
    assert.deepEqual(
      (await ended).map(([reason]) => reason),
      Array(2).fill("io server disconnect"),
    );
    const reasons = await Promise.all(ids.map((id) => server.gone(id)));
    assert.deepEqual(reasons, Array(2).fill("server namespace disconnect"));
  },

  async "drop: the server closes the transport"() {
    const ada = await client();
    const { id } = ada;
    const ended = next(ada, "disconnect");
    ada.emit("drop");
    assert.equal((await ended)[0], "transport close");
    assert.equal(await server.gone(id), "forced close");
  },

  async "the client says goodbye"() {
    const ada = await client();
    const { id } = ada;
    const ended = next(ada, "disconnect");
    ada.disconnect();
    assert.equal((await ended)[0], "io client disconnect");
    assert.equal(await server.gone(id), "client namespace disconnect");
  },

  async "the connection is cut"() {
    const relay = await Relay.to(server.port);
    const ada = await client({ address: relay.address });
    const { id } = ada;
    const ended = next(ada, "disconnect");
    await ada.emitWithAck("echo", "the upgrade is over");
    if (mode === "polling") await relay.held();
    relay.cut();
    const reason = mode === "polling" ? "transport error" : "transport close";
    assert.equal((await ended)[0], reason);
    assert.equal(await server.gone(id), reason);
  },

  async "the line goes silent: both sides see a ping timeout"() {
    const quick = await start(...QUICK);
    const relay = await Relay.to(quick.port);
    const ada = await client({ address: relay.address });
    const { id } = ada;
    const ended = next(ada, "disconnect");
    relay.freeze();
    assert.equal((await ended)[0], "ping timeout");
    assert.equal(await quick.gone(id), "ping timeout");
  },

  async "heartbeats keep a quiet connection alive"() {
    const quick = await start("--ping-interval", "150", "--ping-timeout", "5000");
    const ada = await client({ address: quick.address });
    const { id } = ada;
    for (let pings = 0; pings < 5; pings++) await next(ada.io, "ping");
    assert.equal(ada.id, id);
    assert.equal(await ada.emitWithAck("echo", "alive"), "alive");
  },

  // Coming back

  async "the client comes back when the server has restarted on the same port"() {
    const first = await start();
    const ada = await client({ address: first.address, ...PERSISTENT });
    const former = ada.id;
    const ended = next(ada, "disconnect");
    await first.kill();
    await ended;
    const echo = next(ada, "echo");
    ada.emit("echo", "written while away");
    await start("--port", String(first.port));
    await next(ada, "connect");
    assert.notEqual(ada.id, former);
    assert.ok(!ada.recovered);
    assert.deepEqual(await echo, ["written while away"]);
    assert.equal(await ada.emitWithAck("echo", "again"), "again");
  },

  async "without recovery a dropped client comes back as a new one"() {
    const ada = await client(PERSISTENT);
    const former = ada.id;
    ada.emit("drop");
    await next(ada, "disconnect");
    await next(ada, "connect");
    assert.ok(!ada.recovered);
    assert.notEqual(ada.id, former);
  },

  async "recovery: a dropped client gets what it missed, once and in order"() {
    const { ada, bob, name } = await recoverable();
    const former = ada.id;
    await ada.emitWithAck("echo", "an ack has no offset");
    ada.emit("echo", "something with an offset");
    await next(ada, "echo");
    await missWhileAway(ada, bob, name);
    const heard = collect(ada, "room", 101);
    ada.connect();
    await next(ada, "connect");
    assert.equal(ada.recovered, true);
    assert.equal(ada.id, former);
    bob.emit("room", name, 100);
    assert.deepEqual(firsts(await heard), numbers(101));
  },

  async "recovery: rooms are kept, and what was for others stays with them"() {
    const { ada, bob, name } = await recoverable();
    ada.emit("echo", "something with an offset");
    await next(ada, "echo");
    ada.emit("drop");
    await next(ada, "disconnect");
    bob.emit("room", "another room", "not for ada");
    bob.emit("all", "for everybody");
    bob.emit("room", name, "for the room");
    await bob.emitWithAck("echo", "fence");
    const heard = logAny(ada);
    ada.connect();
    await next(ada, "connect");
    await ada.emitWithAck("echo", "fence");
    assert.deepEqual(heard, [
      ["all", "for everybody"],
      ["room", "for the room"],
    ]);
  },

  async "recovery: nothing is lost or doubled when the line is cut in full flow"() {
    const { ada, bob, name, relay } = await recoverable(PERSISTENT);
    ada.emit("echo", "something with an offset");
    await next(ada, "echo");
    const former = ada.id;
    const heard = collect(ada, "room", 400);
    for (let i = 0; i < 400; i++) {
      bob.emit("room", name, i);
      if (i % 150 === 149 && !ada.connected) await next(ada, "connect");
      if (i % 150 === 149) await lose(relay, ada);
      if (i % 5 === 0) await bob.emitWithAck("echo", "paced");
    }
    assert.deepEqual(firsts(await heard), numbers(400));
    assert.equal(ada.id, former);
    assert.equal(ada.recovered, true);
  },

  async "recovery: a client that was kicked comes back as a new one"() {
    const { ada } = await recoverable();
    ada.emit("echo", "something with an offset");
    await next(ada, "echo");
    const former = ada.id;
    ada.emit("kick");
    await next(ada, "disconnect");
    ada.connect();
    await next(ada, "connect");
    assert.ok(!ada.recovered);
    assert.notEqual(ada.id, former);
  },
};

/** What only the upgrading mode has. */
const upgradeChecks = {
  async "events under way during the upgrade arrive once and in order, both ways"() {
    const bob = await client();
    for (let round = 0; round < 10; round++) await talkThroughAnUpgrade(bob);
  },

  async "acks and binary under way during the upgrade find home"() {
    for (let round = 0; round < 10; round++) {
      const ada = manager().socket("/");
      await next(ada, "connect");
      const asked = [];
      const upgraded = upgrade(ada).then(() => true);
      while (!(await Promise.race([upgraded, turn()]))) {
        asked.push(ada.emitWithAck("echo", bytes(asked.length % 50)));
      }
      const answers = await within(Promise.all(asked), "all acks");
      assert.deepEqual(
        answers.map((answer) => answer.length),
        asked.map((_, i) => i % 50),
      );
      ada.disconnect();
    }
  },

  async "a client kicked during the upgrade hears of it"() {
    const ada = manager().socket("/");
    await next(ada, "connect");
    const ended = next(ada, "disconnect");
    ada.emit("kickall");
    assert.equal((await ended)[0], "io server disconnect");
  },
};

/** What the reference server does not promise. */
const improvements = {
  async "recovery: a client that brings no offset is recovered all the same"() {
    const { ada, bob, name } = await recoverable();
    const former = ada.id;
    await missWhileAway(ada, bob, name);
    const heard = collect(ada, "room", 100);
    ada.connect();
    await next(ada, "connect");
    assert.equal(ada.recovered, true);
    assert.equal(ada.id, former);
    assert.deepEqual(firsts(await heard), numbers(100));
  },

  async "packets for a namespace that was just left are ignored"() {
    const ada = await client();
    const there = await join(ada.io, "/chat2");
    const ended = next(there, "disconnect");
    there.emit("kick");
    for (let i = 0; i < 20; i++) there.emit("echo", i);
    await ended;
    assert.equal(await ada.emitWithAck("echo", "still here"), "still here");
  },

  async "a poll does not wait for a member that left"() {
    const patient = await start();
    const [ada, bob, cas] = await clients(3, { address: patient.address });
    const name = await room(bob, cas);
    bob.on("question", () => bob.disconnect());
    cas.on("question", (_, answer) => answer("here"));
    assert.deepEqual(await ada.emitWithAck("poll", name, "who?"), ["here"]);
  },
};

// Situations

/** Clients of one room: its name. */
async function room(...members) {
  const name = `room ${++rooms}`;
  await Promise.all(members.map((each) => each.emitWithAck("join", name)));
  return name;
}
let rooms = 0;

/** On a recovering server: ada in a room and behind a relay, bob beside it. */
async function recoverable(options) {
  const { port, address } = await start("--recovery");
  const relay = await Relay.to(port);
  const ada = await client({ address: relay.address, ...options });
  const bob = await client({ address });
  return { ada, bob, relay, name: await room(ada) };
}

/** Drops ada, and has bob send 0 to 99 to the room meanwhile. */
async function missWhileAway(ada, bob, name) {
  ada.emit("drop");
  await next(ada, "disconnect");
  for (let i = 0; i < 100; i++) bob.emit("room", name, i);
  await bob.emitWithAck("echo", "fence");
}

/** One connection that upgrades while both it and its neighbour bob talk. */
async function talkThroughAnUpgrade(bob) {
  const ada = manager().socket("/");
  await next(ada, "connect");
  const { id } = ada;
  const [echoes, heard] = [log(ada, "echo"), log(ada, "room")];
  let upgraded = false;
  upgrade(ada).then(() => (upgraded = true));
  let sent = 0;
  for (let more = 50; more > 0; more -= upgraded ? 1 : 0) {
    ada.emit("echo", sent);
    bob.emit("room", id, sent++);
    await (sent % 5 === 0 ? bob.emitWithAck("echo", "paced") : turn());
  }
  await bob.emitWithAck("echo", "fence");
  await ada.emitWithAck("echo", "fence");
  assert.deepEqual(echoes, ordered(sent));
  assert.deepEqual(heard, ordered(sent));
  ada.disconnect();
}

// Running

const all = { ...checks, ...(!reference && improvements) };
const skipped = reference ? Object.keys(improvements) : [];
await runInModes(path, { checks: all, upgrading: upgradeChecks, only, skipped });
