/** Light, dark, or as the device says. */

export type Theme = "auto" | "light" | "dark";

const KEY = "adit-theme";
const THEMES: readonly Theme[] = ["auto", "light", "dark"];

export function current(): Theme {
  const stored = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === stored) ?? "auto";
}

export function next(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
}

/** The style sheet reads the attribute. */
export function apply(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  document.documentElement.dataset["theme"] = theme;
}
