/** A job's panels as cells of a picture: verified ones first, then leased ones, then those that wait. */

export type Cell = "done" | "leased" | "waiting";

interface Panels {
  panels: number;
  panels_done: number;
  panels_leased: number;
}

/**
 * At most `most` cells. With more panels than that a cell stands for several; what is there at all has a cell, and only a
 * finished job is all done.
 */
export function cells({ panels, panels_done, panels_leased }: Panels, most: number): Cell[] {
  const all = Math.min(panels, most);
  if (all <= 0) return [];
  const done = Math.min(panels_done, panels);
  const leased = Math.min(panels_leased, panels - done);
  const waiting = panels - done - leased;
  const part = (of: number) => (of === 0 ? 0 : Math.max(1, Math.floor((of * all) / panels)));
  const shown = { done: part(done), leased: part(leased), waiting: part(waiting) };
  // What rounding has left over or overdrawn belongs to the largest part.
  const largest = (["waiting", "done", "leased"] as const).reduce((a, b) => (shown[b] > shown[a] ? b : a));
  shown[largest] += all - shown.done - shown.leased - shown.waiting;
  const row = (cell: Cell) => Array.from({ length: Math.max(0, shown[cell]) }, () => cell);
  return [...row("done"), ...row("leased"), ...row("waiting")];
}
