// Connection state recovery.

import assert from "node:assert/strict";
import { anOffset, assertFresh, drop, openLine, recoverable, say, start } from "./kit.mjs";

const recovery = {
  async "recovery: CONNECT brings a pid only when it is on"() {
    const line = await openLine(await start("--recovery"));
    await line.send("40");
    const [, sid, pid] = /^40\{"sid":"([\w-]{20})","pid":"([\w-]{20})"\}$/.exec(await line.read());
    assert.notEqual(sid, pid);
  },

  async "recovery: events carry an offset, acks and questions none"() {
    const { line } = await recoverable();
    await line.send('42["echo","x"]', '421["echo","x"]', '42["ask","x"]');
    assert.match(await line.read(), /^42\["echo","x","[^"]+"\]$/);
    assert.equal(await line.read(), '431["x"]');
    assert.match(await line.read(), /^42\d+\["question","x"\]$/);
  },

  async "recovery: binary events carry their offset last"() {
    const { line } = await recoverable();
    await line.send('451-["echo",{"_placeholder":true,"num":0}]', Buffer.from("one"));
    assert.match(await line.read(), /^451-\["echo",\{"_placeholder":true,"num":0\},"[^"]+"\]$/);
    assert.deepEqual(await line.read(), Buffer.from("one"));
  },

  async "recovery: the missed events come first, then the same ids"() {
    const { line, sid, pid, program } = await recoverable();
    const offset = await anOffset(line);
    await drop(line);
    await say(program, `42["room","${sid}","one"]`, '42["all","two"]', '42["room","others","no"]');
    const again = await openLine(program);
    await again.send(`40{"pid":"${pid}","offset":"${offset}"}`);
    assert.match(await again.read(), /^42\["room","one","[^"]+"\]$/);
    assert.match(await again.read(), /^42\["all","two","[^"]+"\]$/);
    assert.equal(await again.read(), `40{"sid":"${sid}","pid":"${pid}"}`);
  },

  async "recovery: an unknown pid makes a new session, without an error"() {
    const { line, sid, pid, program } = await recoverable();
    const offset = await anOffset(line);
    await drop(line);
    const again = await openLine(program);
    await again.send(`40{"pid":"unknown","offset":"${offset}"}`);
    assertFresh(await again.read(), sid, pid);
  },

  async "recovery: a goodbye is final, from either side"() {
    for (const goodbye of ["41", '42["kick"]']) {
      const { line, sid, pid, program } = await recoverable();
      const offset = await anOffset(line);
      await line.send(goodbye);
      await program.gone(sid);
      const again = await openLine(program);
      await again.send(`40{"pid":"${pid}","offset":"${offset}"}`);
      assertFresh(await again.read(), sid, pid);
    }
  },
};

export default { ...recovery };
