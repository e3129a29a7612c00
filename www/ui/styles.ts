/** The style that all elements share: cards, buttons, fields. */

import { css } from "lit";

export const shared = css`
  :host {
    display: block;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  dl,
  dd,
  figure {
    margin: 0;
  }
  h2 {
    font-size: 1.05rem;
    line-height: 1.3;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.15em;
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    padding: 1.1rem 1.2rem;
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: 0.875rem;
  }
  .mono {
    direction: ltr;
    unicode-bidi: isolate;
    font-family: var(--mono);
    font-size: 0.9em;
    overflow-wrap: anywhere;
  }
  .number {
    font-variant-numeric: tabular-nums;
    unicode-bidi: isolate;
  }
  .good {
    color: var(--good);
  }
  .bad {
    color: var(--bad);
  }
  .warn {
    color: var(--warn);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.6rem;
  }
  .spread {
    justify-content: space-between;
  }
  .row > * {
    min-width: 0;
  }
  button {
    font: inherit;
    font-weight: 600;
    color: var(--ink);
    background: var(--sunken);
    border: 1px solid var(--line);
    border-radius: 10px;
    padding: 0.4rem 0.85rem;
    min-height: 2.5rem;
    cursor: pointer;
  }
  button:hover:not(:disabled, [aria-disabled="true"]) {
    border-color: var(--muted);
  }
  button:disabled,
  button[aria-disabled="true"] {
    opacity: 0.55;
    cursor: default;
  }
  button.main {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
    font-size: 1.15rem;
    padding: 0.7rem 2.2rem;
    min-width: min(100%, 10rem);
  }
  select,
  input:not([type="checkbox"], [type="range"], [type="file"]) {
    font: inherit;
    color: var(--ink);
    background: var(--ground);
    border: 1px solid var(--muted);
    border-radius: 8px;
    padding: 0.4rem 0.6rem;
    min-height: 2.5rem;
    max-width: 100%;
  }
  input[type="range"] {
    width: 100%;
    height: 1.75rem;
    margin: 0;
    accent-color: var(--accent);
  }
  input[type="checkbox"] {
    width: 1.15rem;
    height: 1.15rem;
    margin: 0;
    flex: none;
    accent-color: var(--accent);
  }
  progress {
    appearance: none;
    display: block;
    width: 100%;
    height: 0.45rem;
    border: 0;
    border-radius: 1rem;
    overflow: hidden;
    background: var(--sunken);
    color: var(--accent);
  }
  progress::-webkit-progress-bar {
    background: var(--sunken);
  }
  progress::-webkit-progress-value {
    background: var(--accent);
    border-radius: 1rem;
  }
  progress::-moz-progress-bar {
    background: var(--accent);
    border-radius: 1rem;
  }
  summary {
    cursor: pointer;
    font-weight: 600;
    padding: 0.35rem 0;
    border-radius: 8px;
  }
  h1,
  h2,
  summary,
  button,
  dt {
    overflow-wrap: anywhere;
    hyphens: auto;
  }
  @media (forced-colors: active) {
    progress {
      forced-color-adjust: none;
      border: 1px solid CanvasText;
      background: Canvas;
    }
    progress::-webkit-progress-bar {
      background: Canvas;
    }
    progress::-webkit-progress-value {
      background: Highlight;
    }
    progress::-moz-progress-bar {
      background: Highlight;
    }
    button.main {
      forced-color-adjust: none;
      background: Highlight;
      color: HighlightText;
      border-color: HighlightText;
    }
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
