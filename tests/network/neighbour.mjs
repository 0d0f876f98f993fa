// Somebody on the server's own host: says every line of its input in the chat.
//
//   node neighbour.mjs PORT

import { createRequire } from "node:module";
import { once } from "node:events";
import { createInterface } from "node:readline";

const WebSocket = createRequire(new URL("../clients/", import.meta.url))("ws");
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/ws`);
await once(socket, "open");
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  socket.send(JSON.stringify(["chat message", line]));
}
