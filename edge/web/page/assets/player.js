// Player keeps one live stream playing: it makes an engine, hears how that fares, and
// after a failure makes another one, by a jittered, growing wait. It knows neither
// controls nor how an engine works.

import { backoffMs } from './link.js';

const calmMs = 10_000; // a stream that has played this long has proved itself
const stalledAfterMs = 8_000; // without a picture before the viewer is told
const endedAfterMs = 3_000; // likewise, when the playlist has said that nothing follows
const renewAfterMs = 30_000; // and before the engine is made anew
const checkEveryMs = 1_000;

/**
 * Why nothing plays: 'absent' (no such stream now), 'ended', 'away' (the server does not
 * answer, or says that it cannot), 'refused' (it does not let this viewer watch),
 * 'broken' (what came cannot be played), 'unsupported' (this browser cannot play it).
 * Of these only the last is final.
 */
export const final = new Set(['unsupported']);

export class Player {
  #make;
  #view;
  #random;
  #engine = null;
  #channel = '';
  #attempt = 0;
  #timer = 0; // the next try, while there is no engine
  #watch = 0;
  #movedAt = 0; // when the picture last went on, or was not meant to
  #since = 0; // when this engine began to play; 0: it has not yet
  #position = 0;
  #stalled = false;

  /**
   * make(channel, owner) gives an engine, which has stop() and a clock() of { at, paused,
   * over }: seconds, and whether nothing follows what the server has. It tells its owner
   * playing() (or ready to) and failed(why), not before it is made. view hears
   * status({ state, retryMs }), with a state of 'looking', 'playing', 'stalled', or why
   * nothing plays.
   */
  constructor(make, view, random = Math.random) {
    this.#make = make;
    this.#view = view;
    this.#random = random;
  }

  get engine() {
    return this.#engine;
  }

  /** load plays channel, in place of what plays now. */
  load(channel) {
    this.#channel = channel;
    this.#attempt = 0;
    this.renew();
  }

  /** renew tries at once, with an engine made anew. */
  renew() {
    this.stop();
    this.#view.status({ state: 'looking' });
    this.#since = 0;
    this.#stalled = false;
    this.#movedAt = Date.now();
    this.#position = -1;
    const current = (handle) => (argument) => {
      if (this.#engine === engine) handle(argument);
    };
    const engine = this.#make(this.#channel, {
      playing: current(() => this.#playing()),
      failed: current((why) => this.#failed(why)),
    });
    this.#engine = engine;
    this.#watch = setInterval(() => this.#check(), checkEveryMs);
  }

  /** stop ends playback, and all tries. */
  stop() {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const engine = this.#engine;
    this.#engine = null;
    engine?.stop();
  }

  #playing() {
    this.#since ||= Date.now();
    this.#movedAt = Date.now();
    this.#stalled = false;
    this.#view.status({ state: 'playing' });
  }

  #failed(why) {
    const played = this.#since === 0 ? 0 : Date.now() - this.#since;
    this.stop();
    if (final.has(why)) {
      this.#view.status({ state: why });
      return;
    }
    if (played >= calmMs) this.#attempt = 0;
    const retryMs = backoffMs(this.#attempt++, this.#random);
    this.#timer = setTimeout(() => this.renew(), retryMs);
    this.#view.status({ state: why, retryMs });
  }

  // check compares clock readings, not counts: browsers slow the timers of a hidden tab.
  #check() {
    const now = Date.now();
    const { at, paused, over } = this.#engine.clock();
    if (at !== this.#position || paused) {
      this.#position = at;
      this.#movedAt = now;
      if (this.#stalled) this.#playing();
      return;
    }
    const still = now - this.#movedAt;
    if (over && still >= endedAfterMs) {
      this.#failed('ended'); // not each file ends where it says
    } else if (still >= renewAfterMs) {
      this.#failed('away');
    } else if (still >= stalledAfterMs && !this.#stalled) {
      this.#stalled = true;
      this.#view.status({ state: 'stalled' });
    }
  }
}
