/** Updates an element whenever its source says that it has changed. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Watch implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #source: () => EventTarget;

  constructor(host: ReactiveControllerHost, source: () => EventTarget) {
    this.#host = host;
    this.#source = source;
    host.addController(this);
  }

  hostConnected(): void {
    this.#source().addEventListener("change", this.#update);
  }

  hostDisconnected(): void {
    this.#source().removeEventListener("change", this.#update);
  }

  #update = (): void => this.#host.requestUpdate();
}
