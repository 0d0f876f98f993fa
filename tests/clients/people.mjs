// What node.mjs and chat.mjs share: clients of npm socket.io-client, in one of
// three modes, and how to wait for what comes to them.

import { Manager } from "socket.io-client";
import { PATIENCE, Program, defer, run, turn, within } from "./harness.mjs";

const MODES = {
  websocket: { transports: ["websocket"] },
  polling: { transports: ["polling"] },
  upgrading: {},
};
export const BURST = 1_000;

/** The name of the present mode. */
export let mode;
/** For checks that need no flags. */
export let server;

let tested; // the program

// Clients

export const PERSISTENT = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

/** A connection of its own, which is closed when the check is over. */
export function manager({ address = server.address, ...options } = {}) {
  const made = new Manager(address, { ...MODES[mode], reconnection: false, ...options });
  defer(() => made._close());
  return made;
}

/** A connected client, upgraded where the mode says so; options are for it and its connection. */
export async function client(options) {
  const socket = await join(manager(options), "/", options);
  if (mode === "upgrading") await upgrade(socket);
  return socket;
}

export function clients(n, options) {
  return Promise.all(Array.from({ length: n }, () => client(options)));
}

/** A connected socket of a namespace on a connection that is there. */
export async function join(connection, namespace, options) {
  const socket = connection.socket(namespace, options);
  if (!socket.connected) await next(socket, "connect");
  return socket;
}

export async function upgrade({ io: { engine } }) {
  if (engine.transport.name === "polling") await next(engine, "upgrade");
}

export async function start(...flags) {
  const program = await Program.start(tested, ...flags);
  defer(() => program.kill());
  return program;
}

/** Cuts a client's connection, whatever is under way; one that polls has none between two polls. */
export async function lose(relay, socket) {
  const end = next(socket, "disconnect");
  while (socket.connected) {
    relay.cut();
    await Promise.race([end, turn()]);
  }
}

// Waiting and listening

/** The arguments of the emitter's next such event. */
export function next(emitter, event) {
  return within(new Promise((done) => emitter.once(event, (...args) => done(args))), `"${event}"`);
}

/** All such events from now on, in a list that grows. */
export function log(socket, event) {
  const heard = [];
  socket.on(event, (...args) => heard.push(args));
  return heard;
}

/** All events from now on, each as its name and its first argument. */
export function logAny(socket) {
  const heard = [];
  socket.onAny((event, first) => heard.push([event, first]));
  return heard;
}

/** The next `n` such events. */
export function collect(socket, event, n) {
  const heard = [];
  const complete = new Promise((done) => {
    socket.on(event, (...args) => heard.push(args) === n && done(heard));
  });
  const lacking = () => new Error(`only ${heard.length} of ${n} "${event}" came`);
  return within(complete, `"${event}"`, 2 * PATIENCE).catch(() => Promise.reject(lacking()));
}

export async function refusal(socket) {
  const [error] = await next(socket, "connect_error");
  return error;
}

// Values

export const numbers = (n) => Array.from({ length: n }, (_, i) => i);
export const ordered = (n) => numbers(n).map((i) => [i]);
export const firsts = (events) => events.map(([first]) => first);
export const bytes = (n) => Buffer.from(Uint8Array.from({ length: n }, (_, i) => (i * 7) % 256));

// Running

/** Runs checks in every mode, those of `upgrading` in that one only, against the program. */
export async function runInModes(path, { checks, upgrading = {}, ...options }) {
  tested = path;
  server = await Program.start(path);
  await run(
    Object.keys(MODES).flatMap((name) => {
      const all = { ...checks, ...(name === "upgrading" && upgrading) };
      return Object.entries(all).map((entry) => inMode(name, ...entry));
    }),
    options,
  );
  await server.kill();
}

/** A check under its full name. */
function inMode(name, sentence, check) {
  const inThisMode = () => {
    mode = name;
    return check();
  };
  return [`${name}: ${sentence}`, inThisMode];
}
