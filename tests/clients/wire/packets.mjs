// Socket.IO packets: what is exchanged, and what ends a session.

import assert from "node:assert/strict";
import { Poller, SEPARATOR } from "../raw.mjs";
import { connect, ID, onPolling, onWebSocket, openLine, server, start } from "./kit.mjs";

const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

// Socket.IO packets: [what is sent, what comes back], over WebSocket

const EXCHANGES = [
  ["an event", '42["echo","a",1,null,{"b":[]}]', '42["echo","a",1,null,{"b":[]}]'],
  ["an event without arguments", '42["echo"]', '42["echo"]'],
  ["an event with an ack", '427["echo","a"]', '437["a"]'],
  ["an ack without arguments", '420["echo"]', "430[]"],
  ["an ack with a long id", '42123456789["echo",0]', "43123456789[0]"],
  ["a message to all", '42["all",1]', '42["all",1]'],
  ["an unknown namespace", "40/nope,", '44/nope,{"message":"Invalid namespace"}'],
  ["an unknown namespace with auth", '40/nope,{"a":1}', '44/nope,{"message":"Invalid namespace"}'],
  ["a refused namespace", "40/admin,", '44/admin,{"message":"not allowed","data":{"code":7}}'],
  [
    "a refused namespace with auth",
    '40/admin,{"token":"x"}',
    '44/admin,{"message":"not allowed","data":{"code":7}}',
  ],
];

const exchanges = Object.fromEntries(
  EXCHANGES.map(([what, sent, received]) => [
    `packets: ${what}`,
    async () => {
      const { line } = await onWebSocket();
      await line.send(sent);
      assert.equal(await line.read(), received);
    },
  ]),
);

const packets = {
  async "packets: CONNECT, with and without a namespace"() {
    const line = await openLine(server);
    await line.send("40");
    assert.match(await line.read(), /^40\{"sid":"[\w-]{20}"\}$/);
    await line.send("40/chat2,");
    assert.match(await line.read(), /^40\/chat2,\{"sid":"[\w-]{20}"\}$/);
    await line.send('40/admin,{"token":"secret"}');
    assert.match(await line.read(), /^40\/admin,\{"sid":"[\w-]{20}"\}$/);
  },

  async "packets: a socket's id is neither the session's nor another socket's"() {
    const { poller, id } = await onPolling();
    const other = await connect(poller, "/chat2,");
    assert.equal(new Set([poller.sid, id, other]).size, 3);
    for (const each of [poller.sid, id, other]) assert.match(each, ID);
  },

  async "packets: a refused client may try again"() {
    const { line } = await onWebSocket();
    await line.send("40/admin,");
    assert.match(await line.read(), /^44\/admin,/);
    await connect(line, "/admin,", '{"token":"secret"}');
    await line.send('42/admin,1["echo"]');
    assert.equal(await line.read(), "43/admin,1[]");
  },

  async "packets: events and acks of a namespace carry its name"() {
    const { line } = await onWebSocket();
    await connect(line, "/chat2,");
    await line.send('42/chat2,["echo",1]', '42/chat2,3["echo",2]');
    assert.equal(await line.read(), '42/chat2,["echo",1]');
    assert.equal(await line.read(), "43/chat2,3[2]");
  },

  async "packets: attachments are numbered depth first"() {
    const { line } = await onWebSocket();
    const holes = '[{"x":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]';
    await line.send(`452-["echo",${holes}]`, Buffer.from("one"), Buffer.from("two"));
    assert.equal(await line.read(), `452-["echo",${holes}]`);
    assert.deepEqual(await line.read(), Buffer.from("one"));
    assert.deepEqual(await line.read(), Buffer.from("two"));
  },

  async "packets: a binary ack, with a namespace"() {
    const { line } = await onWebSocket();
    await connect(line, "/chat2,");
    const hole = '{"_placeholder":true,"num":0}';
    await line.send(`451-/chat2,9["echo",${hole}]`, Buffer.from("one"));
    assert.equal(await line.read(), `461-/chat2,9[${hole}]`);
    assert.deepEqual(await line.read(), Buffer.from("one"));
  },

  async "packets: the server takes an answer, also a binary one"() {
    const { line } = await onWebSocket();
    const hole = '{"_placeholder":true,"num":0}';
    await line.send('42["ask","q"]');
    const [, ack] = /^42(\d+)\["question","q"\]$/.exec(await line.read());
    await line.send(`461-${ack}[${hole}]`, Buffer.from("one"));
    assert.equal(await line.read(), `451-["answered",${hole}]`);
    assert.deepEqual(await line.read(), Buffer.from("one"));
  },

  async "packets: an ack that nobody waits for is ignored"() {
    const { line } = await onWebSocket();
    await line.send('42["ask"]');
    const [, ack] = /^42(\d+)\["question","life"\]$/.exec(await line.read());
    await line.send(`43${ack}["one"]`, `43${ack}["two"]`, '4399["three"]', '42["echo","fence"]');
    assert.equal(await line.read(), '42["answered","one"]');
    assert.equal(await line.read(), '42["echo","fence"]');
  },

  async "packets: odd event names do no harm"() {
    const { line } = await onWebSocket();
    await line.send('42["__proto__"]', '42["constructor",null]', '42["toString",{}]', '42["",1]', "42[7,1]");
    await line.send('42["echo","fence"]');
    assert.equal(await line.read(), '42["echo","fence"]');
  },

  async "packets: DISCONNECT leaves the namespace, and the session stays"() {
    const { line, id } = await onWebSocket();
    await line.send("41");
    assert.equal(await server.gone(id), "client namespace disconnect");
    assert.notEqual(await connect(line), id);
  },

  async "packets: the server's DISCONNECT, with a namespace"() {
    const { line } = await onWebSocket();
    await connect(line, "/chat2,");
    await line.send('42/chat2,["kick"]');
    assert.equal(await line.read(), "41/chat2,");
    await line.send('42["kick"]');
    assert.equal(await line.read(), "41");
    await connect(line);
  },

  async "packets: a DISCONNECT of all, in every namespace and with its reason"() {
    const { line, id } = await onWebSocket();
    const other = await connect(line, "/chat2,");
    await line.send('42["kickall"]');
    assert.deepEqual([await line.read(), await line.read()].sort(), ["41", "41/chat2,"]);
    await line.closed;
    for (const each of [id, other]) assert.equal(await server.gone(each), "server namespace disconnect");
  },

  async "packets: a socket without a namespace is given up in time"() {
    const hurried = await start("--connect-timeout", "200");
    const line = await openLine(hurried);
    await line.closed;
    const poller = await Poller.open(hurried);
    assert.equal((await poller.get()).body, "1");
  },

  async "rooms: a room named by an id is that socket's, an unknown one nobody's"() {
    const [ada, bob] = [await onWebSocket(), await onWebSocket()];
    await ada.line.send('42["room","nobody here","lost"]', `42["room","${bob.id}","hi"]`);
    assert.equal(await bob.line.read(), '42["room","hi"]');
    await ada.line.send(`42["room","${ada.id}","me"]`, '42["echo","fence"]');
    assert.equal(await ada.line.read(), '42["echo","fence"]');
  },

  async "rooms: the parts of a binary broadcast stay together"() {
    const [ada, bob] = [await onWebSocket(), await onWebSocket()];
    const holes = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    await ada.line.send(`452-["room","${bob.id}",${holes}]`, Buffer.from("one"), Buffer.from("two"));
    await ada.line.send(`42["room","${bob.id}","behind"]`);
    assert.equal(await bob.line.read(), `452-["room",${holes}]`);
    assert.deepEqual(await bob.line.read(), Buffer.from("one"));
    assert.deepEqual(await bob.line.read(), Buffer.from("two"));
    assert.equal(await bob.line.read(), '42["room","behind"]');
  },
};

// What ends a session: [what, packets]

const HOLE = (num) => `{"_placeholder":true,"num":${num}}`;
const BAD_PACKETS = [
  ["an unknown type", ["49"]],
  ["no type", ["4"]],
  ["an event that is an object", ["42{}"]],
  ["an event without a name", ["42[]"]],
  ["an event whose name is null", ["42[null]"]],
  ["an event whose name is an object", ["42[{}]"]],
  ["an event that is not JSON", ['42["echo"']],
  ["an ack that is an object", ["431{}"]],
  ["a DISCONNECT with a payload", ['41{"a":1}']],
  ["a CONNECT with a text", ['40/chat2,"a"']],
  ["a binary event without a count", ['45["echo"]']],
  ["a binary event without a dash", ['451["echo"]']],
  ["a count that is no number", ['45x-["echo"]']],
  ["more than 10 attachments", [`4511-["echo",${HOLE(0)}]`]],
  ["a huge number of attachments", [`4599999999999999999999-["echo",${HOLE(0)}]`]],
  ["a text where an attachment is due", [`451-["echo",${HOLE(0)}]`, '42["echo"]']],
  ["an attachment that nobody announced", [Buffer.from("stray")]],
  ["an attachment too many", [`451-["echo",${HOLE(0)}]`, Buffer.from("one"), Buffer.from("two")]],
  ["a placeholder out of range", [`451-["echo",${HOLE(1)}]`, Buffer.from("one")]],
  ["a placeholder below zero", [`451-["echo",${HOLE(-1)}]`, Buffer.from("one")]],
  ...RESERVED.map((name) => [`an event named ${name}`, [`42["${name}"]`]]),
];
const BAD_MOMENTS = [
  ["a second CONNECT", ["40"]],
  ["an event for a namespace not connected", ['42/chat2,["echo"]']],
  ["an ack for a namespace not connected", ["43/chat2,0[]"]],
  ["a DISCONNECT for a namespace not connected", ["41/chat2,"]],
  ["a CONNECT_ERROR from a client", ['44{"message":"no"}']],
];

const violations = Object.fromEntries([
  ...BAD_PACKETS.map((row) => violation(...row, /^forced close$/)),
  ...BAD_MOMENTS.map((row) => violation(...row, /^forced (server )?close$/)),
]);

function violation(what, sent, reason) {
  const check = async () => {
    const { line, id } = await onWebSocket();
    await line.send(...sent);
    await line.closed;
    assert.match(await server.gone(id), reason);
  };
  return [`ends the session: ${what}`, check];
}

const endings = {
  async "ends the session: an event before CONNECT"() {
    const line = await openLine(server);
    await line.send('42["echo"]');
    await line.closed;
  },

  async "ends the session: by polling with what was queued, then a noop and a close"() {
    const { poller, id } = await onPolling();
    await poller.send('42["burst",2]');
    await poller.post("40");
    assert.equal(await poller.read(), '42["tick",0]');
    assert.equal(await poller.read(), '42["tick",1]');
    assert.equal((await poller.get()).body, `6${SEPARATOR}1`);
    assert.match(await server.gone(id), /^forced (server )?close$/);
  },

  async "ends the session: a bad packet by polling"() {
    const { poller, id } = await onPolling();
    await poller.post('42["echo"');
    assert.equal((await poller.get()).body, `6${SEPARATOR}1`);
    assert.equal(await server.gone(id), "forced close");
  },

  async "a session's end harms no other"() {
    const [ada, bob] = [await onWebSocket(), await onWebSocket()];
    await ada.line.send("49");
    await ada.line.closed;
    await bob.line.send('42["echo","here"]');
    assert.equal(await bob.line.read(), '42["echo","here"]');
  },
};

export default { ...exchanges, ...packets, ...violations, ...endings };
