/** The verified rate and the duty of the last ten minutes, for the charts. */

/** Ten minutes at about one status a second. */
const CAPACITY = 600;
/** Small units bring statuses in bursts, of which the chart needs only the last. */
const MIN_GAP_MS = 500;

export class History {
  /** Unix seconds. */
  readonly times: number[] = [];
  /** Verified multiply-accumulates a second. */
  readonly rates: number[] = [];
  /** The part of the time that lanes may work; 0 in a pause. */
  readonly duties: number[] = [];

  add(atMs: number, rate: number, duty: number): void {
    const last = this.times.length - 1;
    if (last >= 0 && atMs - (this.times[last] ?? 0) * 1000 < MIN_GAP_MS) {
      this.rates[last] = rate;
      this.duties[last] = duty;
      return;
    }
    this.times.push(atMs / 1000);
    this.rates.push(rate);
    this.duties.push(duty);
    if (this.times.length > CAPACITY) {
      this.times.shift();
      this.rates.shift();
      this.duties.shift();
    }
  }
}
