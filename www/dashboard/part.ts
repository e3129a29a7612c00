import { AditElement } from "adit-ui/element.ts";

import { failure } from "./failure.ts";

/** What the dashboard's elements have in common. */
export class Part extends AditElement {
  /** What went wrong, in the coordinator's words or in the page's. */
  protected failure(error: unknown): string {
    return this.texts ? failure(error, this.texts) : "";
  }
}
