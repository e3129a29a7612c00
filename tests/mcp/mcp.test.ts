/** The MCP server as its clients' authors see it: their own clients, of two generations, over both transports. */

import { once } from "node:events";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { Coordinator } from "../browser/coordinator.ts";
import { CLIENTS, failure, text } from "./answers.ts";
import { type Peer, Program } from "./peers.ts";

const TOOLS = [
  ["initialize_miner", "start_mining", "stop_mining", "get_mining_status", "pin_content", "get_content", "unpin_content"],
  ["list_pinned_content", "get_network_info", "claim_rewards", "pin_ecosystem_data"],
  ["submit_job", "job_status", "verify_receipt", "bench"],
].flat();

let coordinator: Coordinator;
let job: number;
let program: Program;

beforeAll(async () => {
  coordinator = await Coordinator.start();
  job = await coordinator.submit("for agents", { rows: 16_384, k: 4096, n: 1024 });
});

afterAll(async () => {
  await coordinator?.end();
});

afterEach(async () => {
  await program.end();
});

describe.each(CLIENTS)("%s over %s", (generation, transport) => {
  test("lists every tool and mines", async () => {
    program = new Program(["--server", coordinator.url]);
    const peer = await program.connect(generation, transport);
    if (peer.version) expect(peer.version).toBe(generation === "client 2.4" ? "2026-07-28" : "2025-11-25");
    const tools = await peer.list();
    expect(tools.map(({ name }) => name)).toEqual(TOOLS);
    for (const { annotations } of tools) {
      const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations ?? {};
      expect([readOnlyHint, destructiveHint, idempotentHint, openWorldHint].map((hint) => typeof hint)).toEqual(Array(4).fill("boolean"));
    }
    expect(failure(await peer.call("start_mining"))).toBe("not_initialized");
    expect(text(await peer.call("initialize_miner"))).toContain("✅ IPFS Miner initialized");
    expect(text(await peer.call("start_mining"))).toContain("✅ IPFS Mining started successfully");
    await until("a unit is verified", async () => Number((await miner(peer))["units_valid"]) > 0);
    expect(await miner(peer)).toMatchObject({ state: "mining", units_invalid: 0 });
    const receipts = await coordinator.receipts();
    const lease = receipts[0]?.lease;
    const checked = await peer.call("verify_receipt", { id: lease });
    expect(checked.structuredContent).toMatchObject({ holds: true, verdict: "valid" });
    expect(text(await peer.call("stop_mining"))).toContain("🛑 IPFS Mining stopped successfully");
    expect(await miner(peer)).toMatchObject({ state: "stopped" });
    const shown = await peer.call("job_status", { id: job });
    expect(shown.structuredContent).toMatchObject({ job, state: "active", untrusted: { name: "for agents" } });
    expect(failure(await peer.call("job_status", { id: 999_999 }))).toBe("not_found");
    expect(failure(await peer.call("claim_rewards"))).toBe("no_payment");
    expect(text(await peer.call("bench"))).toContain("A miner chooses");
    await peer.close();
  });
});

test("the process ends with its input, while it mines and while it does not", async () => {
  program = new Program(["--server", coordinator.url]);
  for (const messages of [[], mining()]) {
    const child = program.start();
    for (const message of messages) child.stdin?.write(`${JSON.stringify(message)}\n`);
    if (messages.length > 0) await once(child.stdout ?? child, "data");
    child.stdin?.end();
    const [status] = (await once(child, "exit")) as [number | null];
    expect(status).toBe(0);
  }
});

test("over HTTP only the token opens, and whoever looks for a login learns that there is none", async () => {
  program = new Program(["--server", coordinator.url]);
  const { url, token } = await program.serve();
  const post = (headers: Record<string, string>, path = url.pathname) =>
    fetch(new URL(path, url), { method: "POST", headers: { "content-type": "application/json", ...headers }, body: "{}" });
  const refused = await post({});
  expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="adit mcp"']);
  expect((await post({ authorization: "Bearer wrong" })).status).toBe(401);
  const bearer = { authorization: `Bearer ${token}` };
  expect((await post({ ...bearer, origin: "https://evil.example" })).status).toBe(403);
  expect((await post({}, "/.well-known/oauth-protected-resource")).status).toBe(404);
  expect((await post({}, "/.well-known/oauth-authorization-server")).status).toBe(404);
  expect([401, 403, 404]).not.toContain((await post(bearer)).status);
});

/** The messages of a client that lets it mine. */
function mining() {
  const request = (id: number, method: string, params: object) => ({ jsonrpc: "2.0", id, method, params });
  const clientInfo = { name: "test", version: "1" };
  return [
    request(1, "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo }),
    { jsonrpc: "2.0", method: "notifications/initialized" },
    request(2, "tools/call", { name: "initialize_miner" }),
    request(3, "tools/call", { name: "start_mining" }),
  ];
}

async function miner(peer: Peer): Promise<Record<string, unknown>> {
  const status = await peer.call("get_mining_status");
  return status.structuredContent?.["miner"] as Record<string, unknown>;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
