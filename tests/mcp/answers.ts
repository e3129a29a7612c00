/** What tools answered, as tests look at it. */

import { expect } from "vitest";

import { GENERATIONS, type Result, TRANSPORTS } from "./peers.ts";

/** Every client over every transport. */
export const CLIENTS = GENERATIONS.flatMap((generation) => TRANSPORTS.map((transport) => [generation, transport] as const));

/** The text of an answer that is no failure. */
export function text(result: Result): string {
  expect(result.isError ?? false, JSON.stringify(result)).toBe(false);
  expect(result.structuredContent).toBeDefined();
  return result.content.map(({ text }) => text ?? "").join("\n");
}

/** The code of what failed. */
export function failure(result: Result): string {
  expect(result.isError, JSON.stringify(result)).toBe(true);
  const { code, message } = JSON.parse(result.content[0]?.text ?? "{}") as { code: string; message: string };
  expect(message).not.toBe("");
  return code;
}
