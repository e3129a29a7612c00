import { css } from "lit";

/** The style of tables. */
export const tables = css`
  .wide {
    overflow-x: auto;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: 0.9rem;
    font-variant-numeric: tabular-nums;
  }
  th {
    text-align: start;
    font-weight: 600;
    color: var(--muted);
    white-space: nowrap;
  }
  th,
  td {
    padding: 0.45rem 0;
    padding-inline-end: 0.9rem;
    border-bottom: 1px solid var(--line);
    vertical-align: top;
    white-space: nowrap;
  }
  .text {
    white-space: normal;
    min-width: 11rem;
  }
  tr:last-child td {
    border: 0;
  }
  .right {
    text-align: end;
  }
  .progress {
    min-width: 9rem;
  }
`;
