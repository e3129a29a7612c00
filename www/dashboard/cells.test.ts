import fc from "fast-check";
import { expect, test } from "vitest";

import { cells } from "./cells.ts";

const panels = fc
  .tuple(fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([panels, done, leased]) => {
    const panels_done = Math.floor(panels * done);
    return { panels, panels_done, panels_leased: Math.floor((panels - panels_done) * leased) };
  });

test("a picture has a cell for all there is, in order, and is all done only when the job is", () => {
  fc.assert(
    fc.property(panels, fc.integer({ min: 3, max: 200 }), (job, most) => {
      const shown = cells(job, most);
      expect(shown.length).toBe(Math.min(job.panels, most));
      const count = (cell: string) => shown.filter((shown) => shown === cell).length;
      const waiting = job.panels - job.panels_done - job.panels_leased;
      expect([count("done") > 0, count("leased") > 0, count("waiting") > 0]).toEqual([job.panels_done > 0, job.panels_leased > 0, waiting > 0]);
      expect(shown).toEqual([...shown].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)));
      if (job.panels <= most) expect(count("done")).toBe(job.panels_done);
    }),
  );
});

const ORDER = ["done", "leased", "waiting"];
