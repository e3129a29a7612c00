/** What every element has in common: it speaks the language of its page. */

import { ContextProvider, consume } from "@lit/context";
import { LitElement } from "lit";
import { property } from "lit/decorators.js";

import type { Format } from "./format.ts";
import type { Said } from "./say.ts";
import { type Args, type Texts, textsContext } from "./text.ts";

/** An element inside a root. It shows nothing until there are texts. */
export class AditElement extends LitElement {
  @consume({ context: textsContext, subscribe: true })
  @property({ attribute: false })
  texts: Texts | undefined;

  /** The message with this id, which must be a literal: a test looks for them. */
  protected t(id: string, args?: Args): string {
    return this.texts?.t(id, args) ?? "";
  }

  protected say(said: Said | undefined): string {
    return (said && this.texts?.say(said)) ?? "";
  }

  /** Numbers and times in the page's language. */
  protected get format(): Format {
    if (!this.texts) throw new Error("an element is used before it has texts");
    return this.texts.format;
  }

  protected override shouldUpdate(_changed: Map<PropertyKey, unknown>): boolean {
    return this.texts !== undefined;
  }
}

/** The outermost element of a site. Its host sets `texts`, and all elements inside get them. */
export class AditRoot extends AditElement {
  readonly #provider = new ContextProvider(this, { context: textsContext });

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("texts") && this.texts) this.#provider.setValue(this.texts);
  }
}
