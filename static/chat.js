// The chat page over roomcast's plain door: a WebSocket at /ws, each message
// one JSON array ["event name", ...arguments], in both directions.
//
// It knows: which events there are, one room at a time (the address's
// fragment), and how to come back after the connection was lost.
// It does not know names, who is online, or what was said before it came:
// the door has no events for those. Nor does it know whether a message
// arrived, only whether it was written to an open socket.
//
// Text of others reaches the page through textContent alone.

const MESSAGES_KEPT = 500;
const UNSENT_KEPT = 100;
const NEAR_BOTTOM = 50; // px
const SAME_BREATH = 120_000; // ms in which a sender is not named again

const FIRST_RETRY = 1000; // ms, doubled each time
const LAST_RETRY = 5000;
const JITTER = 0.5; // so that a thousand pages don't come back as one
const PATIENCE = 8000; // ms for a socket to open, or a question's answer

// The connection. It knows nothing of chat.

class Line {
  #url;
  #on;
  #socket = null;
  #timer = 0; // with a socket: its patience; without: the next try
  #failures = 0;

  constructor(url, on) {
    this.#url = url;
    this.#on = on;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Tries now, unless a socket is there already. */
  dial() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#heard(event.data);
    socket.onclose = () => this.#lost();
    this.#socket = socket;
    this.expectAnswer();
    this.#on.state(this.#failures ? "retrying" : "connecting");
  }

  send(...frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  /** A socket that outlived a sleep looks open; silence tells that it isn't. */
  expectAnswer() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(), PATIENCE);
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#on.state("online");
    this.#on.open();
  }

  #heard(data) {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#on.message(data);
  }

  #lost() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
    this.#wait(Date.now() + this.#delay());
    this.#failures += 1;
  }

  #delay() {
    const jitter = 1 + JITTER * (2 * Math.random() - 1);
    return Math.min(LAST_RETRY, FIRST_RETRY * 2 ** this.#failures * jitter);
  }

  #wait(until) {
    const left = until - Date.now();
    if (left <= 0) return this.dial();
    this.#on.state("offline", Math.ceil(left / 1000));
    this.#timer = setTimeout(() => this.#wait(until), left % 1000 || 1000);
  }
}

function doorAddress() {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

const line = new Line(doorAddress(), { state: showState, open, message: receive });

// What the server says

const events = {
  "chat message": (text, n, from) => hear({ text, n, from, room: "" }),
  "room message": (room, text, n, from) => hear({ text, n, from, room }),
  "private message": (to, text, n, from) => hear({ text, n, from, to }),
  whoami: (id, rooms) => learn(id, rooms),
  error: (reason) => notice(words(reason)),
};

function receive(data) {
  const [name, ...args] = parse(data);
  if (Object.hasOwn(events, name)) events[name](...args);
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    return Array.isArray(frame) ? frame : [];
  } catch {
    return [];
  }
}

const words = (said) => (typeof said === "string" ? said : (JSON.stringify(said) ?? ""));

// Who and where I am: asked after each change, told by the answer

let room = ""; // wanted; "" is everyone
let told = ""; // the room that the reader was last told of
let asked = 0; // questions under way: only the last answer tells the present
let answers = false; // the server is one that answers
let lostAt = null;

function open() {
  asked = 0;
  if (room) line.send("join", room);
  ask();
  if (lostAt) notice(`Back online. What others said since ${clock(lostAt)} is not here.`);
  lostAt = null;
  flush();
}

function ask() {
  asked += 1;
  line.send("whoami");
  if (answers) line.expectAnswer();
}

function learn(id, rooms = []) {
  answers = true;
  asked -= 1;
  showMe(id);
  if (asked > 0) return;
  if (room && !rooms.includes(room)) forgetRoom();
  showRoom(true);
  if (room !== told) notice(room ? `You are in ${room}.` : "You are back with everyone.");
  told = room;
}

function enter(next) {
  if (next === room) return;
  const previous = room;
  room = next;
  aim(null);
  showRoom(false);
  if (!line.isOpen) return;
  if (previous) line.send("leave", previous);
  if (next) line.send("join", next);
  ask();
}

function leave() {
  history.pushState(null, "", location.pathname);
  enter("");
  $("text").focus();
}

function forgetRoom() {
  notice(`The server did not let you into ${room}.`);
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

function say(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  if (unsent.length >= UNSENT_KEPT) {
    return notice(`${UNSENT_KEPT} messages are waiting already. This one stays in the field.`);
  }
  const message = { text, own: true, ...(target ? { to: target } : { room }) };
  unsent.push({ message, item: show(message) });
  flush();
  $("text").value = "";
  $("text").focus();
}

function flush() {
  while (unsent.length && line.isOpen) {
    const { message, item } = unsent.shift();
    write(message);
    settleItem(item);
  }
}

function write({ text, to, room: where }) {
  if (to) return line.send("private message", to, text);
  if (!where) return line.send("chat message", text);
  // Written for a room that was left while offline: only members may speak.
  const visit = where !== room;
  if (visit) line.send("join", where);
  line.send("room message", where, text);
  if (visit) line.send("leave", where);
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

// The list

let last = null; // what the next message is compared with: same breath?

function hear(message) {
  show(message);
  if (!stick) fresh += 1;
  if (document.hidden) countUnread(unread + 1);
}

function show(message) {
  const now = new Date();
  const item = make("li", "message");
  if (message.own) item.classList.add("own", "waiting");
  if (message.to) item.classList.add("private");
  if (inOneBreath(message, now)) item.classList.add("follows");
  if (!message.own) item.append(faceOf(message.from));
  item.append(headOf(message), rowOf(message, now));
  if (message.own) stickNow();
  append(item);
  return item;
}

function inOneBreath({ own, from, to, room: where }, now) {
  const key = JSON.stringify([own, from, to, where]);
  const same = last?.key === key && now - last.time < SAME_BREATH;
  last = { key, time: now };
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

function rowOf(message, now) {
  const text = make("p", "text");
  text.dir = "auto";
  text.append(...withLinks(words(message.text)));
  const row = make("div", "row");
  row.append(text, message.own ? make("span", "stamp", "waiting") : timeOf(now, message.n));
  return row;
}

/** The message has been written to an open socket. */
function settleItem(item) {
  item.classList.remove("waiting");
  item.querySelector(".stamp").replaceWith(timeOf(new Date()));
}

function timeOf(date, n) {
  const time = make("time", "stamp", clock(date));
  time.dateTime = date.toISOString();
  time.title = date.toLocaleString() + (n === undefined ? "" : `, message ${n} on the server`);
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
  if (state === "offline") showOffline();
  $("status").dataset.state = state;
  if ($("state").textContent !== text) $("state").textContent = text;
  $("countdown").textContent = more + (seconds ? `${seconds} s` : "");
  $("retry").hidden = name !== "offline";
}

function showOffline() {
  if ($("status").dataset.state === "online") lostAt = new Date();
  showMe("");
  showRoom(false);
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
  return String(id).slice(0, 6);
}

function clock(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** A disc in the id's own colours. */
function faceOf(id) {
  const face = make("span", "face");
  face.ariaHidden = "true";
  if (id) face.style.setProperty("--hue", hueOf(String(id)));
  return face;
}

function hueOf(id) {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}

// Wiring

/** The network is back, or somebody looks: is the line still there? */
function wake() {
  if (line.isOpen) ask();
  else line.dial();
}

function looked() {
  if (document.hidden) return;
  countUnread(0);
  settle();
  wake();
}

function dialByHand() {
  line.dial();
  $("text").focus();
}

$("composer").addEventListener("submit", say);
$("text").addEventListener("keydown", (event) => event.key === "Escape" && aim(null));
$("back").addEventListener("click", () => aimAndType(null));
$("room-form").addEventListener("submit", join);
$("leave").addEventListener("click", leave);
$("retry").addEventListener("click", dialByHand);
$("newer").addEventListener("click", jump);
$("log").addEventListener("scroll", scrolled, { passive: true });
new ResizeObserver(() => stick && toBottom()).observe($("log"));
addEventListener("hashchange", () => enter(roomOfAddress()));
addEventListener("online", wake);
addEventListener("focus", () => countUnread(0));
document.addEventListener("visibilitychange", looked);

room = roomOfAddress();
aim(null);
showRoom(false);
line.dial();
