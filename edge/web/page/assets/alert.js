// Alert is a bar that tells of trouble: a sentence and, while something will be tried
// again, a countdown and a button to try at once.

export class Alert {
  #box;
  #text;
  #countdown;
  #ticker = 0;

  /** box holds text, countdown and button, found by id; retry answers the button. */
  constructor(find, { box, text, countdown, button }, retry) {
    this.#box = find(box);
    this.#text = find(text);
    this.#countdown = find(countdown);
    find(button).addEventListener('click', retry);
  }

  /**
   * show says text, '' to hide. retryMs is the wait until the next try, if there is one.
   * The live region is touched only when its words change, so that each try is not
   * announced again.
   */
  show(text, retryMs) {
    clearInterval(this.#ticker);
    this.#countdown.textContent = '';
    if (retryMs !== undefined) this.#countTo(Date.now() + retryMs);
    if (this.#text.textContent !== text) this.#text.textContent = text;
    this.#box.hidden = text === '';
  }

  #countTo(due) {
    const tick = () => {
      const seconds = Math.ceil((due - Date.now()) / 1000);
      this.#countdown.textContent = seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…';
    };
    tick();
    this.#ticker = setInterval(tick, 1000);
  }
}
