/** Two generations of the protocol's own client over two transports, behind one interface. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as LegacyStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

export interface Listed {
  name: string;
  annotations?: Record<string, unknown> | undefined;
}

export interface Result {
  isError?: boolean | undefined;
  content: { type: string; text?: string }[];
  structuredContent?: Record<string, unknown> | undefined;
}

export interface Peer {
  /** The revision that was agreed on. */
  version: string | undefined;
  list(): Promise<Listed[]>;
  call(name: string, args?: Record<string, unknown>): Promise<Result>;
  close(): Promise<void>;
}

/** What the person at the client says; undefined if the client cannot ask. */
export type Person = (message: string) => boolean;

export const GENERATIONS = ["sdk 1.32", "client 2.4"] as const;
export const TRANSPORTS = ["stdio", "http"] as const;
export type Generation = (typeof GENERATIONS)[number];
export type Transport = (typeof TRANSPORTS)[number];

/** `adit mcp` with a home of its own, for which arguments say HOME. */
export class Program {
  readonly home = mkdtempSync(join(tmpdir(), "adit-mcp-"));
  readonly #args: string[];
  readonly #env: Record<string, string>;
  readonly #closing: (() => Promise<void>)[] = [];

  constructor(args: string[], env: Record<string, string> = {}) {
    const own = ["mcp", "--cpu", "1", "--gpu", "off", "--key", join(this.home, "miner.key")];
    this.#args = [...own, ...args.map((arg) => arg.replace("HOME", this.home))];
    this.#env = { HOME: this.home, PATH: process.env["PATH"] ?? "", ...env };
  }

  get command() {
    const command = process.env["ADIT_BIN"];
    if (!command) throw new Error("set ADIT_BIN to the built program");
    return { command, args: this.#args, env: this.#env };
  }

  async connect(generation: Generation, transport: Transport, person?: Person): Promise<Peer> {
    const served = transport === "http" ? await this.serve() : undefined;
    return generation === "client 2.4" ? this.#modern(served, person) : this.#legacy(served, person);
  }

  /** Serves over HTTP; the address and the token. */
  async serve(): Promise<{ url: URL; token: string }> {
    const { command, args, env } = this.command;
    const child = spawn(command, [...args, "--http", "127.0.0.1:0"], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#closing.push(() => ended(child, "SIGTERM"));
    for await (const line of createInterface({ input: child.stderr })) {
      const url = /http:\S+\/mcp/.exec(line)?.[0];
      if (url) return { url: new URL(url), token: readFileSync(join(this.home, "mcp.token"), "utf8") };
    }
    throw new Error("adit mcp does not serve");
  }

  /** Starts it without a client. */
  start(): ChildProcess {
    const { command, args, env } = this.command;
    const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#closing.push(() => ended(child, "SIGKILL"));
    return child;
  }

  async end(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
    rmSync(this.home, { recursive: true, force: true });
  }

  async #legacy(served: { url: URL; token: string } | undefined, person?: Person): Promise<Peer> {
    const client = new LegacyClient({ name: "test", version: "1" }, { capabilities: person ? { elicitation: {} } : {} });
    if (person) client.setRequestHandler(ElicitRequestSchema, ({ params }) => answer(person(params.message)));
    const transport = served ? new LegacyHttp(served.url, bearer(served.token)) : new LegacyStdio(this.command);
    // The SDK's own transports do not fit its own type under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    return {
      version: "protocolVersion" in transport ? transport.protocolVersion : undefined,
      list: async () => (await client.listTools()).tools,
      call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as Result,
      close: () => client.close(),
    };
  }

  async #modern(served: { url: URL; token: string } | undefined, person?: Person): Promise<Peer> {
    const capabilities = person ? { elicitation: { form: {} } } : {};
    const versionNegotiation = { mode: { pin: "2026-07-28" } };
    const client = new ModernClient({ name: "test", version: "1" }, { capabilities, versionNegotiation });
    if (person) client.setRequestHandler("elicitation/create", ({ params }) => answer(person(params.message)));
    await client.connect(served ? new ModernHttp(served.url, bearer(served.token)) : new ModernStdio(this.command));
    return {
      version: client.getNegotiatedProtocolVersion(),
      list: async () => (await client.listTools()).tools,
      call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as Result,
      close: () => client.close(),
    };
  }
}

function answer(yes: boolean) {
  return { action: "accept" as const, content: { approve: yes } };
}

function bearer(token: string) {
  return { requestInit: { headers: { authorization: `Bearer ${token}` } } };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}
