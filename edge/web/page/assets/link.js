// Link keeps one WebSocket to the server open: it dials, notices when the line is
// dead, and dials again after a jittered, growing wait. It knows no chat.

const pingAfterMs = 30_000; // silence before asking whether the server is there
const pongWithinMs = 10_000; // silence after asking before giving up
const checkEveryMs = 5_000;
const dialWithinMs = 10_000;
const calmMs = 10_000; // a link this old has proved itself

const waitMinMs = 100;
const waitBaseMs = 1_000;
const waitMaxMs = 30_000;

/**
 * backoffMs is the wait before dial number attempt (0 for the first retry): full
 * jitter, so that a room of viewers cut off together does not come back together.
 */
export function backoffMs(attempt, random = Math.random) {
  return waitMinMs + random() * Math.min(waitMaxMs, waitBaseMs * 2 ** Math.min(attempt, 10));
}

export class Link {
  #dial;
  #owner;
  #random;
  #socket = null;
  #timer = 0; // retry, dial limit or liveness check: only one is ever due
  #attempt = 0;
  #openedAt = 0;
  #heardAt = 0;
  #askedAt = 0; // when PING went out, 0 when the server has spoken since
  #hastenedAt = -Infinity;

  /**
   * dial opens a WebSocket. owner hears opened(), received(line) and
   * down(retryMs); received gets each line without its CRLF.
   */
  constructor(dial, owner, random = Math.random) {
    this.#dial = dial;
    this.#owner = owner;
    this.#random = random;
  }

  /** restart dials now, in place of whatever link or wait there is. */
  restart() {
    this.#drop();
    let socket;
    try {
      socket = this.#dial();
    } catch {
      this.#retry();
      return;
    }
    this.#socket = socket;
    const current = (handle) => (event) => {
      if (this.#socket === socket) handle(event);
    };
    socket.onopen = current(() => this.#opened());
    socket.onmessage = current((event) => this.#received(event.data));
    socket.onclose = current(() => this.#retry());
    this.#timer = setTimeout(() => this.#retry(), dialWithinMs);
  }

  /**
   * hasten answers a server that asks its clients to reconnect: at once, but by
   * back-off when it asked so a moment ago.
   */
  hasten() {
    const now = Date.now();
    if (now - this.#hastenedAt < calmMs) {
      this.#retry();
      return;
    }
    this.#hastenedAt = now;
    this.restart();
  }

  /** send writes one line and tells whether there was a link to write it to. */
  send(line) {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(line);
    return true;
  }

  /** stop closes the link for good. */
  stop() {
    this.#drop();
  }

  #opened() {
    this.#openedAt = this.#heardAt = Date.now();
    this.#askedAt = 0;
    this.#watch();
    this.#owner.opened();
  }

  #received(data) {
    this.#heardAt = Date.now();
    this.#askedAt = 0;
    if (typeof data !== 'string') return;
    for (const line of data.split('\r\n')) {
      if (line !== '') this.#owner.received(line);
    }
  }

  // watch asks a silent server for a sign of life. It compares clock readings, not
  // timer counts: browsers slow the timers of a hidden tab.
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const now = Date.now();
      if (this.#askedAt !== 0 && now - this.#askedAt >= pongWithinMs) {
        this.#retry();
        return;
      }
      if (this.#askedAt === 0 && now - this.#heardAt >= pingAfterMs) {
        this.#askedAt = now;
        this.send('PING :page');
      }
      this.#watch();
    }, checkEveryMs);
  }

  #retry() {
    const lived = this.#openedAt === 0 ? 0 : Date.now() - this.#openedAt;
    this.#drop();
    if (lived >= calmMs) this.#attempt = 0;
    const wait = backoffMs(this.#attempt++, this.#random);
    this.#timer = setTimeout(() => this.restart(), wait);
    this.#owner.down(wait);
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#openedAt = 0;
    socket?.close();
  }
}
