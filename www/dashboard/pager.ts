/** Which page of a list is shown. A list gives the cursor of its next page alone, so the ones before are remembered. */
export class Pager<Cursor> {
  readonly #cursors: Cursor[] = [];

  /** The cursor of the page that is shown; undefined: the first. */
  get cursor(): Cursor | undefined {
    return this.#cursors.at(-1);
  }

  /** The page's number, from 1. */
  get page(): number {
    return this.#cursors.length + 1;
  }

  forward(next: Cursor): void {
    this.#cursors.push(next);
  }

  back(): void {
    this.#cursors.pop();
  }
}
