/** Messages of the catalogue, for code that does not know the language. */

/** A message and its arguments. */
export interface Said {
  id: string;
  args?: Record<string, Value> | undefined;
}

/** What a message can be about. Several messages become "a, b and c". */
export type Value = string | number | Said | readonly Said[] | Measure;

/** A number that the language writes in its own way. */
export interface Measure {
  measure: "quantity" | "duration" | "hour" | "percent" | "bytes" | "amount";
  value: number | string;
}

/** A message. Its id must be a literal: a test looks for them. */
export function say(id: string, args?: Record<string, Value>): Said {
  return { id, args };
}
