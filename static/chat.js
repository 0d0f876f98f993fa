// The chat page: an application of Socket.IO, over roomcast's own client.
//
// It knows: which events there are, one room at a time (the address's
// fragment), which of its own messages have an answer, and how to come back.
// It does not know names, who is online, or when something was said before
// it came: the server has no words for those.
//
// Text of others reaches the page through textContent alone.

import { io } from "/socket.io/socket.io.esm.min.js";

const MESSAGES_KEPT = 500;
const UNSENT_KEPT = 100;
const NEAR_BOTTOM = 50; // px
const SAME_BREATH = 120_000; // ms in which a sender is not named again

const FIRST_RETRY = 1000; // ms, doubled each time
const LAST_RETRY = 5000;
const JITTER = 0.5; // so that a thousand pages don't come back as one
const PATIENCE = 8000; // ms for a connection to open, or an answer to come

// The connection. The page itself says when to try again: it shows the time.

const socket = io({
  autoConnect: false,
  reconnection: false,
  timeout: PATIENCE,
  auth: (answer) => answer({ serverOffset: heard }),
});

let failures = 0;
let timer = 0; // of the next try
let lostAt = null;

function dial() {
  clearTimeout(timer);
  socket.connect();
  showState(failures ? "retrying" : "connecting");
}

function lost() {
  const jitter = 1 + JITTER * (2 * Math.random() - 1);
  const delay = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** failures * jitter);
  failures += 1;
  if (greeted) lostAt ??= new Date();
  caughtUp = false;
  showMe("");
  showRoom(false);
  countDown(Date.now() + delay);
}

function countDown(until) {
  const left = until - Date.now();
  if (left <= 0) return dial();
  showState("offline", Math.ceil(left / 1000));
  timer = setTimeout(countDown, left % 1000 || 1000, until);
}

function connected() {
  failures = 0;
  showState("online");
  showMe(socket.id);
  mine.add(socket.id);
  if (lostAt && !socket.recovered) tellGap(clock(lostAt));
  lostAt = null;
  check();
  goIn();
  flush();
}

function tellGap(time) {
  const place = told ? `in ${told} or ` : "";
  notice(`Back online. What was said ${place}to you alone since ${time} is not here.`);
}

/** Asks for a sign of life, which comes behind all that the page missed. */
function check() {
  socket.timeout(PATIENCE).emit("whoami", (error, _, rooms) => {
    if (!error) return caughtUpIn(rooms);
    // It outlived a sleep and looks open: closing it in order takes long.
    if (socket.connected) socket.io.ws.onclose();
  });
}

function caughtUpIn(rooms) {
  caughtUp = greeted = true;
  $("log").ariaLive = "polite"; // not before: nobody wants the history read out
  rooms.filter((name) => name !== room).forEach(goOut);
}

// Where I am

let room = ""; // wanted; "" is everyone
let told = ""; // the room that the reader was last told of

function enter(next) {
  if (next === room) return;
  const previous = room;
  room = next;
  aim(null);
  showRoom(false);
  if (!socket.connected) return;
  if (previous) goOut(previous);
  goIn();
}

function goIn() {
  const name = room;
  if (!name) return showIn();
  socket.emit("join", name, ({ error }) => {
    if (name !== room) return; // elsewhere by now
    if (error) forgetRoom(error);
    showIn();
  });
}

function goOut(name) {
  socket.emit("leave", name, () => {});
}

function showIn() {
  showRoom(true);
  if (room !== told) notice(room ? `You are in ${room}.` : "You are back with everyone.");
  told = room;
}

function leave() {
  history.pushState(null, "", location.pathname);
  enter("");
  $("text").focus();
}

function forgetRoom(why) {
  notice(`The server did not let you into ${room}: ${why}.`);
  history.replaceState(null, "", location.pathname);
  room = told = "";
  aim(null);
}

function join(event) {
  event.preventDefault();
  const name = $("room-name").value.trim();
  if (!name) return;
  location.hash = encodeURIComponent(name);
  $("room-name").value = "";
  $("text").focus();
}

function roomOfAddress() {
  const fragment = location.hash.slice(1);
  try {
    return decodeURIComponent(fragment).trim();
  } catch {
    return fragment;
  }
}

// What I say

const unsent = [];
let target = null; // the id that the composer is aimed at, or null for the room
let names = 0; // given to messages

function say(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  if (unsent.length >= UNSENT_KEPT) {
    return notice(`${UNSENT_KEPT} messages are waiting already. This one stays in the field.`);
  }
  const message = { text, own: true, ...(target ? { to: target } : { room }) };
  message.item = show(message);
  unsent.push(message);
  flush();
  $("text").value = "";
  $("text").focus();
}

function flush() {
  while (unsent.length && socket.connected) write(unsent.shift());
}

function write(message) {
  const { text, to, room: where } = message;
  const send = (...event) =>
    socket.timeout(PATIENCE).emit(...event, (error, answer) => answered(message, error, answer));
  stamp(message, "sending");
  if (to) return send("private message", to, text);
  // The server says a message of one name once, however often it comes.
  if (!where) return send("chat message", text, (message.name ??= `${socket.id}-${names++}`));
  // Written for a room that was left while offline: only members may speak.
  const visit = where !== room;
  if (visit) socket.emit("join", where, () => {});
  send("room message", where, text);
  if (visit) goOut(where);
}

function answered(message, error, answer) {
  if (error && message.name && !socket.connected) return wait(message);
  if (error) return fail(message, "Perhaps not sent: no answer came.");
  if (answer.id) return stamp(message, "sent", answer.id);
  message.name = null; // it was not said under this one
  fail(message, `Not sent: ${answer.error}.`);
}

function wait(message) {
  stamp(message, "waiting");
  unsent.push(message);
}

function fail(message, why) {
  const line = make("p", "failure", `${why} `);
  const button = make("button", "", "Retry");
  button.onclick = () => {
    line.remove();
    wait(message);
    flush();
    $("text").focus();
  };
  line.append(button);
  stamp(message, ""); // the line says it
  message.item.append(line);
  if (stick) toBottom();
}

/** A word until the message has a number, the time from then on. */
function stamp({ item }, state, n) {
  item.classList.toggle("waiting", !n);
  const [old] = item.getElementsByClassName("stamp");
  old.replaceWith(n ? timeOf(n) : make("span", "stamp", state));
}

/** Points the composer at one person, or with null back at the room. */
function aim(id) {
  target = id;
  const place = room || "everyone";
  $("target").hidden = !id;
  $("target-id").textContent = id ? short(id) : "";
  $("back").textContent = `Back to ${place}`;
  const label = id ? `Private message to ${short(id)}` : `Message to ${place}`;
  $("text-label").textContent = $("text").placeholder = label;
}

function aimAndType(id) {
  aim(id);
  $("text").focus();
}

// What others say

const mine = new Set(); // ids that I had: what comes from them is in the list
let heard = 0; // the number of the last message
let caughtUp = false; // what comes before that was said earlier
let greeted = false; // what comes before that is no news

function hear(message) {
  heard = message.n;
  if (mine.has(message.from)) return;
  show({ ...message, past: !caughtUp });
  if (!stick) fresh += 1;
  if (document.hidden && greeted) countUnread(unread + 1);
}

// The list

let last = null; // what the next message is compared with: same breath?

function show(message) {
  const item = make("li", "message");
  if (message.own) item.classList.add("own", "waiting");
  if (message.to) item.classList.add("private");
  if (inOneBreath(message)) item.classList.add("follows");
  if (!message.own) item.append(faceOf(message.from));
  item.append(headOf(message), rowOf(message));
  if (message.own) stickNow();
  append(item);
  return item;
}

function inOneBreath({ own, from, to, room: where }) {
  const key = JSON.stringify([own, from, to, where]);
  const time = Date.now();
  const same = last?.key === key && time - last.time < SAME_BREATH;
  last = { key, time };
  return same;
}

function headOf(message) {
  const head = make("div", "head");
  head.append(message.own ? make("span", "unseen", "you") : senderOf(message.from));
  const tag = tagOf(message);
  if (tag) head.append(make("span", "tag", tag));
  head.append(make("span", "unseen", ": "));
  return head;
}

function senderOf(id) {
  const button = make("button", "sender", short(id));
  button.title = `message ${id} privately`;
  button.onclick = () => aimAndType(id);
  return button;
}

function tagOf({ own, to, room: where }) {
  if (to) return own ? `privately to ${short(to)}` : "privately to you";
  if (where === room) return "";
  return where ? `in ${where}` : "to everyone";
}

function rowOf(message) {
  const text = make("p", "text");
  text.dir = "auto";
  text.append(...withLinks(message.text));
  const row = make("div", "row");
  const state = message.own ? "waiting" : message.past && "earlier";
  row.append(text, state ? make("span", "stamp", state) : timeOf(message.n));
  return row;
}

function timeOf(n) {
  const date = new Date();
  const time = make("time", "stamp", clock(date));
  time.dateTime = date.toISOString();
  time.title = `${date.toLocaleString()}, message ${n} on the server`;
  return time;
}

function notice(text) {
  const before = $("messages").lastElementChild;
  if (before?.className === "notice" && before.textContent === text) return;
  last = null;
  append(make("li", "notice", text));
}

function withLinks(text) {
  // Odd parts are addresses; a full stop or bracket behind one stays outside.
  const parts = text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?')\]}])/i);
  return parts.map((part, i) => (i % 2 ? linkOf(part) : part));
}

function linkOf(address) {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") return address;
  const link = make("a", "", address);
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

// Scrolling: the list sticks to its end as long as the reader is there

let stick = true;
let fresh = 0; // messages below the reader
let top = 0; // where settle() left the reader
let frame = 0;

function append(item) {
  if (!frame) stick ||= isNearBottom();
  $("messages").append(item);
  if (document.hidden) settle();
  else frame ||= requestAnimationFrame(settle); // once for many messages
}

function settle() {
  cancelAnimationFrame(frame);
  frame = 0;
  // The reader moved up within this frame: a flood must not hold them down.
  if ($("log").scrollTop < top - 1) stick = false;
  trim();
  if (stick) toBottom();
  showFresh();
}

function trim() {
  const list = $("messages");
  while (list.childElementCount > MESSAGES_KEPT) list.firstElementChild.remove();
}

function stickNow() {
  stick = true;
  top = 0;
}

function toBottom() {
  const log = $("log");
  log.scrollTop = log.scrollHeight;
  top = log.scrollTop;
  fresh = 0;
}

function scrolled() {
  if (frame) return; // settle() looks for itself
  stick = isNearBottom();
  top = $("log").scrollTop;
  if (stick) fresh = 0;
  showFresh();
}

function isNearBottom() {
  const { scrollHeight, scrollTop, clientHeight } = $("log");
  return scrollHeight - scrollTop - clientHeight <= NEAR_BOTTOM;
}

function showFresh() {
  $("newer").hidden = fresh === 0;
  $("newer").textContent = fresh === 1 ? "1 new message" : `${fresh} new messages`;
}

function jump() {
  stickNow();
  settle();
  $("text").focus();
}

// Header and title

const STATES = {
  connecting: ["connecting", "Connecting…"],
  retrying: ["offline", "Offline", ", trying now"],
  offline: ["offline", "Offline", ", next try in "],
  online: ["online", "Online"],
};

// The countdown is a part of its own that screen readers don't repeat.
function showState(name, seconds) {
  const [state, text, more = ""] = STATES[name];
  $("status").dataset.state = state;
  if ($("state").textContent !== text) $("state").textContent = text;
  $("countdown").textContent = more + (seconds ? `${seconds} s` : "");
  $("retry").hidden = name !== "offline";
}

function showMe(id) {
  $("me").textContent = id;
  $("my-face").replaceWith(Object.assign(faceOf(id), { id: "my-face" }));
}

function showRoom(sure) {
  $("room").textContent = (room || "everyone") + (sure ? "" : "…");
  $("leave").hidden = !room;
  countUnread(unread);
}

let unread = 0; // heard while the page was hidden

function countUnread(count) {
  unread = count;
  const name = room ? `${room} · roomcast` : "roomcast";
  document.title = unread ? `(${unread}) ${name}` : name;
  const icon = unread ? ICON_WITH_DOT : "favicon.svg";
  if ($("icon").getAttribute("href") !== icon) $("icon").setAttribute("href", icon);
}

const ICON_WITH_DOT =
  "data:image/svg+xml," +
  encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect x="2" y="5" width="28" height="22" rx="7" fill="#14695c"/>
<circle cx="24" cy="8" r="7.5" fill="#d9482b"/></svg>`);

// Small helpers

function $(id) {
  return document.getElementById(id);
}

function make(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** Ids are 20 random characters: six tell people apart on one page. */
function short(id) {
  return id.slice(0, 6);
}

function clock(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** A disc in the id's own colours. */
function faceOf(id) {
  const face = make("span", "face");
  face.ariaHidden = "true";
  if (id) face.style.setProperty("--hue", hueOf(id));
  return face;
}

function hueOf(id) {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}

// Wiring

/** The network is back, or somebody looks: is the connection still there? */
function wake() {
  if (socket.connected) check();
  else dial();
}

function looked() {
  if (document.hidden) return;
  countUnread(0);
  settle();
  wake();
}

socket.on("connect", connected);
socket.on("chat message", (text, n, from) => hear({ text, n, from, room: "" }));
socket.on("room message", (room, text, n, from) => hear({ text, n, from, room }));
socket.on("private message", (to, text, n, from) => hear({ text, n, from, to }));
socket.io.on("close", lost).on("error", lost);

$("composer").onsubmit = say;
$("text").onkeydown = ({ key }) => {
  if (key === "Escape") aim(null);
};
$("back").onclick = () => aimAndType(null);
$("room-form").onsubmit = join;
$("leave").onclick = leave;
$("retry").onclick = () => {
  dial();
  $("text").focus();
};
$("newer").onclick = jump;
$("log").onscroll = scrolled;
new ResizeObserver(() => stick && toBottom()).observe($("log"));
addEventListener("hashchange", () => enter(roomOfAddress()));
addEventListener("online", wake);
addEventListener("focus", () => countUnread(0));
document.onvisibilitychange = looked;

room = roomOfAddress();
aim(null);
showRoom(false);
dial();
