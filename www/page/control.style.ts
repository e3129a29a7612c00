import { css } from "lit";

export const controlStyle = css`
  .panel {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 1rem 1.6rem;
    align-items: start;
    padding: 1.4rem;
  }
  .whole {
    grid-column: 1 / -1;
  }
  .state {
    display: flex;
    gap: 0.65rem;
    align-items: baseline;
    font-size: 1.05rem;
    font-weight: 600;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  /* Two lines of detail and one of what comes next are reserved, so that nothing moves when they come. */
  .state small {
    display: block;
    font-weight: 400;
    font-size: 0.9rem;
    line-height: 1.4;
    color: var(--muted);
    min-height: 1.4em;
  }
  .state small[data-testid="detail"] {
    min-height: 2.8em;
  }
  .lamp {
    flex: none;
    width: 0.7rem;
    height: 0.7rem;
    border-radius: 50%;
    background: var(--line);
  }
  .lamp.on {
    background: var(--good);
  }
  .lamp.rest {
    background: var(--warn);
  }
  .lamp.off {
    background: var(--bad);
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 0.6rem;
    align-items: center;
    max-width: 30rem;
  }
  button.main.calm {
    background: var(--sunken);
    border-color: var(--muted);
    color: var(--ink);
  }
  .ask {
    border-radius: 10px;
    background: var(--sunken);
    padding: 0.8rem 1rem;
    display: grid;
    gap: 0.6rem;
  }
  .ask button {
    background: var(--surface);
  }
  .ask .buttons {
    max-width: none;
  }
  fieldset {
    border: 0;
    padding: 0;
    margin: 0;
    min-width: 0;
  }
  .segments {
    display: flex;
    flex-wrap: wrap;
    gap: 0.3rem;
    padding: 0.3rem;
    border-radius: 12px;
    background: var(--sunken);
    margin-bottom: 0.45rem;
  }
  .segments label {
    position: relative;
    display: grid;
    place-items: center;
    /* A long name takes room from short ones. */
    flex: 1 1 auto;
    min-height: 2.5rem;
    padding: 0.2rem 0.5rem;
    border-radius: 9px;
    min-width: 0;
    overflow-wrap: anywhere;
    hyphens: auto;
    font-weight: 600;
    cursor: pointer;
  }
  .segments input {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .segments label:has(:checked) {
    background: var(--surface);
    box-shadow: 0 0 0 1px var(--muted);
  }
  .segments label:has(:focus-visible) {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .cost {
    display: flex;
    flex-wrap: wrap;
    gap: 0.3rem 1.4rem;
    list-style: none;
    padding: 0.8rem 0 0;
    border-top: 1px solid var(--line);
    color: var(--muted);
  }
  @media (max-width: 34rem) {
    .panel {
      grid-template-columns: minmax(0, 1fr);
      padding: 1.1rem;
    }
    .buttons {
      max-width: none;
    }
    .cost {
      flex-direction: column;
    }
    .cost [data-testid="data"] {
      min-height: 3em;
    }
    .buttons .main {
      flex: 1 1 100%;
    }
    .buttons button:not(.main) {
      flex: 1 1 auto;
    }
  }
  @media (forced-colors: active) {
    .lamp {
      forced-color-adjust: none;
      border: 2px solid CanvasText;
      background: Canvas;
    }
    .lamp.on {
      background: Highlight;
    }
    .lamp.rest {
      border-style: dotted;
    }
    .lamp.off {
      border-radius: 0;
    }
    .segments label:has(:checked) {
      outline: 3px solid Highlight;
    }
  }
`;
