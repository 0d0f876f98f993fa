// Engine.IO by either transport: open, heartbeat, sizes, close, and how packets
// are packed.

import assert from "node:assert/strict";
import { fence, Line, Poller, SEPARATOR } from "../raw.mjs";
import {
  assertOpen,
  assertRefused,
  connect,
  eventOf,
  MAX_PAYLOAD,
  onPolling,
  onWebSocket,
  openLine,
  QUICK,
  server,
  start,
  startPost,
} from "./kit.mjs";

// Open, heartbeat, sizes, close

const engine = {
  async "the open packet of a poll, with its keys in order"() {
    const { handshake } = await Poller.open(server);
    assertOpen(handshake.body, '["websocket"]', 25000, 20000);
  },

  async "the open packet of a WebSocket announces no upgrades"() {
    const line = await Line.open(server);
    assertOpen(await line.read(), "[]", 25000, 20000);
  },

  async "the open packet tells the heartbeat that was asked for"() {
    const { handshake } = await Poller.open(await start(...QUICK));
    assertOpen(handshake.body, '["websocket"]', 200, 400);
  },

  async "the server pings, and pings again after each pong"() {
    const quick = await start("--ping-interval", "100", "--ping-timeout", "10000");
    for (const channel of [await Poller.open(quick), await openLine(quick)]) {
      for (let i = 0; i < 3; i++) {
        assert.equal(await channel.read(), "2");
        await channel.send("3");
      }
    }
  },

  async "a client that does not answer a ping is given up"() {
    const quick = await start(...QUICK);
    const line = await openLine(quick);
    const id = await connect(line);
    assert.equal(await line.read(), "2");
    await line.closed;
    assert.equal(await quick.gone(id), "ping timeout");
  },

  async "a polling client that does not answer a ping is given up"() {
    const quick = await start(...QUICK);
    const poller = await Poller.open(quick);
    const id = await connect(poller);
    assert.equal(await poller.read(), "2");
    assert.equal(await quick.gone(id), "ping timeout");
  },

  async "pings come on schedule on a busy connection"() {
    const line = await openLine(await start("--ping-interval", "100", "--ping-timeout", "10000"));
    await connect(line);
    await line.send('42["echo"]');
    for (let pings = 0; pings < 3;) {
      const packet = await line.read();
      pings += packet === "2" ? 1 : 0;
      await line.send(packet === "2" ? "3" : '42["echo"]');
    }
  },

  async "a ping from the client ends the session"() {
    const { line, id } = await onWebSocket();
    await line.send("2");
    await line.closed;
    assert.equal(await server.gone(id), "transport error");
  },

  async "a WebSocket message of exactly maxPayload passes"() {
    const { line } = await onWebSocket();
    await line.send(eventOf(MAX_PAYLOAD));
    assert.equal((await line.read()).length, MAX_PAYLOAD);
  },

  async "a WebSocket message above maxPayload ends the connection with 1009"() {
    const { line, id } = await onWebSocket();
    await line.send(eventOf(MAX_PAYLOAD + 1));
    assert.equal(await line.closed, 1009);
    assert.equal(await server.gone(id), "transport error");
  },

  async "a POST of exactly maxPayload passes"() {
    const { poller } = await onPolling();
    await poller.send(eventOf(MAX_PAYLOAD));
    assert.equal((await poller.read()).length, MAX_PAYLOAD);
  },

  async "a POST above maxPayload gets 413, delivers nothing, and the session lives"() {
    const { poller } = await onPolling();
    const { status } = await poller.post(eventOf(MAX_PAYLOAD + 1), { agent: undefined });
    assert.equal(status, 413);
    await poller.send('42["echo","after"]');
    assert.equal(await poller.read(), '42["echo","after"]');
  },

  async "a polling client says goodbye: the held poll ends with a noop"() {
    const { poller, id } = await onPolling();
    const held = await poller.hold();
    await poller.send("1");
    assert.equal((await held.answer).body, "6");
    assert.equal(await server.gone(id), "transport close");
    assertRefused(await poller.get(), 1);
  },

  async "a WebSocket that the server closes carries no code"() {
    for (const event of ['42["drop"]', '42["kickall"]']) {
      const { line } = await onWebSocket();
      await line.send(event);
      assert.equal(await line.closed, 1005);
    }
  },
};

// Long-polling

const polling = {
  async "packets of one answer are joined by the separator"() {
    const { poller } = await onPolling();
    await poller.send('42["burst",3]');
    const { body } = await poller.get();
    assert.equal(body, ['42["tick",0]', '42["tick",1]', '42["tick",2]'].join(SEPARATOR));
  },

  async "packets of one POST are all handled, in order"() {
    const { poller } = await onPolling();
    await poller.send('42["echo",1]', '42["echo",2]', '42["echo",3]');
    for (const i of [1, 2, 3]) assert.equal(await poller.read(), `42["echo",${i}]`);
  },

  async "binary is base64 with padding"() {
    const { poller } = await onPolling();
    await poller.send('451-["echo",{"_placeholder":true,"num":0}]', "bAQIDBA==");
    assert.equal(await poller.read(), '451-["echo",{"_placeholder":true,"num":0}]');
    assert.equal(await poller.read(), "bAQIDBA==");
  },

  async "text is UTF-8, and its length is in bytes"() {
    const { poller } = await onPolling();
    await poller.send('42["echo","é€😀"]');
    const { headers, body } = await poller.get();
    assert.equal(body, '42["echo","é€😀"]');
    assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
  },

  async "a held poll is answered when something comes"() {
    const { poller } = await onPolling();
    const held = await poller.hold();
    await poller.send('42["echo","now"]');
    assert.equal((await held.answer).body, '42["echo","now"]');
  },

  async "a second poll ends the session: the held one gets a close, the second 400"() {
    const { poller, id } = await onPolling();
    const held = await poller.hold();
    const { status } = await poller.get();
    assert.equal(status, 400);
    assert.equal((await held.answer).body, "1");
    assert.equal(await server.gone(id), "transport error");
    assertRefused(await poller.get(), 1);
  },

  async "a held poll that is cut off ends the session"() {
    const { poller, id } = await onPolling();
    (await poller.hold()).cut();
    assert.equal(await server.gone(id), "transport error");
    assertRefused(await poller.get(), 1);
  },

  async "a second POST ends the session and gets 400"() {
    const { poller, id } = await onPolling();
    const first = await startPost(poller);
    const [{ status }] = await Promise.all([poller.post('42["echo"]'), first.ended()]);
    assert.equal(status, 400);
    assert.equal(await server.gone(id), "transport error");
    assertRefused(await poller.get(), 1);
  },

  async "a POST that is cut off ends the session"() {
    const { poller, id } = await onPolling();
    (await startPost(poller)).cut();
    assert.equal(await server.gone(id), "transport error");
    assertRefused(await poller.get(), 1);
  },

  async "a POST in chunks arrives whole"() {
    const { poller } = await onPolling();
    const headers = { "Transfer-Encoding": "chunked" };
    assert.equal((await poller.post('42["echo","in chunks"]', { headers })).body, "ok");
    assert.equal(await poller.read(), '42["echo","in chunks"]');
  },

  async "a POST of octets gets 400 and ends the session"() {
    const { poller, id } = await onPolling();
    const headers = { "Content-Type": "application/octet-stream" };
    assert.equal((await poller.post('42["echo"]', { headers })).status, 400);
    assert.equal(await server.gone(id), "transport error");
  },

  async "another method than GET and POST is refused"() {
    const { poller } = await onPolling();
    const { status } = await poller.get({ method: "PUT" });
    assert.ok([400, 405, 500].includes(status), `it was ${status}`);
  },

  async "nothing behind a bad packet is read"() {
    const [{ poller }, { line }] = [await onPolling(), await onWebSocket()];
    await poller.post(["9", '42["all","behind it"]'].join(SEPARATOR));
    await fence(server.port);
    await line.send('42["echo","fence"]');
    assert.equal(await line.read(), '42["echo","fence"]');
  },

  async "a session that the server closes between polls ends with a noop and a close"() {
    const { poller, id } = await onPolling();
    await poller.send('42["drop"]');
    assert.equal((await poller.get()).body, `6${SEPARATOR}1`);
    assert.equal(await server.gone(id), "forced close");
    assertRefused(await poller.get(), 1);
  },

  async "a session that the server closes during a poll ends with a close"() {
    const { poller, id } = await onPolling();
    const held = await poller.hold();
    await poller.send('42["drop"]');
    assert.equal((await held.answer).body, "1");
    assert.equal(await server.gone(id), "forced close");
  },

  async "what was written before a kick is read before it"() {
    const { poller } = await onPolling();
    await poller.send('42["burst",2]', '42["kickall"]');
    assert.equal(await poller.read(), '42["tick",0]');
    assert.equal(await poller.read(), '42["tick",1]');
    assert.equal(await poller.read(), "41");
    assert.equal((await poller.get()).body, `6${SEPARATOR}1`);
  },
};

// What cannot be read in a POST: [what, body]

const UNREADABLE = [
  ["an empty one", ""],
  ["an unknown type", "9"],
  ["a letter", "x"],
  ["an empty packet between two", ["3", "", "3"].join(SEPARATOR)],
  ["a bad packet behind a good one", ["3", "9"].join(SEPARATOR)],
];

const unreadable = Object.fromEntries(
  UNREADABLE.map(([what, body]) => [
    `a body that cannot be read ends the session: ${what}`,
    async () => {
      const { poller, id } = await onPolling();
      const { status } = await poller.post(body);
      assert.ok([200, 400].includes(status), `it was ${status}`);
      assert.equal(await server.gone(id), "parse error");
      assertRefused(await poller.get(), 1);
    },
  ]),
);

// WebSocket, and the upgrade to it

const webSocket = {
  async "binary over WebSocket is a binary message"() {
    const { line } = await onWebSocket();
    await line.send('451-["echo",{"_placeholder":true,"num":0}]', Buffer.from([1, 2, 3, 4]));
    assert.equal(await line.read(), '451-["echo",{"_placeholder":true,"num":0}]');
    assert.deepEqual(await line.read(), Buffer.from([1, 2, 3, 4]));
  },

  async "binary as base64 text is understood over WebSocket too"() {
    const { line } = await onWebSocket();
    await line.send('451-["echo",{"_placeholder":true,"num":0}]', "bAQIDBA==");
    await line.read();
    assert.deepEqual(await line.read(), Buffer.from([1, 2, 3, 4]));
  },

  async "who asks for base64 gets it over WebSocket too"() {
    const line = await openLine(server, "&b64=1");
    await connect(line);
    await line.send('451-["echo",{"_placeholder":true,"num":0}]', "bAQIDBA==");
    await line.read();
    assert.equal(await line.read(), "bAQIDBA==");
  },

  async "an unknown packet type over WebSocket ends the session"() {
    for (const packet of ["9", "x", ""]) {
      const { line, id } = await onWebSocket();
      await line.send(packet);
      await line.closed;
      assert.equal(await server.gone(id), "parse error");
    }
  },
};

export default { ...engine, ...polling, ...unreadable, ...webSocket };
