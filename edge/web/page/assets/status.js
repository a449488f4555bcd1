// StatusBar tells whether the page is connected to chat: a word in the header and, when
// it is not, a bar above the message box that counts down to the next try.

import { Alert } from './alert.js';

const words = {
  idle: 'No room',
  connecting: 'Connecting',
  joining: 'Joining',
  online: 'Connected',
  waiting: 'Offline',
  refused: 'Closed',
};

export class StatusBar {
  #status;
  #statusText;
  #alert;
  #state = 'idle';
  #troubled = false; // a link was lost and is not yet back

  /** find gives an element by id; retry dials at once. */
  constructor(find, retry) {
    this.#status = find('status');
    this.#statusText = find('status-text');
    this.#alert = new Alert(find, { box: 'alert', text: 'alert-text', countdown: 'countdown', button: 'retry' }, retry);
  }

  /** Whether the page waits before it dials again. */
  get waiting() {
    return this.#state === 'waiting';
  }

  show({ state, retryMs }, { room }) {
    this.#state = state;
    this.#status.dataset.state = state;
    this.#statusText.textContent = words[state];
    if (state === 'waiting') this.#troubled = true;
    if (state === 'online') this.#troubled = false;
    this.#alert.show(this.#trouble(state, room), state === 'waiting' ? retryMs : undefined);
  }

  #trouble(state, room) {
    if (state === 'refused') return `You cannot be in #${room} now.`;
    return this.#troubled ? 'Disconnected from chat.' : '';
  }
}
