// A relay on ws: every message to all clients but its sender.
//
// As its manual advises for speed: no compression, and bufferutil beside it. A message goes on as the
// buffer it came in, so that it is not decoded. The first line says the port.
import { WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 1024, perMessageDeflate: false });

server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
    socket.on("error", console.error);
    socket.on("message", (message, isBinary) => {
        for (const client of server.clients) {
            if (client !== socket && client.readyState === WebSocket.OPEN) client.send(message, { binary: isBinary });
        }
    });
});
