/** Large numbers as people read them. */

const PREFIXES = ["", " k", " M", " G", " T", " P", " E"];

/** Three significant digits and a prefix: 12 400 000 000 becomes "12.4 G". */
export function quantity(value: number): string {
  if (!Number.isFinite(value) || value <= 0) return "0";
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const digits = step === 0 ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return scaled.toFixed(digits) + PREFIXES[step];
}
