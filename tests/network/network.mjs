// Two hosts and a bad line between them: what arrives, who is noticed to be gone, who comes back and with what.
//
//   ./run
//
// The checks are one story, as a partition takes its time: each goes on with the clients of the one before.
// Nothing waits for a time to pass but what makes the conditions: people who speak now and then, not all at
// once, and the partition.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { LOST, Line, Server } from "./hosts.mjs";
import { Person } from "./people.mjs";

const [program] = process.argv.slice(2);
const seed = Number(process.env.NETWORK_SEED ?? 1);

// Milliseconds.
const PING = { interval: 3_000, timeout: 4_000 };
const PARTITION = 20_000;
/** How long one of the servers keeps who is gone: less than the partition lasts. */
const SHORT = 4_000;
/** For a plain WebSocket, the server's own: 25 seconds of silence, and 20 for an answer. */
const PLAIN = 45_000;
/** How late a busy machine may be. */
const SLACK = 3_000;

/** What each sender says through the losses, and the neighbour during the partition. */
const SAID = 300;
const MISSED = 100;
const INSISTED = 20;

const numbers = (n, first = 1) => Array.from({ length: n }, (_, i) => first + i);
const said = (name, n, first) => numbers(n, first).map((number) => `${name} ${number}`);
const BEFORE = ["neighbour 0"];
const ALL_MISSED = said("neighbour", MISSED, 0);

let line;
let keeper; // a server that keeps those who are gone for longer than the partition
let forgetful; // and one that does not
let bare; // descriptors of both before there is anybody
let cut; // when
let lost; // when those for ever

const senders = []; // at the keeper, one of each kind
const insistent = []; // at the keeper, who try again until they have an ack
const vanishing = []; // at the keeper, by the address that will be lost
const forgotten = []; // at the other

const STORY = {
  async "two hosts, two servers and a bad line"() {
    line = await Line.lay(seed);
    const flags = ["--ping-interval", PING.interval, "--ping-timeout", PING.timeout, "--history", 500];
    keeper = await Server.start(program, ...flags);
    forgetful = await Server.start(program, ...flags, "--max-disconnection-duration", SHORT);
    bare = [keeper.descriptors(), forgetful.descriptors()];
  },

  async "clients of every kind come in"() {
    const retries = { retries: 100, ackTimeout: 1_000 };
    for (const kind of ["websocket", "polling", "own", "plain"]) {
      senders.push(new Person(`${kind}-sender`, kind, keeper.address()));
    }
    for (const kind of ["websocket", "own"]) {
      insistent.push(new Person(`${kind}-insistent`, kind, keeper.address(), retries));
    }
    for (const kind of ["websocket", "polling", "plain"]) {
      vanishing.push(new Person(`${kind}-vanishing`, kind, keeper.address(LOST), { reconnection: false }));
    }
    for (const kind of ["websocket", "polling", "own"]) {
      forgotten.push(new Person(`${kind}-forgotten`, kind, forgetful.address()));
    }
    for (const person of [...senders, ...insistent, ...vanishing, ...forgotten]) await person.enters();
    // The first of them has what it missed read out to it, as the chat offers.
    const [reader] = forgotten;
    reader.socket.auth = (answer) => answer({ serverOffset: reader.number });
  },

  async "through losses and delays every message of every sender arrives, once and in order"() {
    await line.tell(`lose ${LOST}`);
    lost = performance.now();
    for (const n of numbers(SAID)) {
      for (const sender of senders) sender.say(n);
      await pause(10);
    }
    await allHear(SAID);
    for (const person of [...senders, ...insistent]) assert.deepEqual(person.ends, [], person.name);
  },

  async "both servers and all clients notice within the heartbeat that the line is cut"() {
    for (const server of [keeper, forgetful]) server.hears("neighbour 0");
    // Nobody has been silent, so that a plain WebSocket is asked for a sign of life when the line is mended.
    for (const sender of senders) sender.say(SAID + 1);
    await allHear(SAID + 1);
    for (const person of [...senders, ...insistent, ...forgotten]) await hears(person, BEFORE);
    await line.tell("cut");
    cut = performance.now();
    speakInto();
    for (const person of withHeartbeat()) {
      const there = await (forgotten.includes(person) ? forgetful : keeper).gone(person.sids[0]);
      await person.until(() => person.ends.length > 0, "to notice that the line is cut");
      const [here] = person.ends;
      assert.deepEqual([there.reason, here.reason], ["ping timeout", "ping timeout"], person.name);
      const latest = cut + PING.interval + PING.timeout + SLACK;
      assert.ok(there.time < latest, `the server notices ${person.name} after ${there.time - cut} ms`);
      assert.ok(here.time < latest, `${person.name} notices it after ${here.time - cut} ms`);
    }
  },

  async "when the line is mended they come back as who they were and have missed nothing"() {
    await pause(cut + PARTITION - performance.now());
    await line.tell("mend");
    for (const person of [...senders, ...insistent].filter(({ kind }) => kind !== "plain")) {
      assert.equal(await person.enters(2), person.sids[0], `the name of ${person.name}`);
      assert.equal(person.socket.recovered, true, person.name);
      await hears(person, ALL_MISSED);
    }
  },

  // The kernel tries again after at most as long as the line was cut, which is before the server gives up.
  async "a plain WebSocket with a longer heartbeat gets it all by the same connection"() {
    const plain = senders.find(({ kind }) => kind === "plain");
    await hears(plain, ALL_MISSED);
    assert.deepEqual(plain.ends, []);
  },

  async "who insists has said all of it, once and in order"() {
    for (const { name } of insistent) {
      for (const person of senders) await hears(person, said(name, INSISTED));
    }
  },

  async "who was away for longer than the server keeps anybody is told so, and can read it up"() {
    const [reader, ...others] = forgotten;
    for (const person of forgotten) {
      assert.notEqual(await person.enters(2), person.sids[0], `the name of ${person.name}`);
      assert.equal(person.socket.recovered, false, person.name);
    }
    assert.ok(forgetful.logged(/not recovered: /) >= forgotten.length, "the log says why");
    await hears(reader, ALL_MISSED);
    forgetful.hears("after all");
    for (const person of forgotten) await hears(person, ["after all"]);
    for (const person of others) assert.deepEqual(person.from("neighbour"), BEFORE, person.name);
  },

  async "all are in the same room again"() {
    for (const n of numbers(10, SAID + 2)) for (const sender of senders) sender.say(n);
    await allHear(SAID + 11);
  },

  async "who is gone for ever is noticed, also by a plain WebSocket's own heartbeat"() {
    for (const { kind, name, sids } of vanishing) {
      const { reason, time } = await keeper.gone(sids[0], PLAIN + SLACK);
      const patience = kind === "plain" ? PLAIN : PING.interval + PING.timeout;
      assert.equal(reason, "ping timeout", name);
      assert.ok(time < lost + patience + SLACK, `${name} is noticed after ${time - lost} ms`);
    }
  },

  async "and every descriptor is given back"() {
    for (const person of [...senders, ...insistent, ...forgotten]) person.leave();
    await keeper.comesTo(bare[0]);
    await forgetful.comesTo(bare[1]);
  },
};

/** During the partition: the neighbour on the server's host speaks, and those who insist. */
async function speakInto() {
  for (const n of numbers(MISSED - 1)) {
    for (const server of [keeper, forgetful]) server.hears(`neighbour ${n}`);
    if (n <= INSISTED) for (const person of insistent) person.insist(n);
    await pause(100);
  }
}

const withHeartbeat = () => [...senders, ...insistent, ...forgotten].filter(({ kind }) => kind !== "plain");

/** Everybody at the keeper hears so many messages of each sender. */
async function allHear(messages) {
  for (const person of [...senders, ...insistent]) {
    for (const { name } of senders) {
      if (name !== person.name) await hears(person, said(name, messages));
    }
  }
}

/** Waits until a person has heard these texts of somebody: no others, each once and in order. */
async function hears(person, texts) {
  const heard = () => person.from(texts[0].split(" ")[0]);
  const what = `to hear all from "${texts[0]}" to "${texts.at(-1)}"`;
  const complete = person.until(() => heard().length >= texts.length, what);
  await complete.catch((error) => assert.deepEqual(heard(), texts, error.message));
  assert.deepEqual(heard(), texts, `what ${person.name} heard`);
}

/** Runs the story to its end or to its first failure. */
async function tell() {
  console.log(`NETWORK_SEED=${seed}`);
  for (const [sentence, check] of Object.entries(STORY)) {
    const begin = performance.now();
    try {
      await check();
    } catch (error) {
      console.log(`FAILED   ${sentence}\n         ${error.stack.replaceAll("\n", "\n         ")}`);
      for (const server of [keeper, forgetful]) console.log(server?.lastWords());
      console.log(`         again: NETWORK_SEED=${seed} tests/network/run`);
      process.exit(1);
    }
    console.log(`ok       ${sentence} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
  }
  console.log(`         the line: ${await line.tell("count")}`);
  process.exit(0); // and with this process end all others
}

process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
await tell();
