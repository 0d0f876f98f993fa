// The upgrade from polling to WebSocket, and all that can go wrong with it.

import assert from "node:assert/strict";
import { fence, Line, request, SEPARATOR } from "../raw.mjs";
import { assertPolls, assertRefused, onPolling, probe, server, start } from "./kit.mjs";

const upgrades = {
  async "upgrade: probe, release of the poll, and the switch"() {
    const { poller } = await onPolling();
    const held = await poller.hold();
    const line = await probe(poller);
    assert.equal((await held.answer).body, "6");
    await line.send("5");
    await line.send('42["echo","switched"]');
    assert.equal(await line.read(), '42["echo","switched"]');
    assertRefused(await poller.get(), 3);
  },

  async "upgrade: a poll that comes during the dance is released too"() {
    const { poller } = await onPolling();
    const line = await probe(poller);
    assert.equal((await poller.get()).body, "6");
    assert.equal((await poller.get()).body, "6");
    assert.ok(line.isQuiet);
  },

  async "upgrade: until the switch everything goes by polling, and nothing by WebSocket"() {
    const { poller } = await onPolling();
    const line = await probe(poller);
    await poller.send('42["burst",3]');
    for (const i of [0, 1, 2]) assert.equal(await poller.read(), `42["tick",${i}]`);
    await line.send("5", '42["echo","first here"]');
    assert.equal(await line.read(), '42["echo","first here"]');
  },

  async "upgrade: what is queued at the switch goes by WebSocket, in order"() {
    const { poller } = await onPolling();
    const line = await probe(poller);
    await poller.send('42["burst",40]');
    await line.send("5", '42["echo","last"]');
    for (let i = 0; i < 40; i++) assert.equal(await line.read(), `42["tick",${i}]`);
    assert.equal(await line.read(), '42["echo","last"]');
  },

  async "upgrade: a poll that is held at the switch loses nothing"() {
    for (let round = 0; round < 20; round++) {
      const { poller } = await onPolling();
      const line = await probe(poller);
      const held = request(poller.port, poller.path);
      await line.send("5", '42["burst",3]');
      const { status, body } = await held.answer.catch(() => ({ status: 0, body: "" }));
      const polled = status === 200 ? body.split(SEPARATOR).filter((packet) => packet !== "6") : [];
      const seen = [...polled];
      while (seen.length < 3) seen.push(await line.read());
      assert.deepEqual(seen, ['42["tick",0]', '42["tick",1]', '42["tick",2]']);
    }
  },

  async "upgrade: a second WebSocket is closed, and the first goes on"() {
    const { poller } = await onPolling();
    const first = await probe(poller);
    const second = await Line.open(server, `&sid=${poller.sid}`);
    await second.closed;
    await first.send("5", '42["echo","the first"]');
    assert.equal(await first.read(), '42["echo","the first"]');
  },

  async "upgrade: a WebSocket for an upgraded session is closed, and the session goes on"() {
    const { poller } = await onPolling();
    const first = await probe(poller);
    await first.send("5", '42["echo","switched"]');
    await first.read();
    const second = await Line.open(server, `&sid=${poller.sid}`);
    await second.closed;
    await first.send('42["echo","still here"]');
    assert.equal(await first.read(), '42["echo","still here"]');
  },

  async "upgrade: one that never finishes is closed, and polling goes on"() {
    const hurried = await start("--upgrade-timeout", "200");
    const { poller } = await onPolling(hurried);
    const line = await probe(poller, hurried);
    await line.closed;
    await assertPolls(poller);
  },

  async "upgrade: one that never probes is closed, and polling goes on"() {
    const hurried = await start("--upgrade-timeout", "200");
    const { poller } = await onPolling(hurried);
    const line = await Line.open(hurried, `&sid=${poller.sid}`);
    await line.closed;
    await assertPolls(poller);
  },

  async "upgrade: any other packet closes the WebSocket, and polling goes on"() {
    for (const packet of ['42["echo","too early"]', "2", "2prob", "3", "1", "x"]) {
      const { poller } = await onPolling();
      const line = await Line.open(server, `&sid=${poller.sid}`);
      await line.send(packet);
      await line.closed;
      await assertPolls(poller);
    }
  },

  async "upgrade: any other packet after the probe closes the WebSocket, and polling goes on"() {
    const { poller } = await onPolling();
    const line = await probe(poller);
    await line.send('42["echo","too early"]');
    await line.closed;
    await assertPolls(poller);
  },

  async "upgrade: a WebSocket that sends garbage is ended, and polling goes on"() {
    const { poller } = await onPolling();
    const line = await probe(poller);
    line.sendRaw(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await line.closed;
    await assertPolls(poller);
  },

  async "upgrade: a WebSocket that leaves at once does no harm"() {
    const { poller } = await onPolling();
    const line = await probe(poller);
    line.socket.terminate();
    await fence(server.port);
    await assertPolls(poller);
    const again = await probe(poller);
    await again.send("5", '42["echo","at last"]');
    assert.equal(await again.read(), '42["echo","at last"]');
  },

  async "upgrade: a session that is closing finishes its close at the switch"() {
    const { poller, id } = await onPolling();
    const line = await probe(poller);
    await poller.send('42["burst",1]', '42["drop"]');
    await line.send("5");
    assert.equal(await line.read(), '42["tick",0]');
    await line.closed;
    assert.equal(await server.gone(id), "forced close");
  },
};

export default { ...upgrades };
