// roomcast's own Socket.IO 5 client for browsers. WebSocket only; no `engine`,
// no onAnyOutgoing, no other parsers. Defines the global `io`; with an export
// line appended it is an ES module.
var io = (() => {
const DEFAULTS = {
  path: "/socket.io/",
  reconnection: true, reconnectionAttempts: Infinity,
  reconnectionDelay: 1000, reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  timeout: 20000,
  autoConnect: true,
};
const RESERVED = /^(connect(_error)?|disconnect(ing)?|(new|remove)Listener)$/;
const ANY = Symbol();

// Packets. With attachments, EVENT is 5 and ACK is 6.
const CONNECT = 0, DISCONNECT = 1, EVENT = 2, ACK = 3, CONNECT_ERROR = 4;
const PACKET = /^4([0-6])(?:(\d+)-)?(?:(\/[^,]*),?)?(\d*)(.*)$/s;

// A packet as WebSocket messages: text, then attachments.
function encode(type, nsp, data, id = "") {
  const binary = [];
  const json = JSON.stringify(data, function (key, value) {
    const raw = this[key]; // before toJSON
    if (!(raw instanceof ArrayBuffer || raw instanceof Blob || ArrayBuffer.isView(raw))) return value;
    return { _placeholder: true, num: binary.push(raw) - 1 };
  }) ?? "";
  const head = binary.length ? `${type + 3}${binary.length}-` : type;
  return [`4${head}${nsp === "/" ? "" : nsp + ","}${id}${json}`, ...binary];
}

// Calls the page's function; what it throws is reported, no more.
function call(fn, self, args) {
  try {
    fn.apply(self, args);
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}

// Gives target on, once and off; returns what fires events.
function emitter(target) {
  let all = [];
  target.on = (event, fn, once) => {
    all = [...all, { event, fn, once }];
    return target;
  };
  target.once = (event, fn) => target.on(event, fn, true);
  target.off = (event, fn) => {
    all = all.filter((it) => (event !== undefined && it.event !== event) || (fn && it.fn !== fn));
    return target;
  };
  return (event, ...args) => {
    for (const it of all.filter((it) => it.event === event)) {
      if (it.once) all = all.filter((other) => other !== it);
      call(it.fn, target, args);
    }
  };
}

// A connection and its sockets, one a namespace.
function createManager(origin, options) {
  const opts = { ...DEFAULTS, ...options };
  const sockets = new Map();
  const active = () => [...sockets.values()].filter((it) => it.socket.active);
  let ws, timer, partial;
  let patience = 0; // ms to wait for a ping; 0 when not open
  let waiting; // timer of the next attempt
  let tries = 0;
  const manager = { opts, sockets, open, left, get ws() { return ws; } };
  const fire = emitter(manager);
  return manager;

  function open() {
    if (ws || waiting) return patience;
    const url = origin + opts.path.replace(/\/?$/, "/?EIO=4&transport=websocket&");
    ws = new WebSocket(url + new URLSearchParams(opts.query));
    ws.binaryType = "arraybuffer";
    ws.onmessage = (event) => receive(event.data);
    ws.onerror = (event) => end("transport error", event);
    ws.onclose = (event) => end("transport close", event);
    if (opts.timeout) timer = setTimeout(end, opts.timeout, "timeout");
  }

  // A text starts with its Engine.IO type.
  function receive(message) {
    try {
      if (message[0] === "0") opened(JSON.parse(message.slice(1)));
      else if (message[0] === "2") ping();
      else packet(message);
    } catch (error) {
      end("parse error", error);
    }
  }

  function opened({ pingInterval, pingTimeout }) {
    patience = pingInterval + pingTimeout;
    beat();
    fire("open");
    active().forEach((it) => it.ask());
    if (tries) fire("reconnect", tries);
    tries = 0;
  }

  function ping() {
    ws.send("3");
    beat();
    fire("ping");
  }

  function beat() {
    clearTimeout(timer);
    timer = setTimeout(end, patience, "ping timeout");
  }

  function packet(message) {
    if (typeof message !== "string") partial.binary.push(message);
    else if (partial) throw new Error("attachment expected");
    else partial = { head: PACKET.exec(message), binary: [] };
    const { binary, head: [, type, count = 0, nsp = "/", id, json] } = partial;
    if (binary.length < count) return;
    partial = null;
    const restore = (key, value) => value?._placeholder ? binary[value.num] : value;
    const data = JSON.parse(json || null, binary.length && restore);
    sockets.get(nsp)?.receive(type > 4 ? type - 3 : +type, data, id);
  }

  // The connection is over, or did not come to be.
  function end(reason, details) {
    const wasOpen = patience;
    ws.onmessage = ws.onerror = ws.onclose = () => {};
    ws.close();
    ws = partial = null;
    patience = 0;
    clearTimeout(timer);
    if (wasOpen) {
      sockets.forEach((it) => it.closed(reason, details));
      fire("close", reason, details);
    } else if (active().length) {
      const error = new Error(reason === "timeout" ? reason : "websocket error");
      active().forEach((it) => it.fire("connect_error", error));
      fire("error", error);
      if (tries) fire("reconnect_error", error);
    }
    retry();
  }

  function retry() {
    if (!opts.reconnection || ws || waiting || !active().length) return;
    if (tries >= opts.reconnectionAttempts) {
      tries = 0;
      return fire("reconnect_failed");
    }
    const jitter = 1 + opts.randomizationFactor * (2 * Math.random() - 1);
    const delay = opts.reconnectionDelay * 2 ** tries++ * jitter;
    waiting = setTimeout(() => {
      waiting = null;
      fire("reconnect_attempt", tries);
      if (active().length) open();
    }, Math.min(delay, opts.reconnectionDelayMax));
  }

  // The last socket takes the connection with it.
  function left() {
    if (active().length) return;
    waiting = clearTimeout(waiting);
    tries = 0;
    if (ws) end("forced close");
  }
}

function createSocket(manager, nsp, opts) {
  const acks = new Map(); // by id, functions (error, answer)
  const queue = []; // of the option `retries`
  let busy = false; // queue[0] is sent, not acked
  let inbox = []; // events that came before CONNECT was answered
  let outbox = []; // { id, frames } that wait for the connection
  let connected = false;
  let asking; // whose auth() may still answer
  let flags = {};
  let ids = 0;
  let pid, offset;

  const socket = {
    io: manager,
    nsp, auth: opts.auth, recovered: false,
    active: false, // connected, or meant to be
    get connected() { return connected; },
    get disconnected() { return !connected; },
    get volatile() { flags.volatile = true; return socket; },
    timeout(ms) { flags.timeout = ms; return socket; },
    onAny: (fn) => socket.on(ANY, fn),
    offAny: (fn) => socket.off(ANY, fn),
    send: (...args) => socket.emit("message", ...args),
    emitWithAck: (...args) => new Promise((resolve, reject) => {
      flags.withError = true;
      socket.emit(...args, (error, value) => error ? reject(error) : resolve(value));
    }),
    emit, connect, open: connect, disconnect, close: disconnect,
  };
  const fire = emitter(socket);
  const send = (frames) => frames.forEach((it) => manager.ws.send(it));
  const write = (type, data, id) => send(encode(type, nsp, data, id));
  manager.sockets.set(nsp, { socket, fire, ask, receive, closed });
  return socket;

  function connect() {
    const asked = socket.active;
    socket.active = true;
    if (manager.open() && !asked) ask();
    return socket;
  }

  function disconnect() {
    if (connected) write(DISCONNECT);
    leave("io client disconnect");
    return socket;
  }

  function emit(...data) {
    if (RESERVED.test(data[0])) throw new Error(`"${data[0]}" is a reserved event name`);
    const how = { timeout: opts.ackTimeout, ...flags };
    flags = {};
    const ack = typeof data.at(-1) === "function" ? data.pop() : undefined;
    if (opts.retries && !how.volatile) queue.push({ data, ack, how, tries: 0 });
    else transmit(data, ack, how);
    drain();
    return socket;
  }

  function transmit(data, ack, { timeout, volatile, withError = timeout >= 0 }) {
    const id = ack && ids++;
    const frames = encode(EVENT, nsp, data, id);
    const settle = (error, answer = []) => {
      clearTimeout(timer);
      acks.delete(id);
      if (withError) call(ack, socket, [error, ...answer]);
      else if (!error) call(ack, socket, answer);
    };
    const timer = ack && timeout >= 0 && setTimeout(() => {
      outbox = outbox.filter((it) => it.id !== id);
      settle(new Error("operation has timed out"));
    }, timeout);
    if (ack) acks.set(id, settle);
    if (connected && !(volatile && manager.ws.bufferedAmount)) send(frames);
    else if (!volatile) outbox.push({ id, frames });
  }

  // retries: one packet at a time, until acked or given up.
  function drain() {
    if (busy || !connected || !queue.length) return;
    const { data, ack, how } = queue[0];
    const tries = ++queue[0].tries;
    busy = true;
    transmit(data, (error, ...answer) => {
      const over = !error || tries > opts.retries;
      if (over) queue.shift();
      busy = false;
      drain();
      if (over) ack?.(error, ...answer);
    }, { ...how, withError: true });
  }

  function ask() {
    const turn = asking = {};
    const answer = (auth) => {
      if (turn !== asking) return;
      asking = null;
      write(CONNECT, pid ? { pid, offset, ...auth } : auth);
    };
    if (typeof socket.auth === "function") socket.auth(answer);
    else answer(socket.auth);
  }

  function receive(type, data, id) {
    if (!socket.active) return;
    if (type === CONNECT) return welcome(data);
    if (type === DISCONNECT) return leave("io server disconnect");
    if (type === ACK) return acks.get(+id)?.(null, data);
    if (type === CONNECT_ERROR) {
      leave();
      return fire("connect_error", Object.assign(new Error(data.message), { data: data.data }));
    }
    const { ws } = manager;
    if (id) data.push((...args) => connected && ws === manager.ws && write(ACK, args, id));
    if (connected) deliver(data);
    else inbox.push(data);
  }

  function welcome(answer) {
    socket.id = answer.sid;
    socket.recovered = !!pid && pid === answer.pid;
    if (!socket.recovered) offset = undefined;
    pid = answer.pid;
    connected = true;
    inbox.splice(0).forEach(deliver);
    if (!connected) return; // a listener left
    outbox.splice(0).forEach((it) => send(it.frames));
    drain();
    fire("connect");
  }

  function deliver(event) {
    const last = event.at(-1);
    fire(ANY, ...event);
    fire(...event);
    if (pid && event.length > 1 && typeof last === "string") offset = last;
  }

  function leave(reason) {
    socket.active = false;
    closed(reason);
    manager.left();
  }

  function closed(reason, details) {
    asking = null;
    inbox = [];
    if (!connected) return;
    connected = false;
    delete socket.id;
    fire("disconnect", reason, details);
    // Acks of waiting packets can still come.
    for (const [id, settle] of acks) {
      if (!outbox.some((it) => it.id === id)) settle(new Error("socket has been disconnected"));
    }
  }
}

const managers = new Map();

// Namespaces of one host share a connection; the same one twice does not.
function io(url = "", opts) {
  if (typeof url === "object") [url, opts] = ["", url ?? opts];
  const { protocol, host } = globalThis.location ?? {};
  const [, scheme = protocol, at = host, nsp = "/", query] = /^(?:(\w+:)?\/\/)?([^/?#]+)?(\/[^?#]*)?\??([^#]*)/.exec(url);
  const origin = `${scheme.replace("http", "ws")}//${at}`;
  opts = { query, ...opts };
  const key = origin + opts.path;
  let manager = managers.get(key);
  const alone = opts.forceNew || opts.multiplex === false || manager?.sockets.has(nsp);
  if (alone || !manager) manager = createManager(origin, opts);
  if (!alone) managers.set(key, manager);
  const socket = createSocket(manager, nsp, opts);
  return manager.opts.autoConnect ? socket.connect() : socket;
}

io.io = io.connect = io;
return io;
})();
