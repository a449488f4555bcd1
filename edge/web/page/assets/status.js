// StatusBar tells whether the page is connected: a word in the header and, when it
// is not, a bar above the message box that counts down to the next try.

const words = {
  idle: 'No room',
  connecting: 'Connecting',
  joining: 'Joining',
  online: 'Live',
  waiting: 'Offline',
  refused: 'Closed',
};

export class StatusBar {
  #status;
  #statusText;
  #alert;
  #alertText;
  #countdown;
  #state = 'idle';
  #ticker = 0;
  #troubled = false; // a link was lost and is not yet back

  /** find gives an element by id; retry dials at once. */
  constructor(find, retry) {
    this.#status = find('status');
    this.#statusText = find('status-text');
    this.#alert = find('alert');
    this.#alertText = find('alert-text');
    this.#countdown = find('countdown');
    find('retry').addEventListener('click', retry);
  }

  /** Whether the page waits before it dials again. */
  get waiting() {
    return this.#state === 'waiting';
  }

  show({ state, retryMs }, { room }) {
    clearInterval(this.#ticker);
    this.#state = state;
    this.#status.dataset.state = state;
    this.#statusText.textContent = words[state];
    if (state === 'waiting') this.#troubled = true;
    if (state === 'online') this.#troubled = false;
    this.#countdown.textContent = '';
    if (state === 'waiting') this.#countTo(Date.now() + retryMs);
    this.#say(this.#trouble(state, room));
  }

  #trouble(state, room) {
    if (state === 'refused') return `You cannot be in #${room} now.`;
    return this.#troubled ? 'Disconnected from chat.' : '';
  }

  // say touches the live region only when its words change, so that each try is not
  // announced again.
  #say(text) {
    if (this.#alertText.textContent !== text) this.#alertText.textContent = text;
    this.#alert.hidden = text === '';
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
