import { PACKAGES, kernels } from "../ours.ts";
import type { Contender, Row } from "../race.ts";

const TURNS = 1_000_000;
/** The number of sums that crates/wasm/src/bench_roof.rs keeps in registers. */
const CHAINS = 12;

/** The limit of engine and processor: the kernels' instructions without loads, outer loops or stores. */
async function roof(what: string, unit: string, products: number, run: "integer" | "float"): Promise<Row> {
  const contenders = Object.entries(PACKAGES).map(([name, folder]): Contender => ({
    name,
    async open() {
      const { integer_instructions, float_instructions } = await kernels(folder);
      return () => (run === "integer" ? integer_instructions : float_instructions)(TURNS);
    },
  }));
  return { what, unit, work: (2 * products * CHAINS * TURNS) / 1e9, contenders, goals: [] };
}

export const int8Roof = () => roof("int8 instructions alone", "Gop/s", 16, "integer");

export const f32Roof = () => roof("f32 instructions alone", "GFLOP/s", 4, "float");
