// Log draws entries, at most one batch per animation frame and at most rowsMax
// rows. While the reader has scrolled up nothing moves: entries wait in the backlog
// and a button tells how many.

import { Backlog } from './backlog.js';
import { rowOf } from './row.js';

/** Rows kept on the page. */
export const rowsMax = 500;

const bottomSlackPx = 48;

export class Log {
  nick = ''; // whose mentions stand out

  #list;
  #button;
  #announcer;
  #backlog = new Backlog(rowsMax);
  #entries = new WeakMap(); // row -> entry
  #following = true;
  #shape = ''; // of the window onto the rows
  #frame = 0;

  /** list holds the rows, button jumps to the newest; both belong to the Log. */
  constructor(list, button, announcer) {
    this.#list = list;
    this.#button = button;
    this.#announcer = announcer;
    list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    button.addEventListener('click', () => this.follow());
    new ResizeObserver(() => this.#following && this.#toBottom()).observe(list);
  }

  add(entry) {
    this.#backlog.push(entry);
    this.#schedule();
  }

  /** clear takes every row away, as for another room. */
  clear() {
    this.#backlog.take();
    this.#list.replaceChildren();
    this.follow();
  }

  /** remove blanks the chat rows that match, those that wait included. */
  remove(match) {
    const strike = (entry) => {
      if (entry.kind !== 'chat' || entry.removed || !match(entry)) return false;
      entry.removed = true;
      return true;
    };
    this.#backlog.each(strike);
    for (const row of this.#list.children) {
      const entry = this.#entries.get(row);
      if (strike(entry)) row.replaceWith(this.#draw(entry));
    }
  }

  /** follow goes to the newest row and stays there. */
  follow() {
    this.#following = true;
    this.#schedule();
  }

  get following() {
    return this.#following;
  }

  // A window that was turned or resized scrolls too: that is not the reader.
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight, clientWidth } = this.#list;
    const shape = `${clientWidth} ${clientHeight}`;
    if (shape !== this.#shape) {
      this.#shape = shape;
      if (this.#following) this.#toBottom();
      return;
    }
    const following = scrollHeight - scrollTop - clientHeight <= bottomSlackPx;
    if (following === this.#following) return;
    this.#following = following;
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render();
    });
  }

  #render() {
    if (!this.#following) {
      const { arrived } = this.#backlog;
      const counted = `${arrived.toLocaleString()} new ${arrived === 1 ? 'line' : 'lines'}`;
      this.#button.textContent = arrived === 0 ? 'Jump to newest' : counted;
      this.#button.hidden = false;
      return;
    }
    this.#hideButton();
    const entries = this.#backlog.take();
    const surplus = this.#list.childElementCount + entries.length - rowsMax;
    if (surplus >= this.#list.childElementCount) this.#list.replaceChildren();
    else for (let i = 0; i < surplus; i++) this.#list.firstElementChild.remove();
    this.#list.append(...entries.map((entry) => this.#draw(entry)));
    this.#toBottom();
    this.#announcer.add(entries);
  }

  #draw(entry) {
    const row = rowOf(entry, this.nick);
    this.#entries.set(row, entry);
    return row;
  }

  // A hidden button must not take the focus with it.
  #hideButton() {
    if (document.activeElement === this.#button) this.#list.focus({ preventScroll: true });
    this.#button.hidden = true;
  }

  #toBottom() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
