// The chat page: an application of Socket.IO, over roomcast's own client.
//
// A view is a place and what was said there: everyone, a room, one person. Its
// key is the fragment of the address: nothing, the room, "@" and the id.
// Text of others reaches the page as text nodes alone.

import { io } from "/socket.io/socket.io.esm.min.js";

const $ = new Proxy({}, { get: (_, id) => document.getElementById(id) });

const MESSAGES_KEPT = 500; // in each view
const UNSENT_KEPT = 100;
const NEAR_BOTTOM = 50; // px
// Milliseconds:
const SAME_BREATH = 120_000; // in which a sender is not named again
const TYPING_TOLD = 2000;
const TYPING_SHOWN = 4000;
const FIRST_RETRY = 1000; // doubled each time
const LAST_RETRY = 5000;
const PATIENCE = 8000; // for an answer

// The connection

const socket = io({
	autoConnect: false,
	reconnection: false,
	timeout: PATIENCE,
	auth: (answer) => answer({ serverOffset: viewOf("").heard, run, name: wanted }),
});

let run = 0; // of the server: each counts messages anew
let failures = 0;
let timer;

function dial() {
	clearTimeout(timer);
	socket.connect();
	failures ? showState("Offline", ", trying now") : showState("Connecting…");
}

function lost() {
	const jitter = 1 - Math.random() / 2; // pages come back one by one
	const delay = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** failures++) * jitter;
	showPlace();
	countDown(Date.now() + delay);
}

function countDown(until) {
	const left = until - Date.now();
	if (left <= 0 || left > LAST_RETRY) return dial();
	showState("Offline", `, next try in ${Math.ceil(left / 1000)} s`);
	timer = setTimeout(countDown, left % 1000 || 1000, until);
}

function connected() {
	failures = 0;
	showState("Online");
	mine.add(socket.id);
	$.name.title = `your id: ${socket.id}`;
	for (const view of views.values()) {
		if (!socket.recovered) view.inside = !view.isRoom;
		goIn(view);
	}
	check();
}

/** Its answer comes behind all that the page missed. */
function check() {
	socket.timeout(PATIENCE).emit("whoami", (error, _, rooms) => {
		if (!error) return caughtUp(rooms);
		// It outlived a sleep and looks open: closing it in order takes long.
		if (socket.connected) socket.io.ws.onclose();
	});
}

function caughtUp(rooms) {
	rooms.filter((name) => !views.has(name)).forEach(goOut);
	viewOf("").known = true;
	listen();
	flush();
}

function read(view, n) {
	view.heard = Math.max(view.heard, n);
}

// Views

const views = new Map(); // by key
let current;

const labelOf = ({ key, id }) => (id ? nameOf(id) : key || "everyone");

function viewOf(key) {
	let view = views.get(key);
	if (view) return view;
	const id = /^@([\w-]{20})$/.exec(key)?.[1];
	view = {
		key,
		id, // of the one person
		isRoom: key && !id,
		tab: make("a", id ? "private" : ""),
		list: make("ol"),
		heard: 0, // the number of the last message
		known: false, // what comes before that is no news
		inside: !key || id,
		unread: 0,
		people: new Map(), // names by ids
		more: 0, // people who are not in the list
		typing: new Map(), // timers by ids
		last: null, // by whom and when
	};
	view.tab.href = "#" + encodeURIComponent(key);
	view.tab.dir = "auto";
	view.list.role = "list";
	views.set(key, view);
	$.rooms.append(make("li", "", view.tab));
	showTab(view);
	remember();
	if (socket.connected) goIn(view);
	return view;
}

function enter(key) {
	const view = viewOf(key);
	if (view === current) return;
	if (current) current.draft = $.text.value;
	current = view;
	$.text.value = view.draft ?? "";
	$.log.ariaLive = "off";
	const old = $.messages;
	old.replaceWith(view.list);
	old.id = "";
	view.list.id = "messages";
	$.who.open = false;
	seen();
	jump();
	view.tab.scrollIntoView();
	listen();
}

/** What is added from the next frame on is read out. */
function listen() {
	requestAnimationFrame(() => {
		if (current.known || current.id) $.log.ariaLive = "polite";
	});
}

function goIn(view) {
	const { key, heard, known } = view;
	if (view.inside) return ask(view);
	socket.emit("join", key, heard, known ? run : 0, ({ error }) => {
		if (views.get(key) !== view) return views.has(key) || goOut(key);
		if (error) return forget(view, `The server did not let you into ${key}: ${error}.`);
		view.inside = view.known = true;
		listen();
		showPlace();
		ask(view);
	});
}

const goOut = (key) => socket.emit("leave", key, () => {});

function forget(view, why) {
	views.delete(view.key);
	view.tab.parentNode.remove();
	remember();
	if (view === current) {
		why ? location.replace("#") : (location.hash = "");
		enter("");
	}
	if (why) notice(viewOf(""), why);
}

function leave() {
	const { key, isRoom, inside } = current;
	forget(current);
	if (isRoom && inside && socket.connected) goOut(key);
}

function join(event) {
	event.preventDefault();
	const name = $["room-name"].value.trim();
	if (!name) return;
	location.hash = encodeURIComponent(name);
	$["room-name"].value = "";
	$.text.focus();
}

function keyOfAddress() {
	const fragment = location.hash.slice(1);
	return (attempt(() => decodeURIComponent(fragment)) ?? fragment).trim();
}

function remember() {
	const rooms = [...views.keys()].filter((key) => views.get(key).isRoom);
	attempt(() => (sessionStorage.rooms = JSON.stringify(rooms)));
}

function attempt(what) {
	try {
		return what();
	} catch {} // the browser keeps nothing
}

// People

const names = new Map(); // the latest of each id
let called = ""; // what the server calls me
let wanted = attempt(() => localStorage.name) || `guest-${1000 + Math.floor(9000 * Math.random())}`;

const nameOf = (id) => names.get(id) ?? id.slice(0, 6);

function rename(event) {
	event.preventDefault();
	const name = $.name.value.trim();
	if (event.type === "submit") $.text.focus();
	if (!name || name === called) return ($.name.value = called || wanted);
	const former = called;
	called = name;
	keepName(name);
	if (!socket.connected) return;
	socket.emit("name", name, (answer) => {
		showName(answer.error ? former : answer);
		notice(current, answer.error ?? `You are called ${answer} now`);
	});
}

function keepName(name) {
	wanted = name;
	attempt(() => (localStorage.name = name));
}

function showName(name) {
	called = name;
	if (!name.startsWith(wanted)) keepName(name);
	if (!$.name.matches(":focus")) $.name.value = name;
	ask(crowd());
}

const canHear = ({ inside, id }) => socket.connected && inside && !id;

function ask(view) {
	if (!canHear(view)) return;
	socket.emit("who", view.key, (list, count, last) => {
		if (list.error) return;
		read(view, last); // all of it is here
		view.people = new Map(list);
		view.more = count - list.length;
		for (const [id, name] of list) names.set(id, name);
		views.forEach(showTab);
		showPeople();
	});
}

function came(view, id, name) {
	names.set(id, name);
	view.people.set(id, name);
	passes(view, id, `${name} joined`);
}

function went(view, id, name) {
	view.people.delete(id);
	untype(view, id);
	passes(view, id, `${name} left`);
	if (!view.key && name === wanted) socket.emit("name", wanted, showName);
}

function passes(view, id, what) {
	if (mine.has(id)) return;
	tell(view, what);
	const secret = !view.key && views.get(`@${id}`);
	if (secret) tell(secret, what);
}

function renamed(id, name, former) {
	names.set(id, name);
	for (const view of views.values()) {
		if (view.people.has(id)) view.people.set(id, name);
		else if (view.id !== id) continue;
		showTab(view);
		tell(view, `${former} is called ${name} now`);
	}
}

/** Comings and goings in a row are one line, which is read out once. */
function tell(view, what) {
	let item = view.list.lastElementChild;
	if (!item?.told) {
		item = notice(view, "");
		item.told = [];
	}
	item.told = [...item.told.slice(-4), what];
	item.textContent = (item.told.length > 4 ? "… · " : "") + item.told.slice(-4).join(" · ");
	showPeople();
}

function typed() {
	if (!canHear(current) || Date.now() < toldAgain) return;
	toldAgain = Date.now() + TYPING_TOLD;
	socket.emit("typing", current.key);
}

let toldAgain = 0;

function types(view, id) {
	untype(view, id);
	view.typing.set(id, setTimeout(untype, TYPING_SHOWN, view, id));
	showTyping();
}

function untype(view, id) {
	clearTimeout(view.typing.get(id));
	view.typing.delete(id);
	showTyping();
}

function showTyping() {
	const who = [...current.typing.keys()].map(nameOf);
	const all = who.length > 2 ? `${who.length} people` : who.join(" and ");
	$.typing.textContent = all && `${all} ${who.length > 1 ? "are" : "is"} typing…`;
}

const crowd = () => viewOf(current.id ? "" : current.key);

function showPeople() {
	const { people, more, isRoom } = crowd();
	$.count.textContent = `${people.size + more} ${isRoom ? "here" : "online"}`;
	if (!$.who.open) return;
	const focused = $.people.querySelector(":focus")?.title;
	$.people.replaceChildren(
		...[...people].map(([id, name]) =>
			make("li", "", mine.has(id) ? `${name} (you)` : senderOf(id, name)),
		),
		more ? make("li", "", `and ${more} more`) : "",
	);
	if (focused) ($.people.querySelector(`[title="${focused}"]`) ?? $.count).focus();
}

// What I say

const unsent = [];
const me = Math.random();
let said = 0; // with that the name of a message: said once, however often it comes

function say(event) {
	event.preventDefault();
	const text = $.text.value.trim();
	if (!text) return;
	if (unsent.length >= UNSENT_KEPT) {
		return notice(current, `${UNSENT_KEPT} messages are waiting already.`);
	}
	const message = { text, own: true, view: current };
	message.item = show(message);
	unsent.push(message);
	flush();
	$.text.value = "";
	$.text.focus();
}

function flush() {
	while (unsent.length && socket.connected) write(unsent.shift());
}

function write(message) {
	const { text, view } = message;
	const { key, id, isRoom } = view;
	const place = id ? ["private message", id] : ["room message", key];
	const event = key ? place : ["chat message"];
	stamp(message, "sending");
	// Only members may speak, and this room was left while offline.
	const visit = isRoom && !views.has(key);
	if (visit) socket.emit("join", key);
	message.name ??= `${me}-${said++}`;
	socket.timeout(PATIENCE).emit(...event, text, message.name, answered.bind(null, message));
	if (visit) goOut(key);
}

function answered(message, error, answer) {
	if (error) {
		wait(message);
		return socket.connected && check();
	}
	if (answer.id) {
		read(message.view, answer.id);
		return stamp(message, "sent", answer.id);
	}
	message.name = null; // it was not said under this one
	fail(message, `Not sent: ${answer.error}.`);
}

function wait(message) {
	stamp(message, "waiting");
	unsent.push(message);
}

function fail(message, why) {
	const button = make("button", "", "Retry");
	const line = make("p", "failure", `${why} `, button);
	button.onclick = () => {
		line.remove();
		wait(message);
		flush();
		$.text.focus();
	};
	stamp(message, ""); // the line says it
	message.item.append(line);
	if (stick) toBottom();
}

/** A word until the message has a number, the time from then on. */
function stamp({ item }, state, n) {
	item.classList.toggle("waiting", !n);
	item.querySelector(".stamp").replaceWith(n ? timeOf(n) : make("span", "stamp", state));
}

// What others say

const mine = new Set(); // ids that I had

function hear(key, text, n, from, about) {
	const view = views.get(key);
	if (!(n > view?.heard)) return;
	view.heard = n;
	if (view.known && mine.has(from)) return;
	const { name, at } = about instanceof Object ? about : {};
	if (name && !at) names.set(from, name);
	untype(view, from);
	show({ view, text, n, from, name, at });
	if (at && !view.known) return;
	if (view === current && !stick) fresh += 1;
	if (document.hidden) unread += 1;
	else if (view === current) return;
	view.unread += 1;
	showTab(view);
	showPlace();
}

// The list

function show(message) {
	const { own, view, from, name, at } = message;
	const stamp = own ? make("span", "stamp", "waiting") : timeOf(message.n, at);
	const text = make("p", "text", ...withLinks(message.text));
	text.dir = "auto";
	const called = own ? "you" : (name ?? nameOf(from));
	const follows = inOneBreath(message);
	const who = own || follows ? make("b", "unseen", called) : senderOf(from, called);
	const head = make("div", "head", who);
	if (view.id) head.append(make("span", "tag", "in private"));
	head.append(make("span", "unseen", ": "));
	const item = make("li", "message", head, make("div", "row", text, stamp));
	if (own) item.className += " own waiting";
	if (view.id) item.className += " private";
	if (follows) item.className += " follows";
	if (own) stickNow();
	return append(view, item);
}

function inOneBreath({ own, view, from, name, at }) {
	const key = `${[own, from, name]}`;
	const time = at ?? Date.now();
	const same = view.last?.key === key && time - view.last.time < SAME_BREATH;
	view.last = { key, time };
	return same;
}

function senderOf(id, name) {
	const title = `message ${id} privately`;
	const onclick = () => {
		location.hash = `@${id}`;
		$.text.focus();
	};
	return Object.assign(make("button", "sender", name), { dir: "auto", title, onclick });
}

function timeOf(n, at = Date.now()) {
	const date = new Date(at);
	const dateStyle = Date.now() - at < 72e6 ? undefined : "short";
	const time = make("time", "stamp", date.toLocaleString([], { dateStyle, timeStyle: "short" }));
	time.dateTime = date.toISOString();
	time.title = `message ${n}, ${date.toLocaleString()}`;
	return time;
}

function notice(view, text) {
	view.last = null;
	return append(view, make("li", "notice", text));
}

function withLinks(text) {
	// Odd parts are addresses; they may end in (…).
	const parts = text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?')\]}](?:(?<=\/\S*\([^\s()]+)\))?)/i);
	return parts.map((part, i) => (i % 2 ? linkOf(part) : part));
}

function linkOf(address) {
	if (!URL.canParse(address)) return address;
	const rel = "noopener noreferrer nofollow";
	return Object.assign(make("a", "", address), { href: address, target: "_blank", rel });
}

// Scrolling: the list sticks to its end while the reader is there

let stick = true;
let fresh = 0; // below the reader
let top = 0; // where settle() left the reader
let frame = 0;

function append({ list }, item) {
	const shown = list === current.list;
	if (shown && !frame) stick ||= isNearBottom();
	list.append(item);
	if (!shown) trim(list);
	else if (document.hidden) settle();
	else frame ||= requestAnimationFrame(settle);
	return item;
}

function settle() {
	cancelAnimationFrame(frame);
	frame = 0;
	// Moved up within this frame: a flood must not hold the reader down.
	if ($.log.scrollTop < top - 1) stick = false;
	trim(current.list);
	if (stick) toBottom();
	showFresh();
}

function trim(list) {
	while (list.childElementCount > MESSAGES_KEPT) list.firstElementChild.remove();
}

function stickNow() {
	stick = true;
	top = 0;
}

function toBottom() {
	const log = $.log;
	log.scrollTop = log.scrollHeight;
	top = log.scrollTop;
	fresh = 0;
}

function scrolled() {
	if (frame) return; // settle() looks for itself
	stick = isNearBottom();
	top = $.log.scrollTop;
	if (stick) fresh = 0;
	showFresh();
}

function isNearBottom() {
	const { scrollHeight, scrollTop, clientHeight } = $.log;
	return scrollHeight - scrollTop - clientHeight <= NEAR_BOTTOM;
}

function showFresh() {
	$.newer.hidden = !fresh;
	$.newer.textContent = `${fresh} new message${fresh > 1 ? "s" : ""}`;
}

function jump() {
	stickNow();
	settle();
}

// Header and title

// Screen readers don't repeat the countdown.
function showState(text, more = "") {
	$.status.dataset.state = text;
	if ($.state.textContent !== text) $.state.textContent = text;
	$.countdown.textContent = more;
	$.retry.hidden = !more;
}

function showPlace() {
	const { key, id, inside } = current;
	const label = labelOf(current);
	const kind = id ? "Private message to " : "Message to ";
	$.text.labels[0].textContent = $.text.placeholder = kind + label;
	$.room.textContent = label + (socket.connected && inside ? "" : "…");
	$.leave.hidden = !key;
	$.leave.textContent = id ? "Close" : "Leave";
	showPeople();
	showTyping();
	const title = key ? `${label} · roomcast` : "roomcast";
	document.title = unread ? `(${unread}) ${title}` : title;
	$.icon.href = unread ? ICON_WITH_DOT : "favicon.svg";
}

function showTab(view) {
	const { tab, unread } = view;
	tab.textContent = labelOf(view);
	tab.ariaCurrent = view === current ? "page" : null;
	if (unread) tab.append(make("b", "", unread, make("span", "unseen", " unread")));
	if (view === current) showPlace();
}

let unread = 0; // heard while the page was hidden

function seen() {
	current.unread = unread = 0;
	views.forEach(showTab);
}

const ICON_WITH_DOT =
	"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><rect y='1' width='8' height='6' rx='2' fill='teal'/><circle cx='6' cy='2' r='2' fill='red'/></svg>";

// Small helpers

function make(tag, className, ...content) {
	const node = document.createElement(tag);
	if (className) node.className = className;
	node.append(...content);
	return node;
}

// Wiring

/** Is the connection still there? */
function wake() {
	if (socket.connected) check();
	else dial();
}

function looked() {
	if (document.hidden) return;
	seen();
	settle();
	wake();
}

socket.on("connect", connected);
socket.on("chat message", (...args) => hear("", ...args));
socket.on("room message", (room, ...args) => hear(room, ...args));
socket.on("private message", (to, text, n, from, about) => {
	hear(mine.has(from) ? "" : viewOf(`@${from}`).key, text, n, from, about);
});
socket.on("run", (id) => {
	if (id !== run) views.forEach((view) => (view.heard = 0));
	run = id;
});
socket.on("name", showName).on("renamed", renamed);
socket.on("error", (why) => notice(current, `The server says: ${why}.`));
const gap = (view) => notice(view, "Some of what was said here meanwhile is missing.");
for (const [event, act] of Object.entries({ joined: came, left: went, typing: types, gap })) {
	socket.on(event, (key, ...rest) => views.has(key) && act(views.get(key), ...rest));
}
socket.io.on("close", lost).on("error", lost);

$.composer.onsubmit = say;
$.text.oninput = typed;
$.me.onsubmit = $.name.onchange = rename;
$["room-form"].onsubmit = join;
for (const [id, act] of Object.entries({ leave, retry: dial, newer: jump })) {
	$[id].onclick = () => {
		act();
		$.text.focus();
	};
}
$.who.ontoggle = () => $.who.open && ask(crowd());
$.log.onscroll = scrolled;
new ResizeObserver(() => stick && toBottom()).observe($.log);
addEventListener("hashchange", () => enter(keyOfAddress()));
addEventListener("online", wake);
addEventListener("focus", seen);
document.onvisibilitychange = looked;

const before = attempt(() => sessionStorage.rooms);
enter("");
attempt(() => JSON.parse(before).forEach(viewOf));
enter(keyOfAddress());
$.name.value = wanted;
keepName(wanted);
dial();
