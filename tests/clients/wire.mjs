// The wire itself: golden strings and error codes, by hand-made requests.
//
//   node wire.mjs PROGRAM [--reference] [--only TEXT]
//
// No client library takes part, so that nothing is hidden or mended on the
// way. `--reference` leaves out what is better here than in the reference
// server. README.md has the application that the program must serve, and
// wire/ has the checks.

import { commandLine, run } from "./harness.mjs";
import engine from "./wire/engine.mjs";
import http from "./wire/http.mjs";
import improvements from "./wire/improvements.mjs";
import { serve } from "./wire/kit.mjs";
import packets from "./wire/packets.mjs";
import recovery from "./wire/recovery.mjs";
import upgrades from "./wire/upgrade.mjs";

const { program, reference, only } = commandLine();
const server = await serve(program);
const checks = { ...http, ...engine, ...upgrades, ...packets, ...recovery };
const promised = reference ? checks : { ...checks, ...improvements };
const skipped = reference ? Object.keys(improvements) : [];
await run(Object.entries(promised), { only, skipped });
await server.kill();
