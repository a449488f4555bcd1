// Outbox holds the lines that were sent and not yet answered. The server answers a
// line with USERSTATE (said, with its nonce) or NOTICE (refused, without one; it
// answers in order, so a refusal is for the oldest).

/** How long a line may stay unanswered; the server decides within about 1 s. */
export const answerWithinMs = 8_000;

const pendingMax = 20;

export class Outbox {
  #pending = new Map(); // nonce -> {text, at}, oldest first
  #next = 1;

  /** add keeps text and gives its nonce, or '' when too many lines wait. */
  add(text, now = Date.now()) {
    if (this.#pending.size >= pendingMax) return '';
    const nonce = (this.#next++).toString(36) + Math.random().toString(36).slice(2, 12);
    this.#pending.set(nonce, { text, at: now });
    return nonce;
  }

  /** said removes the line of nonce and gives its text, undefined for a stranger. */
  said(nonce) {
    const line = this.#pending.get(nonce);
    this.#pending.delete(nonce);
    return line?.text;
  }

  /** oldest is the text that is answered next, undefined when nothing waits. */
  get oldest() {
    const [first] = this.#pending.values();
    return first?.text;
  }

  /** answered removes the oldest line, whose answer came without a nonce. */
  answered() {
    const [first] = this.#pending.keys();
    this.#pending.delete(first);
  }

  /** expired removes and gives the texts that have waited too long by now. */
  expired(now = Date.now()) {
    const late = [];
    for (const [nonce, line] of this.#pending) {
      if (now - line.at < answerWithinMs) break;
      late.push(line.text);
      this.#pending.delete(nonce);
    }
    return late;
  }

  /** lost removes and gives every text: the link they went out on is gone. */
  lost() {
    const texts = [...this.#pending.values()].map((line) => line.text);
    this.#pending.clear();
    return texts;
  }
}
