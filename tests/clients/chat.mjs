// The official client (npm socket.io-client) in the chat of the command.
//
//   node chat.mjs ROOMCAST [--only TEXT]
//
// Every check runs in three modes: WebSocket only, polling only, and the
// client's default, which polls first and upgrades. Beside the clients there
// is one of the plain door at /ws. What must not arrive is proven by something
// later that did (a "fence").

import assert from "node:assert/strict";
import { Relay, commandLine, turn, within } from "./harness.mjs";
import {
  BURST,
  PERSISTENT,
  client,
  clients,
  collect,
  firsts,
  join,
  log,
  logAny,
  lose,
  manager,
  mode,
  next,
  numbers,
  refusal,
  runInModes,
  server,
  start,
  upgrade,
} from "./people.mjs";
import { Line } from "./raw.mjs";

const { program: path, only } = commandLine();
const NEARLY_ALL = "é€😀x".repeat(99_990); // 999,900 bytes; its packet stays below 1,000,000
const TOO_MUCH = "x".repeat(1_000_000);
const EVENTS = ["chat message", "room message", "private message"];

const checks = {
  // Messages

  async "a message reaches all others, with its number and its sender"() {
    const [ada, bob, cas] = await clients(3);
    const own = log(ada, "chat message");
    const heard = Promise.all([bob, cas].map((each) => next(each, "chat message")));
    const { id } = await ada.emitWithAck("chat message", "héllo 😀");
    for (const [text, number, sender] of await heard) {
      assert.deepEqual([text, number, sender], ["héllo 😀", id, ada.id]);
    }
    await ada.emitWithAck("whoami");
    assert.deepEqual(own, []);
  },

  async "clients of the protocol and of the plain door share the chat"() {
    const [ada, bob] = await clients(2);
    const plain = await door();
    const first = next(bob, "chat message");
    const { id } = await ada.emitWithAck("chat message", "to the door");
    assert.deepEqual(await plain.read(), ["chat message", "to the door", id, ada.id]);
    await first;
    const heard = Promise.all([ada, bob].map((each) => next(each, "chat message")));
    await plain.send("chat message", "from the door");
    for (const [text, number, sender] of await heard) {
      assert.deepEqual([text, number, sender], ["from the door", id + 1, plain.id]);
    }
  },

  async "a message without an ack is said as well"() {
    const [ada, bob] = await clients(2);
    const heard = next(bob, "chat message");
    ada.emit("chat message", "no answer, please");
    assert.equal((await heard)[0], "no answer, please");
  },

  async "acks find their messages, however many are under way"() {
    const ada = await client();
    const answers = await Promise.all(
      numbers(100).map((i) => ada.emitWithAck("chat message", `${i}`)),
    );
    const first = answers[0].id;
    assert.deepEqual(answers, numbers(100).map((i) => ({ id: first + i })));
  },

  async "a private message reaches whom it is for, by any door"() {
    const [ada, bob, cas] = await clients(3);
    const plain = await door();
    const silent = log(cas, "private message");
    const heard = next(bob, "private message");
    const { id } = await ada.emitWithAck("private message", bob.id, "psst");
    assert.deepEqual((await heard).slice(0, 4), [bob.id, "psst", id, ada.id]);
    const answer = next(ada, "private message");
    await ada.emitWithAck("private message", plain.id, "psst");
    assert.deepEqual(await plain.read(), ["private message", plain.id, "psst", id + 1, ada.id]);
    await plain.send("private message", ada.id, "what?");
    assert.deepEqual((await answer).slice(0, 4), [ada.id, "what?", id + 2, plain.id]);
    await cas.emitWithAck("whoami");
    assert.deepEqual(silent, []);
  },

  async "one may write to itself"() {
    const ada = await client();
    const heard = next(ada, "private message");
    const { id } = await ada.emitWithAck("private message", ada.id, "a note");
    assert.deepEqual((await heard).slice(0, 4), [ada.id, "a note", id, ada.id]);
  },

  // Rooms

  async "a client learns its id and its rooms, by an ack or an event"() {
    const ada = await client();
    assert.deepEqual(await whoami(ada), [ada.id, []]);
    await ada.emitWithAck("join", "kitchen");
    const told = next(ada, "whoami");
    ada.emit("whoami");
    assert.deepEqual((await told).slice(0, 2), [ada.id, ["kitchen"]]);
  },

  async "joining and leaving are answered with the rooms"() {
    const ada = await client();
    assert.deepEqual(await ada.emitWithAck("join", "a"), { rooms: ["a"] });
    assert.deepEqual(sorted(await ada.emitWithAck("join", "b")), ["a", "b"]);
    assert.deepEqual(sorted(await ada.emitWithAck("join", "b")), ["a", "b"]);
    assert.deepEqual(await ada.emitWithAck("leave", "a"), { rooms: ["b"] });
    assert.deepEqual(await whoami(ada), [ada.id, ["b"]]);
  },

  async "a room's message reaches its other members, by any door"() {
    const [ada, bob, cas] = await clients(3);
    const plain = await door();
    const name = await room(ada, bob);
    await plain.send("join", name);
    await plain.fence();
    const silent = [ada, cas].map((each) => log(each, "room message"));
    const heard = next(bob, "room message");
    const { id } = await ada.emitWithAck("room message", name, "dinner");
    assert.deepEqual((await heard).slice(0, 4), [name, "dinner", id, ada.id]);
    assert.deepEqual(await plain.read(), ["room message", name, "dinner", id, ada.id]);
    await Promise.all([ada, cas].map((each) => each.emitWithAck("whoami")));
    assert.deepEqual(silent, [[], []]);
  },

  async "who left a room hears nothing from it any more"() {
    const [ada, bob, cas] = await clients(3);
    const name = await room(ada, bob, cas);
    await bob.emitWithAck("leave", name);
    const silent = log(bob, "room message");
    const heard = next(cas, "room message");
    await ada.emitWithAck("room message", name, "dinner");
    await heard;
    await bob.emitWithAck("whoami");
    assert.deepEqual(silent, []);
  },

  // People

  async "who gives a name is seen coming, typing and going, by any door"() {
    const program = await start();
    const options = { address: program.address };
    const plain = await door(program);
    const bob = await client({ ...options, auth: { name: "Ada" } });
    assert.deepEqual(await plain.read(), ["joined", "", bob.id, "Ada"]);
    const heard = logAny(bob);
    const ada = await client({ ...options, auth: { name: "Ada" } });
    assert.deepEqual(await plain.read(), ["joined", "", ada.id, "Ada-2"]);
    assert.equal(await ada.emitWithAck("name", "Eve"), "Eve");
    assert.deepEqual(await plain.read(), ["renamed", ada.id, "Eve", "Ada-2"]);
    const [people] = await new Promise((done) => bob.emit("who", "", (...told) => done(told)));
    assert.deepEqual(people, [[bob.id, "Ada"], [ada.id, "Eve"]]);
    await ada.emitWithAck("typing", "");
    assert.deepEqual(await plain.read(), ["typing", "", ada.id, "Eve"]);
    const { id } = await ada.emitWithAck("chat message", "hello");
    assert.deepEqual(await plain.read(), ["chat message", "hello", id, ada.id, { name: "Eve" }]);
    const former = ada.id;
    ada.disconnect();
    assert.deepEqual(await plain.read(), ["left", "", former, "Eve"]);
    await bob.emitWithAck("whoami");
    assert.deepEqual(firsts(heard), ["joined", "renamed", "typing", "chat message", "left"]);
  },

  async "who joins a room and says how far it has read gets the rest, and is told of a gap"() {
    const { address } = await start("--history", "2");
    const [ada, bob] = await clients(2, { address });
    await ada.emitWithAck("join", "kitchen");
    for (const text of ["1", "2", "3", "4"]) await ada.emitWithAck("room message", "kitchen", text);
    const heard = logAny(bob);
    for (const offset of [0, 1]) await bob.emitWithAck("join", "kitchen", offset);
    const rest = ["room message", "room message"];
    assert.deepEqual(firsts(heard), [...rest, "gap", ...rest]);
  },

  async "what comes too fast is refused in words, and the connection lives"() {
    const { address } = await start("--chat-rate", "1");
    const ada = await client({ address });
    const answers = await Promise.all(numbers(30).map((i) => ada.emitWithAck("chat message", `${i}`)));
    assert.ok(answers.slice(0, 10).every(({ id }) => id));
    assert.match(answers.at(-1).error, /^too fast: 1 in a second/);
    assert.deepEqual(await whoami(ada), [ada.id, []]);
  },

  // Refusals

  async "what is refused is told in the ack, and reaches nobody"() {
    const [ada, bob] = await clients(2);
    const name = await room(bob);
    const silent = EVENTS.map((event) => log(bob, event));
    for (const [why, ...event] of [
      [/^you are not in the room/, "room message", name, "let me in"],
      [/^you are not in the room/, "leave", name],
      [/^nobody of that id is here/, "private message", "nobody", "psst"],
      [/^this room is somebody's own/, "join", bob.id],
      [/^the name of a room/, "join", ""],
      [/^the name of a room is a text/, "join", 7],
      [/^a message is a text/, "chat message", { no: "text" }],
      [/^chat message has other arguments/, "chat message"],
      [/^there is no such event/, "shout", "hello"],
      [/^this id of a message is somebody else's/, "chat message", "mine", `${bob.id}-1`],
    ]) {
      assert.match((await ada.emitWithAck(...event)).error, why);
    }
    await bob.emitWithAck("whoami");
    assert.deepEqual(silent, [[], [], []]);
  },

  async "what is refused without an ack is told by an event"() {
    const ada = await client();
    const told = next(ada, "error");
    ada.emit("leave", "nowhere");
    assert.equal((await told)[0], "you are not in the room nowhere");
  },

  async "an unknown namespace is refused, and nothing else is harmed"() {
    const ada = await client();
    const refused = await refusal(ada.io.socket("/nowhere"));
    assert.equal(refused.message, "Invalid namespace");
    assert.deepEqual(await whoami(ada), [ada.id, []]);
  },

  async "who has left cannot be reached"() {
    const [ada, bob] = await clients(2);
    const { id } = bob;
    bob.disconnect();
    const refused = async () => (await ada.emitWithAck("private message", id, "still there?")).error;
    while (!(await refused()));
    assert.equal(await refused(), "nobody of that id is here");
  },

  // Weight

  async "a text of nearly 1 MB reaches the others, by any door"() {
    const program = await start("--max-text", "1000000");
    const [ada, bob] = await clients(2, { address: program.address });
    const plain = await door(program);
    const heard = next(bob, "chat message");
    const { id } = await ada.emitWithAck("chat message", NEARLY_ALL);
    assert.ok((await heard)[0] === NEARLY_ALL, "it came otherwise");
    assert.ok((await plain.read())[1] === NEARLY_ALL, "it came otherwise at the door");
    const back = next(ada, "chat message");
    await plain.send("chat message", NEARLY_ALL);
    const [text, number] = await back;
    assert.ok(text === NEARLY_ALL && number === id + 1, "it came otherwise from the door");
  },

  async "a text above the limit ends the connection, and reaches nobody"() {
    const [ada, bob, cas] = await clients(3);
    const heard = log(bob, "chat message");
    const ended = next(ada, "disconnect");
    ada.emit("chat message", TOO_MUCH);
    const [reason, details] = await ended;
    if (mode === "polling") assert.deepEqual([reason, details.description], ["transport error", 413]);
    else assert.deepEqual([reason, details.context.code], ["transport close", 1009]);
    await cas.emitWithAck("chat message", "fence");
    await bob.emitWithAck("whoami");
    assert.deepEqual(texts(heard), ["fence"]);
  },

  async "1,000 messages at once arrive in order, by any door"() {
    const [ada, bob] = await clients(2);
    const plain = await door();
    const heard = collect(bob, "chat message", BURST);
    for (let i = 0; i < BURST; i++) ada.emit("chat message", `${i}`);
    const [[, first]] = await heard;
    const expected = numbers(BURST).map((i) => [`${i}`, first + i, ada.id]);
    assert.deepEqual((await heard).map((args) => args.slice(0, 3)), expected);
    for (const args of expected) assert.deepEqual(await plain.read(), ["chat message", ...args]);
  },

  async "1,000 messages at once from the plain door arrive in order"() {
    const ada = await client();
    const plain = await door();
    const heard = collect(ada, "chat message", BURST);
    for (let i = 0; i < BURST; i++) plain.send("chat message", `${i}`);
    assert.deepEqual(texts(await heard), numbers(BURST).map(String));
  },

  async "messages right behind the connect arrive in order"() {
    const bob = await client();
    const ada = manager().socket("/");
    const heard = collect(bob, "chat message", BURST);
    for (let i = 0; i < BURST; i++) ada.emit("chat message", `${i}`); // kept until it is connected
    assert.deepEqual(texts(await heard), numbers(BURST).map(String));
  },

  // Heartbeats

  async "heartbeats keep a quiet connection alive"() {
    const { address } = await start("--ping-interval", "150", "--ping-timeout", "5000");
    const ada = await client({ address });
    for (let pings = 0; pings < 5; pings++) await next(ada.io, "ping");
    assert.deepEqual(await whoami(ada), [ada.id, []]);
  },

  async "the line goes silent: the client sees a ping timeout, and the others an empty place"() {
    const { port, address } = await start(
      ...["--ping-interval", "300", "--ping-timeout", "300", "--no-recovery"],
    );
    const relay = await Relay.to(port);
    const ada = await client({ address: relay.address });
    const bob = await client({ address });
    const { id } = ada;
    const ended = next(ada, "disconnect");
    relay.freeze();
    assert.equal((await ended)[0], "ping timeout");
    while (!(await bob.emitWithAck("private message", id, "still there?")).error);
  },

  // Coming back

  async "the client comes back when the server has restarted on the same port"() {
    for (const signal of ["SIGKILL", "SIGTERM"]) {
      const first = await start();
      const ada = await client({ address: first.address, ...PERSISTENT });
      const former = ada.id;
      const ended = next(ada, "disconnect");
      await first.kill(signal);
      await ended;
      const answer = ada.emitWithAck("chat message", "written while away");
      const second = await start("--port", String(first.port));
      const bob = await client({ address: second.address });
      assert.equal(typeof (await within(answer, "the ack")).id, "number");
      assert.ok(!ada.recovered);
      assert.notEqual(ada.id, former);
      const heard = next(ada, "private message");
      await bob.emitWithAck("private message", ada.id, "welcome");
      assert.equal((await heard)[1], "welcome");
    }
  },

  async "a client whose connection was cut gets what it missed, once and in order"() {
    const { ada, bob, name, relay } = await apart();
    const former = ada.id;
    const heard = logAll(ada);
    await cut(relay, ada);
    for (let i = 0; i < 50; i++) {
      bob.emit("chat message", `${i}`);
      bob.emit("room message", name, `${i}`);
    }
    await bob.emitWithAck("chat message", "the last one missed");
    ada.connect();
    await next(ada, "connect");
    assert.equal(ada.recovered, true);
    assert.deepEqual(await whoami(ada), [former, [name]]);
    const end = next(ada, "room message");
    bob.emit("room message", name, "after");
    await end;
    const missed = (i) => [["chat message", `${i}`], ["room message", `${i}`]];
    assert.deepEqual(heard, [
      ...numbers(50).flatMap(missed),
      ["chat message", "the last one missed"],
      ["room message", "after"],
    ]);
  },

  async "nothing is lost or doubled when the line is cut in full flow"() {
    const { ada, bob, name, relay } = await apart(PERSISTENT);
    const former = ada.id;
    const heard = collect(ada, "room message", 400);
    for (let i = 0; i < 400; i++) {
      bob.emit("room message", name, `${i}`);
      if (i % 150 === 149 && !ada.connected) await next(ada, "connect");
      if (i % 150 === 149) await lose(relay, ada);
      if (i % 5 === 0) await bob.emitWithAck("whoami");
    }
    assert.deepEqual((await heard).map(([, text]) => text), numbers(400).map(String));
    assert.equal(ada.id, former);
    assert.equal(ada.recovered, true);
  },

  async "every message has an offset with recovery, and none without"() {
    for (const flags of [[], ["--no-recovery"]]) {
      const { ada, bob, name } = await apart({}, ...flags);
      const heard = EVENTS.map((event) => next(ada, event));
      await bob.emitWithAck("chat message", "hello");
      await bob.emitWithAck("room message", name, "hello");
      await bob.emitWithAck("private message", ada.id, "hello");
      const rest = [(await heard[0]).slice(3), (await heard[1]).slice(4), (await heard[2]).slice(4)];
      const offsets = rest.flat();
      assert.equal(offsets.length, flags.length > 0 ? 0 : 3);
      assert.ok(offsets.every((offset) => typeof offset === "string"));
      assert.equal(new Set(offsets).size, offsets.length);
    }
  },

  async "without recovery a client comes back as a new one"() {
    const { ada, bob, name, relay } = await apart({}, "--no-recovery");
    const former = ada.id;
    const heard = logAll(ada);
    await cut(relay, ada);
    await bob.emitWithAck("room message", name, "missed");
    ada.connect();
    await next(ada, "connect");
    assert.ok(!ada.recovered);
    assert.notEqual(ada.id, former);
    assert.deepEqual(await whoami(ada), [ada.id, []]);
    assert.deepEqual(heard, []);
  },

  // Once and for later

  async "a message that is sent again with its offset is said once"() {
    for (const flags of [[], ["--no-recovery"]]) {
      const retrying = { retries: 3, ackTimeout: 10_000, ...PERSISTENT };
      const { ada, bob, relay } = await apart(retrying, ...flags);
      const heard = log(bob, "chat message");
      const first = next(bob, "chat message");
      await written(ada);
      relay.mute();
      const answer = ada.emitWithAck("chat message", "once", `${ada.id}-0`);
      const [, number] = await first;
      await lose(relay, ada);
      assert.deepEqual(await within(answer, "the ack"), { id: number });
      assert.deepEqual(await ada.emitWithAck("chat message", "next", `${ada.id}-1`), {
        id: number + 1,
      });
      await bob.emitWithAck("whoami");
      assert.deepEqual(texts(heard), ["once", "next"]);
    }
  },

  async "a client gets what was said behind its server offset"() {
    const bob = await client();
    const sent = [];
    for (let i = 0; i < 20; i++) sent.push((await bob.emitWithAck("chat message", `${i}`)).id);
    const cas = await door();
    await cas.send("chat message", "from the door");
    await cas.fence();
    const expected = numbers(10).map((i) => [`${i + 10}`, sent[i + 10], bob.id]);
    expected.push(["from the door", sent[19] + 1, cas.id]);
    const ada = await newcomer({ serverOffset: sent[9] });
    assert.deepEqual(ada.heard, expected);
    assert.deepEqual((await newcomer({ serverOffset: sent[19] + 1 })).heard, []);
    assert.deepEqual((await newcomer({ serverOffset: "1" })).heard, []);
    assert.deepEqual((await newcomer({})).heard, []);
  },

  async "as many messages are kept as the command says"() {
    const kept = async (...flags) => {
      const { address } = await start(...flags);
      const bob = await client({ address });
      for (let i = 0; i < 60; i++) await bob.emitWithAck("chat message", `${i}`);
      return texts((await newcomer({ serverOffset: 0 }, address)).heard);
    };
    assert.deepEqual(await kept(), numbers(60).slice(10).map(String));
    assert.deepEqual(await kept("--history", "3"), ["57", "58", "59"]);
    assert.deepEqual(await kept("--history", "0"), []);
  },

  async "a client that is recovered gets nothing twice for its server offset"() {
    let offset = 0;
    const { ada, bob, relay } = await apart({ auth: (tell) => tell({ serverOffset: offset }) });
    const heard = log(ada, "chat message");
    const first = next(ada, "chat message");
    await bob.emitWithAck("chat message", "before");
    await first;
    await cut(relay, ada);
    await bob.emitWithAck("chat message", "missed");
    ada.connect();
    await next(ada, "connect");
    assert.equal(ada.recovered, true);
    await ada.emitWithAck("whoami");
    assert.deepEqual(texts(heard), ["before", "missed"]);
  },

  async "with --echo messages reach their sender, too"() {
    const { ada, bob, name } = await apart({}, "--echo");
    const heard = [ada, bob].map(logAll);
    await bob.emitWithAck("join", name);
    await ada.emitWithAck("chat message", "all");
    await ada.emitWithAck("room message", name, "some");
    await ada.emitWithAck("private message", bob.id, "one");
    await Promise.all([ada, bob].map((each) => each.emitWithAck("whoami")));
    const expected = [
      ["chat message", "all"],
      ["room message", "some"],
      ["private message", "one"],
    ];
    assert.deepEqual(heard, [expected, expected]);
  },
};

/** What only the upgrading mode has. */
const upgrading = {
  async "messages under way during the upgrade arrive once and in order, both ways"() {
    const bob = await client();
    for (let round = 0; round < 10; round++) {
      const ada = await join(manager(), "/");
      const heard = [ada, bob].map((each) => log(each, "chat message"));
      let upgraded = false;
      upgrade(ada).then(() => (upgraded = true));
      let sent = 0;
      for (let more = 50; more > 0; more -= upgraded ? 1 : 0) {
        ada.emit("chat message", `${sent}`);
        bob.emit("chat message", `${sent++}`);
        await (sent % 5 === 0 ? bob.emitWithAck("whoami") : turn());
      }
      await ada.emitWithAck("whoami");
      await bob.emitWithAck("whoami");
      await ada.emitWithAck("whoami");
      const expected = numbers(sent).map(String);
      assert.deepEqual(heard.map(texts), [expected, expected]);
      bob.off("chat message");
      ada.disconnect();
    }
  },
};

// Situations

/** A client of the plain door: its id, and JSON arrays both ways. */
async function door(program = server) {
  const line = await Line.at(program, "/ws");
  const plain = {
    send: (...event) => line.send(JSON.stringify(event)),
    read: async () => JSON.parse(await line.read()),
    /** Returns when the server has done all that was sent, if nothing else is on its way. */
    async fence() {
      await plain.send("whoami");
      const [event, id] = await plain.read();
      assert.equal(event, "whoami");
      return id;
    },
  };
  plain.id = await plain.fence();
  return plain;
}

/** Members of a new room: its name. */
async function room(...members) {
  const name = `room ${++rooms}`;
  await Promise.all(members.map((each) => each.emitWithAck("join", name)));
  return name;
}
let rooms = 0;

/** On a server of their own: ada behind a relay, bob beside it, both in a room. */
async function apart(options, ...flags) {
  const { port, address } = await start(...flags);
  const relay = await Relay.to(port);
  const ada = await client({ address: relay.address, ...options });
  const bob = await client({ address });
  return { ada, bob, relay, name: await room(ada, bob) };
}

/** Cuts a quiet client's connection, so that both sides know. */
async function cut(relay, ada) {
  await ada.emitWithAck("whoami"); // the upgrade is over
  if (mode === "polling") await relay.held();
  await lose(relay, ada);
}

/** When all is written that a client sent: one that polls sends nothing more before that. */
async function written({ io: { engine } }) {
  if (engine.writeBuffer.length > 0) await next(engine, "drain");
}

/** A client that tells this on its connect, and the messages it has heard when it is answered. */
async function newcomer(auth, address) {
  const ada = manager({ address }).socket("/", { auth });
  const heard = log(ada, "chat message");
  await next(ada, "connect");
  await ada.emitWithAck("whoami");
  return { ada, heard: heard.map((args) => args.slice(0, 3)) };
}

/** The server's whole answer: the id and the rooms. */
function whoami(ada) {
  const told = new Promise((done) => ada.emit("whoami", (...answer) => done(answer)));
  return within(told, "who I am");
}

/** All messages from now on, each as its event and its text. */
function logAll(ada) {
  const heard = [];
  ada.on("chat message", (text) => heard.push(["chat message", text]));
  for (const event of EVENTS.slice(1)) ada.on(event, (_, text) => heard.push([event, text]));
  return heard;
}

// Values

const texts = (messages) => messages.map(([text]) => text);
const sorted = ({ rooms }) => rooms.toSorted();

await runInModes(path, { checks, upgrading, only });
