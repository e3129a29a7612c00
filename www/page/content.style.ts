import { css } from "lit";

/** The place for files, and the list of what it named. */
export const content = css`
  .zone {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    justify-items: center;
    gap: 0.7rem;
    margin: 0.8rem 0;
    padding: 1.2rem 0.8rem;
    border: 2px dashed var(--muted);
    border-radius: var(--radius);
    text-align: center;
  }
  .zone.over {
    border-color: var(--accent);
    background: var(--sunken);
  }
  .zone .row {
    justify-content: center;
  }
  label {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.2rem;
    max-width: 100%;
    font-size: 0.9rem;
  }
  select {
    max-width: 100%;
  }
  ul {
    list-style: none;
    margin-top: 0.9rem;
    padding: 0;
  }
  li {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.35rem;
    padding: 0.8rem 0;
    border-top: 1px solid var(--line);
  }
  li progress {
    flex: 1 1 8rem;
    width: auto;
  }
  li .name {
    font-weight: 600;
  }
  .cid {
    display: block;
    padding: 0.4rem 0.6rem;
    border-radius: 8px;
    background: var(--sunken);
    user-select: all;
  }
`;
