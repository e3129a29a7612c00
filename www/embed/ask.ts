/** The question before anything runs. It is plain HTML, so that nothing more has to be loaded for it. */

import type { Texts } from "adit-ui/text.ts";

import { Sight } from "./sight.ts";

export interface Question {
  texts: Texts;
  /** The host of the site that embeds the frame. */
  site: string;
  /** The host of the coordinator. */
  coordinator: string;
  lanes: number;
  cores: number;
  /** Whether this is a window of its own, which no site can cover. */
  own: boolean;
  /** The part of what is earned that the site asks for, as text; undefined if it asks for none. */
  part: string | undefined;
  /** Called when the person agrees, with whether they give the site its part. */
  agreed(gives: boolean): void;
  /** Called where this frame cannot know that all of it is seen: a window of the coordinator's asks instead. */
  elsewhere(): void;
}

/** Shows the question, and returns what brings it to attention. */
export function ask({ texts, site, coordinator, lanes, cores, own, part, agreed, elsewhere }: Question): () => void {
  const line = (text: string, name = "") => Object.assign(document.createElement("p"), { textContent: text, className: name });
  const section = Object.assign(document.createElement("main"), { className: "ask" });
  const title = Object.assign(document.createElement("h1"), { textContent: texts.t("embed-title", { site }) });
  const button = document.createElement("button");
  const note = line(texts.t("embed-free"), "muted");
  note.setAttribute("role", "status");
  const gift = Object.assign(document.createElement("input"), { type: "checkbox" });
  const label = document.createElement("label");
  if (part) label.append(gift, texts.t("embed-share", { part, site }));
  section.append(
    title,
    list([
      [texts.t("embed-what"), texts.t("embed-what-text", { coordinator })],
      [texts.t("embed-much"), texts.t("embed-much-text", { lanes, cores })],
      [texts.t("embed-cost"), texts.t("embed-cost-text")],
      [texts.t("embed-whom"), texts.t("embed-whom-text", { site })],
    ]),
    ...(part ? [label] : []),
    button,
    note,
  );
  document.body.replaceChildren(section);

  const sight = own ? undefined : new Sight(section, () => turn());
  const turn = () => {
    const seen = sight?.now ?? "clear";
    button.setAttribute("aria-disabled", String(seen === "soon"));
    button.textContent = seen === "covered" ? texts.t("embed-window") : texts.t("embed-agree");
    note.textContent = seen === "covered" ? texts.t("embed-covered") : texts.t("embed-free");
  };
  turn();
  button.addEventListener("click", (event) => {
    // Scripts press buttons too.
    if (!event.isTrusted) return;
    const seen = sight?.now ?? "clear";
    if (seen === "clear") agreed(gift.checked);
    else if (seen === "covered") elsewhere();
  });
  return () => button.focus();
}

/** What there is to know, each with a word to find it by. */
function list(entries: readonly [name: string, text: string][]): HTMLElement {
  const all = document.createElement("dl");
  for (const [name, text] of entries) {
    const entry = document.createElement("div");
    const named = Object.assign(document.createElement("dt"), { textContent: name });
    entry.append(named, Object.assign(document.createElement("dd"), { textContent: text }));
    all.append(entry);
  }
  return all;
}
