// A relay on Bun, whose server is uWebSockets: every message to all others in the room.
//
// No compression, no pings, and topics, which are its way to send to many. Who is slow may have as
// much waiting as it takes, since nothing may be lost here. The first line says the port.
const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("no WebSocket", { status: 400 })),
    websocket: {
        perMessageDeflate: false,
        sendPings: false,
        idleTimeout: 0,
        backpressureLimit: 1 << 30,
        maxPayloadLength: 1 << 20,
        open: (socket) => socket.subscribe("lobby"),
        message: (socket, message) => void socket.publish("lobby", message),
    },
});

console.log(server.port);
