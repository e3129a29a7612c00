/** Counts what this worker receives, as the browser measures it, and the outputs that it sends. */

/** How often the page is told. */
const EVERY_MS = 1000;

export class Traffic {
  readonly #tell: (received: number, sent: number) => void;
  #received = 0;
  #sent = 0;
  #telling: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (received: number, sent: number) => void) {
    this.#tell = tell;
    if (!("PerformanceObserver" in self)) return;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#add((entry as PerformanceResourceTiming).transferSize, 0);
    });
    observer.observe({ type: "resource", buffered: true });
  }

  sent(bytes: number): void {
    this.#add(0, bytes);
  }

  #add(received: number, sent: number): void {
    this.#received += received;
    this.#sent += sent;
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#tell(this.#received, this.#sent);
    }, EVERY_MS);
  }
}
