import { css } from "lit";

/** The style of lists of facts. */
export const factStyle = css`
  .facts {
    display: grid;
    gap: 0.3rem 1rem;
    margin: 0.6rem 0;
  }
  .facts div {
    display: grid;
    grid-template-columns: minmax(0, 9rem) minmax(0, 1fr);
    gap: 0 0.8rem;
  }
  .facts dd {
    overflow-wrap: anywhere;
    min-width: 0;
  }
`;
