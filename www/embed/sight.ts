/**
 * Whether a person can see an element as it is meant: whole, covered by nothing, neither faded nor moved by the site around the
 * frame. Intersection Observer v2 says so, where the browser has it.
 */

/** TypeScript's library has the first version alone. */
interface VisibilityOptions extends IntersectionObserverInit {
  trackVisibility: boolean;
  delay: number;
}

export type Seen =
  /** It came into sight just now, or nothing is known yet. */
  | "soon"
  | "clear"
  | "covered";

/** The least that browsers allow. */
const DELAY_MS = 100;
/** So long it has to be in sight before a press counts: a site could uncover it just before. */
const SEEN_MS = 500;
/** Rounding may take a pixel. */
const WHOLE = 0.99;

const known = "IntersectionObserverEntry" in globalThis && "isVisible" in IntersectionObserverEntry.prototype;

export class Sight {
  now: Seen = known ? "soon" : "covered";
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #changed: () => void;
  #observer: IntersectionObserver | undefined;

  constructor(element: Element, changed: () => void) {
    this.#changed = changed;
    if (!known) return;
    const options: VisibilityOptions = { threshold: [WHOLE], trackVisibility: true, delay: DELAY_MS };
    this.#observer = new IntersectionObserver((entries) => {
      // To look whether something is covered costs frames, so nobody goes on when the question is gone.
      if (!element.isConnected) return this.#end();
      const seen = entries.at(-1) as (IntersectionObserverEntry & { isVisible?: boolean }) | undefined;
      this.#look(seen?.isVisible === true && seen.intersectionRatio >= WHOLE);
    }, options);
    this.#observer.observe(element);
  }

  #end(): void {
    this.#observer?.disconnect();
    clearTimeout(this.#timer);
  }

  #look(visible: boolean): void {
    if (visible && this.now === "clear") return;
    clearTimeout(this.#timer);
    if (visible) this.#timer = setTimeout(() => this.#turn("clear"), SEEN_MS);
    this.#turn(visible ? "soon" : "covered");
  }

  #turn(now: Seen): void {
    this.now = now;
    this.#changed();
  }
}
