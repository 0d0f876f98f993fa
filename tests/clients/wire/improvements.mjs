// What is better here than in the reference server.

import assert from "node:assert/strict";
import { Line, SEPARATOR } from "../raw.mjs";
import {
  anOffset,
  assertRefused,
  assertUpgradeRefused,
  connect,
  drop,
  ERRORS,
  FOREIGN,
  onPolling,
  onWebSocket,
  openLine,
  ORIGIN,
  QUICK,
  recoverable,
  say,
  server,
  start,
} from "./kit.mjs";

const improvements = {
  async "refused upgrade: a wrong EIO is told before the switch"() {
    await assertUpgradeRefused("EIO=3&transport=websocket", ERRORS[5]);
  },

  async "CORS: a WebSocket of a foreign origin is refused"() {
    const guarded = await start("--origin", ORIGIN);
    await assert.rejects(Line.open(guarded, "", { origin: FOREIGN }), /refused with 4\d\d/);
  },

  async "a close packet over WebSocket ends the session at once"() {
    const { line, id } = await onWebSocket();
    await line.send("1");
    await line.closed;
    assert.equal(await server.gone(id), "transport close");
  },

  async "whatever a client sends proves that it lives"() {
    const quick = await start(...QUICK);
    const line = await openLine(quick);
    const id = await connect(line);
    for (let pings = 0; pings < 4;) {
      pings += (await line.read()) === "2" ? 1 : 0;
      await line.send('42["all"]');
    }
    assert.equal(quick.isGone(id), false);
  },

  async "what one POST causes leaves in one answer to the held poll"() {
    const { poller } = await onPolling();
    const held = await poller.hold();
    await poller.send('42["burst",2]', '42["echo"]');
    assert.equal((await held.answer).body, ['42["tick",0]', '42["tick",1]', '42["echo"]'].join(SEPARATOR));
  },

  async "a poll brings all that waits, and 16 packets at most to a client of Python, which gives up on more"() {
    for (const [agent, most] of [["a browser", 100], ["python-requests/2.32", 16]]) {
      const { poller } = await onPolling(server, { "user-agent": agent });
      await poller.send('42["burst",100]');
      const first = (await poller.get()).body.split(SEPARATOR);
      assert.equal(first.length, most, agent);
      for (let read = first.length; read < 100;) {
        const seen = (await poller.get()).body.split(SEPARATOR);
        assert.ok(seen.length <= most, `it has ${seen.length}`);
        assert.equal(seen[0], `42["tick",${read}]`);
        read += seen.length;
      }
    }
  },

  async "a poll that is cut ends the session before a request that comes later"() {
    for (let round = 0; round < 10; round++) {
      const { poller } = await onPolling();
      (await poller.hold()).cut();
      assertRefused(await poller.post('42["echo"]', { agent: undefined }), 1);
    }
  },

  async "packets for a namespace that was just left are ignored"() {
    const { line } = await onWebSocket();
    await line.send('42["kick"]', '42["echo","in flight"]', '421["echo"]');
    assert.equal(await line.read(), "41");
    await connect(line);
    await line.send('42["echo","back"]');
    assert.equal(await line.read(), '42["echo","back"]');
  },

  async "ends the session: an event without a payload"() {
    const { line, id } = await onWebSocket();
    await line.send("42");
    await line.closed;
    assert.equal(await server.gone(id), "forced close");
  },

  async "ends the session: JSON that is nested too deep"() {
    const { line, id } = await onWebSocket();
    await line.send(`42["echo",${"[".repeat(100_000)}${"]".repeat(100_000)}]`);
    await line.closed;
    assert.equal(await server.gone(id), "forced close");
  },

  async "ends the session: a namespace with a control character"() {
    for (const name of ["/a\x1eb", "/a\nb", "/\x00"]) {
      const { line } = await onWebSocket();
      await line.send(`40${name},`);
      await line.closed;
    }
  },

  async "ends the session: a POST of 300,000 packets"() {
    const { poller, id } = await onPolling();
    const { status } = await poller.post(Array(300_000).fill("3").join(SEPARATOR));
    assert.ok([200, 400, 413].includes(status), `it was ${status}`);
    await server.gone(id);
  },

  async "recovery: a client that brings no offset is recovered too"() {
    const { line, sid, pid, program } = await recoverable();
    await drop(line);
    await say(program, '42["all","missed"]');
    const again = await openLine(program);
    await again.send(`40{"pid":"${pid}"}`);
    assert.match(await again.read(), /^42\["all","missed","[^"]+"\]$/);
    assert.equal(await again.read(), `40{"sid":"${sid}","pid":"${pid}"}`);
  },

};

export default { ...improvements };
