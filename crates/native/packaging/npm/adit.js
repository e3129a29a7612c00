#!/usr/bin/env node
// Runs the program of the package for this machine, which npm installed beside this one.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";

const name = `adit-miner-${process.platform}-${process.arch}`;
let program;
try {
  program = createRequire(import.meta.url).resolve(`${name}/adit`);
} catch {
  console.error(`error: there is no package ${name}: Adit has programs for Linux on x64 and arm64, with glibc.`);
  console.error("If npm left it out (--omit=optional), install it by its name.");
  process.exit(1);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal sends Ctrl-C to both; the program decides when it has ended.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => process.stdin.isTTY && signal === "SIGINT" || child.kill(signal));
}
child.on("error", (error) => {
  console.error(`error: ${program} cannot be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
