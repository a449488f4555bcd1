// What a screen reader is told of the log. A quiet room is read out; a busy one is
// summed up, at most one sentence per pause, so that speech never falls behind.

const pauseMs = 4_000;
const readOutMax = 3;
const spokenMax = 200; // code units of one row

/** spoken is the sentence for count rows, of which entries are the first few. */
export function spoken(entries, count) {
  return count > readOutMax ? `${count} new lines` : entries.map(row).join('. ');
}

function row(entry) {
  const text = entry.text.slice(0, spokenMax);
  return entry.kind === 'chat' ? `${entry.name}: ${text}` : text;
}

/** Announcer writes those sentences into a polite live region. */
export class Announcer {
  #region;
  #first = []; // the first few rows since the last sentence
  #count = 0;
  #timer = 0;

  constructor(region) {
    this.#region = region;
  }

  /** add speaks of entries now or after the pause. */
  add(entries) {
    if (document.hidden || entries.length === 0) return;
    this.#first.push(...entries.slice(0, readOutMax - this.#first.length));
    this.#count += entries.length;
    if (this.#timer === 0) this.#speak();
  }

  #speak() {
    if (this.#count === 0) {
      this.#timer = 0;
      return;
    }
    this.#region.textContent = spoken(this.#first, this.#count);
    this.#first = [];
    this.#count = 0;
    this.#timer = setTimeout(() => this.#speak(), pauseMs);
  }
}
