/** Light, dark, or as the device says. */

export type Theme = "auto" | "light" | "dark";

const KEY = "adit-theme";
const THEMES: readonly Theme[] = ["auto", "light", "dark"];

export function current(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === stored) ?? "auto";
  } catch {
    return "auto";
  }
}

export function next(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
}

/** Sets the attribute that the style sheet reads. */
export function apply(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds until the page is closed.
  }
}
