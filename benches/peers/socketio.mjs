// A relay on socket.io: every event "m" to all others in the room.
//
// As its manual advises for speed and memory: WebSockets only, no compression, no client served,
// bufferutil beside it, and the first request of a session is let go. The first line says the port.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
    transports: ["websocket"],
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    // No ping comes in the middle of a round.
    pingInterval: 3_600_000,
});

io.engine.on("connection", (session) => {
    session.request = null;
});
io.on("connection", (socket) => {
    socket.join("lobby");
    socket.on("m", (text) => socket.to("lobby").emit("m", text));
});
http.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => console.log(http.address().port));
