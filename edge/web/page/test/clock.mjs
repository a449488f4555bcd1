// A clock that a test drives, in place of the timers and of Date. The mock of
// node:test has no Date in Node 18, which is Debian 12's.

const real = { setTimeout, clearTimeout, setInterval, clearInterval, Date };

export class Clock {
  #now;
  #timers = new Map(); // by id: { at, run, every }
  #ids = 0;

  constructor(now) {
    this.#now = now;
    const clock = this;
    const clear = (id) => void this.#timers.delete(id);
    Object.assign(globalThis, {
      setTimeout: (run, ms = 0) => this.#add(run, ms),
      setInterval: (run, ms) => this.#add(run, ms, Math.max(ms, 1)),
      clearTimeout: clear,
      clearInterval: clear,
      Date: class extends real.Date {
        constructor(...args) {
          super(...(args.length === 0 ? [clock.#now] : args));
        }
        static now() {
          return clock.#now;
        }
      },
    });
  }

  #add(run, ms, every = 0) {
    this.#timers.set(++this.#ids, { at: this.#now + ms, run, every });
    return this.#ids;
  }

  // tick lets ms pass; what falls due runs in order of its time.
  tick(ms) {
    const end = this.#now + ms;
    for (;;) {
      const [id, timer] = [...this.#timers].reduce((first, entry) => (!first || entry[1].at < first[1].at ? entry : first), null) ?? [];
      if (!timer || timer.at > end) break;
      this.#now = Math.max(this.#now, timer.at);
      if (timer.every) timer.at += timer.every;
      else this.#timers.delete(id);
      timer.run();
    }
    this.#now = end;
  }

  // restore gives the real timers back.
  restore() {
    Object.assign(globalThis, real);
  }
}
