// The two hosts: the line between them, and programs on the server's one. This process is on the clients' host.
//
// Descriptor 3 is the network namespace of the server's host.

import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { within } from "../clients/harness.mjs";

export const SERVER = "10.9.0.1";
/** Also the server's; of those who use it, all packets will be lost. */
export const LOST = "10.9.0.9";
const CLIENTS = "10.9.0.2";

/** A program on the server's host, whose lines are heard. */
class Program {
  constructor(...command) {
    const there = ["--net=/proc/self/fd/3", "--", ...command];
    this.process = spawn("nsenter", there, { stdio: ["pipe", "pipe", "pipe", 3] });
    this.lines = { stdout: [], stderr: [] };
    this.said = new EventEmitter().setMaxListeners(0);
    for (const pipe of ["stdout", "stderr"]) {
      createInterface({ input: this.process[pipe] }).on("line", (text) => {
        const line = { text, time: performance.now() };
        this.lines[pipe].push(line);
        this.said.emit("line");
      });
    }
  }

  /** The first line of that kind, once it is there. */
  line(pattern, pipe = "stdout", ms) {
    const find = () => this.lines[pipe].find(({ text }) => pattern.test(text));
    return until(this.said, "line", find, `the line ${pattern}`, ms);
  }

  tell(line) {
    this.process.stdin.write(`${line}\n`);
  }
}

/** How long anything may take on a busy machine, by a bad line; in milliseconds. */
const PATIENCE = 45_000;

/** What `value` returns, once that is something; asked again at each event. */
export async function until(emitter, event, value, what, ms = PATIENCE) {
  const changed = async () => {
    while (!value()) await once(emitter, event);
    return value();
  };
  return within(changed(), what, ms);
}

/** The line between the hosts, which can be cut. */
export class Line {
  static async lay(seed) {
    const line = new Line();
    line.program = new Program("python3", "link.py", `${process.pid}`, `${seed}`);
    await line.program.line(/^ready$/);
    here("ip", "address", "add", `${CLIENTS}/24`, "dev", "line1");
    here("ip", "link", "set", "line1", "up");
    there("ip", "address", "add", `${SERVER}/24`, "dev", "line0");
    there("ip", "address", "add", `${LOST}/24`, "dev", "line0");
    there("ip", "link", "set", "line0", "up");
    there("ip", "link", "set", "lo", "up");
    return line;
  }

  /** Does as it is told; says what it has carried so far. */
  async tell(command) {
    const { stdout } = this.program.lines;
    const answer = stdout.length;
    this.program.tell(command);
    await until(this.program.said, "line", () => stdout[answer], `the line to ${command}`);
    return stdout[answer].text;
  }
}

function here(...command) {
  execFileSync(command[0], command.slice(1), { stdio: "inherit" });
}

function there(...command) {
  const stdio = ["ignore", "inherit", "inherit", 3];
  execFileSync("nsenter", ["--net=/proc/self/fd/3", "--", ...command], { stdio });
}

/** The command, on every address of its host, and what it logs. */
export class Server {
  static async start(path, ...flags) {
    const server = new Server();
    // Its number in /proc is that of the namespace of processes to which /proc belongs.
    const say = 'read -r pid rest </proc/self/stat; echo "pid $pid"; exec "$@"';
    const command = [path, "--verbose", "--host", "0.0.0.0", "--port", "0", ...flags];
    server.program = new Program("sh", "-c", say, "sh", ...command);
    const { text } = await server.program.line(/http:.*:\d+$/);
    server.port = Number(/\d+$/.exec(text)[0]);
    server.pid = (await server.program.line(/^pid/)).text.slice(4);
    server.neighbour = new Program("node", "neighbour.mjs", `${server.port}`);
    await server.neighbour.line(/^ready$/);
    return server;
  }

  address(host = SERVER) {
    return `http://${host}:${this.port}`;
  }

  /** Somebody on the same host says something in its chat. */
  hears(text) {
    this.neighbour.tell(text);
  }

  /** Why it says that a socket is gone, and when it said so. */
  async gone(sid, ms) {
    const pattern = new RegExp(`disconnect ${sid}: (.*)$`);
    const { text, time } = await this.program.line(pattern, "stderr", ms);
    return { reason: pattern.exec(text)[1], time };
  }

  /** How many lines of its log are of that kind. */
  logged(pattern) {
    return this.program.lines.stderr.filter(({ text }) => pattern.test(text)).length;
  }

  lastWords() {
    return this.program.lines.stderr.slice(-20).map(({ text }) => `         ${text}`).join("\n");
  }

  descriptors() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Waits until it has exactly so many; another process can only be asked again and again. */
  async comesTo(descriptors) {
    const ask = setInterval(() => this.program.said.emit("line"), 20);
    const done = () => this.descriptors() === descriptors;
    await until(this.program.said, "line", done, `${descriptors} descriptors`)
      .finally(() => clearInterval(ask));
  }
}
