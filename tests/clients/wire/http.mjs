// Requests and refusals over HTTP, the client library, and CORS.

import assert from "node:assert/strict";
import { ask, Line, Poller, QUERY, raw } from "../raw.mjs";
import {
  assertHeaders,
  assertRefused,
  assertUpgradeRefused,
  crossOrigin,
  ERRORS,
  FOREIGN,
  ORIGIN,
  server,
  start,
} from "./kit.mjs";

// Refusals over HTTP, in the order of the table: [what, method, query, code]

const REFUSALS = [
  ["no transport", "GET", "EIO=4", 0],
  ["an unknown transport", "GET", "EIO=4&transport=tube", 0],
  ["a transport named constructor", "GET", "EIO=4&transport=constructor", 0],
  ["a transport named __proto__", "GET", "EIO=4&transport=__proto__", 0],
  ["an unknown transport, though the sid is unknown too", "GET", "EIO=4&transport=tube&sid=x", 0],
  ["an unknown transport, though EIO is wrong too", "POST", "EIO=3&transport=tube", 0],
  ["an unknown sid", "GET", "EIO=4&transport=polling&sid=unknown", 1],
  ["an unknown sid in a POST", "POST", "EIO=4&transport=polling&sid=unknown", 1],
  ["a sid named __proto__", "GET", "EIO=4&transport=polling&sid=__proto__", 1],
  ["an unknown sid, though EIO is wrong too", "GET", "EIO=3&transport=polling&sid=unknown", 1],
  ["an unknown sid, though an upgrade is missing too", "GET", "EIO=4&transport=websocket&sid=unknown", 1],
  ["a handshake by POST", "POST", "EIO=4&transport=polling", 2],
  ["a handshake by OPTIONS, without CORS", "OPTIONS", "EIO=4&transport=polling", 2],
  ["a handshake by POST, though an upgrade is missing too", "POST", "EIO=4&transport=websocket", 2],
  ["a handshake by POST, though EIO is wrong too", "POST", "EIO=3&transport=polling", 2],
  ["a WebSocket without an upgrade", "GET", "EIO=4&transport=websocket", 3],
  ["a WebSocket without an upgrade, though EIO is wrong too", "GET", "EIO=3&transport=websocket", 3],
  ["no EIO", "GET", "transport=polling", 5],
  ["EIO 3", "GET", "EIO=3&transport=polling", 5],
];

const refusals = Object.fromEntries(
  REFUSALS.map(([what, method, query, code]) => [
    `refused with code ${code}: ${what}`,
    async () => assertRefused(await ask(server.port, `/socket.io/?${query}`, { method }), code),
  ]),
);

const http = {
  async "refused with code 3: another transport than the session's"() {
    const { port, sid } = await Poller.open(server);
    const answer = await ask(port, `/socket.io/?EIO=4&transport=websocket&sid=${sid}`);
    assertRefused(answer, 3);
  },

  async "refused with code 3: a poll of a session that is on WebSocket"() {
    const line = await Line.open(server);
    const { sid } = JSON.parse((await line.read()).slice(1));
    assertRefused(await ask(server.port, `${QUERY}&sid=${sid}`), 3);
  },

  async "an origin that cannot be in a header is refused"() {
    const head = `GET ${QUERY} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\x7fb\r\nConnection: close\r\n\r\n`;
    assert.match(await raw(server.port, head), /^HTTP\/1\.1 400 /);
  },

  async "a refused upgrade is told in plain text, on a connection that ends"() {
    await assertUpgradeRefused("EIO=4&transport=tube", ERRORS[0]);
    await assertUpgradeRefused("EIO=4&transport=websocket&sid=unknown", ERRORS[1]);
  },

  async "the path ends with a slash"() {
    const { status } = await ask(server.port, "/socket.io?EIO=4&transport=polling");
    assert.equal(status, 404);
  },

  async "an unknown file below the path is a bad request"() {
    assertRefused(await ask(server.port, "/socket.io/nope.js"), 0);
  },

  async "the client library is served, with a tag"() {
    for (const name of ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"]) {
      const { status, headers, body } = await ask(server.port, `/socket.io/${name}`);
      assert.equal(status, 200);
      assert.equal(headers["content-type"], "application/javascript; charset=utf-8");
      assert.equal(headers["cache-control"], "public, max-age=0");
      assert.match(headers.etag, /^"[^"]+"$/);
      assert.ok(body.length > 1_000, `${name} has ${body.length} bytes`);
    }
  },

  async "the client library is not sent to who has it"() {
    const { headers } = await ask(server.port, "/socket.io/socket.io.js");
    for (const tag of [headers.etag, `W/${headers.etag}`]) {
      const options = { headers: { "If-None-Match": tag } };
      const { status, body } = await ask(server.port, "/socket.io/socket.io.js", options);
      assert.deepEqual([status, body], [304, ""]);
    }
  },

  async "the client library answers HEAD, and a query changes nothing"() {
    const { status, body } = await ask(server.port, "/socket.io/socket.io.js?v=2", { method: "HEAD" });
    assert.deepEqual([status, body], [200, ""]);
  },

  async "polls and posts are answered with their headers"() {
    const poller = await Poller.open(server);
    assertHeaders(poller.handshake, "text/plain; charset=UTF-8");
    const posted = await poller.post("40");
    assertHeaders(posted, "text/html");
    assert.equal(posted.body, "ok");
    assertHeaders(await poller.get(), "text/plain; charset=UTF-8");
  },

  async "Connection: close on every request hurts nobody"() {
    const headers = { Connection: "close" };
    const poller = await Poller.open(server, headers);
    const options = { headers, agent: undefined };
    assert.equal((await poller.post("40", options)).body, "ok");
    assert.match((await poller.get(options)).body, /^40\{"sid":"/);
  },
};

// CORS, with an allow-list of one origin

const cors = {
  async "CORS: an allowed origin is told so"() {
    const { status, headers } = await crossOrigin(ORIGIN, QUERY);
    assert.equal(status, 200);
    assert.equal(headers["access-control-allow-origin"], ORIGIN);
    assert.match(headers.vary, /\bOrigin\b/);
  },

  async "CORS: a foreign origin gets its answer without the permission"() {
    const { status, headers, body } = await crossOrigin(FOREIGN, QUERY);
    assert.equal(status, 200);
    assert.match(body, /^0\{"sid":"/);
    assert.equal(headers["access-control-allow-origin"], undefined);
    assert.match(headers.vary, /\bOrigin\b/);
  },

  async "CORS: a preflight is answered"() {
    const asked = {
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "x-one,x-two",
    };
    const { status, headers } = await crossOrigin(ORIGIN, QUERY, { method: "OPTIONS", headers: asked });
    assert.equal(status, 204);
    assert.equal(headers["content-length"], "0");
    assert.equal(headers["access-control-allow-origin"], ORIGIN);
    assert.equal(headers["access-control-allow-methods"], "GET,HEAD,PUT,PATCH,POST,DELETE");
    assert.equal(headers["access-control-allow-headers"], "x-one,x-two");
    assert.equal(headers.vary, "Origin, Access-Control-Request-Headers");
  },

  async "CORS: a foreign preflight gets no permission"() {
    const { status, headers } = await crossOrigin(FOREIGN, QUERY, { method: "OPTIONS" });
    assert.equal(status, 204);
    assert.equal(headers["access-control-allow-origin"], undefined);
  },

  async "CORS: errors carry the permission too"() {
    const answer = await crossOrigin(ORIGIN, "/socket.io/?EIO=4&transport=tube");
    assertRefused(answer, 0);
    assert.equal(answer.headers["access-control-allow-origin"], ORIGIN);
  },

  async "CORS: the client library carries the permission too"() {
    const { status, headers } = await crossOrigin(ORIGIN, "/socket.io/socket.io.js");
    assert.equal(status, 200);
    assert.equal(headers["access-control-allow-origin"], ORIGIN);
  },

  async "CORS: a WebSocket of an allowed origin is welcome"() {
    const line = await Line.open(await start("--origin", ORIGIN), "", { origin: ORIGIN });
    assert.match(await line.read(), /^0\{"sid":"/);
  },
};

export default { ...refusals, ...http, ...cors };
