import { css } from "lit";

export const ledger = css`
  .intro {
    margin: 0.2rem 0 0.6rem;
  }
  /* Five receipts are expected, so that nothing below moves when they come. */
  .ledger {
    display: grid;
    grid-template-columns: auto minmax(6rem, 1fr) auto auto auto auto;
    gap: 0 1.1rem;
    list-style: none;
    padding: 0;
    min-height: 16.5rem;
    background: repeating-linear-gradient(to bottom, var(--line) 0 1px, transparent 1px 3.3rem);
    align-content: start;
  }
  .empty {
    position: absolute;
    padding-top: 0.6rem;
  }
  .ledger > li {
    display: grid;
    grid-column: 1 / -1;
    grid-template-columns: subgrid;
    align-items: center;
    min-height: 3.3rem;
    border-top: 1px solid var(--line);
    background: var(--surface);
  }
  .work,
  .amount {
    text-align: end;
    white-space: nowrap;
  }
  .below,
  .facts {
    grid-column: 1 / -1;
  }
  .foot {
    min-height: 2.5rem;
  }
  .buttons {
    display: flex;
    gap: 0.4rem;
    justify-content: end;
  }
  .plain {
    background: none;
    font-weight: 500;
  }
  .outcome {
    margin: 0.2rem 0 0.8rem;
    padding: 0.9rem 1rem;
    border-radius: 10px;
    background: var(--sunken);
    display: grid;
    gap: 0.55rem;
  }
  /* The place of what is to come. */
  .wait {
    min-height: 21rem;
  }
  .finding {
    display: grid;
    grid-template-columns: 1.4rem minmax(0, 1fr);
    overflow-wrap: anywhere;
  }
  .finding strong {
    display: block;
  }
  .facts {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 0.1rem 0.9rem;
    margin: 0 0 0.8rem;
  }
  .moment {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 11rem), 1fr));
    gap: 0.6rem;
    list-style: none;
    padding: 0;
    margin: 0 0 0.3rem;
    text-align: center;
  }
  .moment > li {
    display: grid;
    gap: 0.35rem;
    align-content: start;
    justify-items: center;
    padding: 0.8rem 0.6rem;
    border-radius: 10px;
    background: var(--surface);
    border: 1px solid var(--line);
  }
  .moment .sign {
    display: grid;
    place-items: center;
    min-height: 2.6rem;
    font: 650 1.25rem/1 var(--mono);
    direction: ltr;
    white-space: nowrap;
    color: var(--good);
  }
  .moment.fails .sign {
    color: var(--bad);
  }
  sup {
    font-size: 0.7em;
    line-height: 0;
  }
  .sign.dice {
    display: grid;
    grid-template-columns: repeat(3, 0.6rem);
    grid-template-rows: repeat(3, 0.6rem);
    width: 2.5rem;
    height: 2.5rem;
    min-height: 0;
    place-content: center;
    border: 2px solid var(--accent);
    border-radius: 0.6rem;
  }
  .dice i {
    width: 0.42rem;
    height: 0.42rem;
    border-radius: 50%;
    background: var(--accent);
  }
  .dice i:nth-child(1) {
    grid-area: 1 / 1;
  }
  .dice i:nth-child(2) {
    grid-area: 1 / 3;
  }
  .dice i:nth-child(3) {
    grid-area: 2 / 2;
  }
  .dice i:nth-child(4) {
    grid-area: 3 / 1;
  }
  .dice i:nth-child(5) {
    grid-area: 3 / 3;
  }
  @media (max-width: 44rem) {
    .wait {
      min-height: 44rem;
    }
    .ledger {
      grid-template-columns: minmax(0, 1fr);
      min-height: 29rem;
      background: repeating-linear-gradient(to bottom, var(--line) 0 1px, transparent 1px 5.8rem);
    }
    .ledger > li {
      grid-template-columns: minmax(0, 1fr) minmax(0, auto);
      gap: 0.1rem 0.8rem;
      padding: 0.6rem 0;
      min-height: 5.8rem;
    }
    .kind {
      order: -2;
      font-weight: 600;
    }
    .amount {
      order: -1;
      white-space: normal;
    }
    .time::after {
      content: "";
    }
    .work {
      display: none;
    }
    .verdict {
      text-align: end;
    }
    .buttons {
      grid-column: 1 / -1;
      justify-content: start;
      flex-wrap: wrap;
    }
  }
  @media (forced-colors: active) {
    .dice i {
      forced-color-adjust: none;
      background: CanvasText;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .moment > li {
      animation: arrive 0.45s ease-out both;
    }
    .moment > li:nth-child(2) {
      animation-delay: 0.7s;
    }
    .moment > li:nth-child(3) {
      animation-delay: 1.3s;
    }
    .sign.dice {
      animation: roll 0.7s cubic-bezier(0.2, 0.7, 0.3, 1) both;
    }
    @keyframes arrive {
      from {
        opacity: 0;
        transform: translateY(0.4rem);
      }
    }
    @keyframes roll {
      from {
        transform: translateX(-3rem) rotate(-340deg);
      }
    }
  }
`;
