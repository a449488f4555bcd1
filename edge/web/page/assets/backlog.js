// Backlog is what waits to be drawn: the newest max entries and no more. While the
// tab is hidden or the reader has scrolled up, a hot room fills it and pushes the
// oldest out; what is left then replaces the whole log, so no gap shows.

export class Backlog {
  #max;
  #entries = [];
  #arrived = 0;

  constructor(max) {
    this.#max = max;
  }

  /** Entries that arrived since the last take, kept or not. */
  get arrived() {
    return this.#arrived;
  }

  push(entry) {
    this.#entries.push(entry);
    this.#arrived++;
    // Slack of one max, so that cutting is rare and push stays cheap.
    if (this.#entries.length >= 2 * this.#max) this.#entries = this.#entries.slice(-this.#max);
  }

  /** each visits the entries that wait, so that a ban reaches them as well. */
  each(visit) {
    this.#entries.forEach(visit);
  }

  /** take empties the backlog and gives its entries, oldest first. */
  take() {
    const entries = this.#entries.slice(-this.#max);
    this.#entries = [];
    this.#arrived = 0;
    return entries;
  }
}
