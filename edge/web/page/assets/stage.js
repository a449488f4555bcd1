// Stage is the player as a person sees it: the picture, its controls, and what is told
// when nothing plays. Every control is a button, a slider or a menu of the browser's own,
// so that keys and screen readers find them.

import { Alert } from './alert.js';
import { engineFor } from './engines.js';
import { Player } from './player.js';
import { autoName, piecesName, qualities, rate } from './quality.js';
import { recall, remember } from './settings.js';

const drawEveryMs = 500;
const idleAfterMs = 2_500; // without the pointer, before full screen hides the controls
const behindSlack = 3; // seconds beyond the usual distance, before one is not live any more
const volumeStep = 0.1;

const troubles = {
  absent: (channel) => `${channel} is not live.`,
  ended: () => 'The stream has ended.',
  away: () => 'The video server cannot be reached.',
  refused: () => 'You are not allowed to watch this.',
  broken: () => 'The stream cannot be played.',
  unsupported: () => 'This browser cannot play the stream.',
  stalled: () => 'The stream has stopped. Waiting for more.',
};

export class Stage {
  #find;
  #stage;
  #video;
  #alert;
  #player;
  #engine; // the class; null: this browser plays nothing
  #channel = '';
  #idle = 0;
  #quality = ''; // what the menu shows now
  #paused = false; // by the person, not by the browser

  constructor(find) {
    this.#find = find;
    this.#stage = find('stage');
    this.#video = find('video');
    this.#engine = engineFor(this.#video);
    const parts = { box: 'video-alert', text: 'video-alert-text', countdown: 'video-countdown', button: 'video-retry' };
    this.#alert = new Alert(find, parts, () => this.#player.renew());
    this.#player = new Player((channel, owner) => this.#make(channel, owner), { status: (status) => this.#show(status) });
    this.#video.volume = Number(recall('volume') || 1);
    this.#video.muted = recall('muted') === 'yes';
    this.#bindControls();
    this.#bindVideo();
    setInterval(() => this.#draw(), drawEveryMs);
  }

  /** play shows channel, in place of what is shown. */
  play(channel) {
    this.#channel = channel;
    this.#paused = false;
    this.#find('video-title').textContent = channel;
    this.#video.setAttribute('aria-label', `Live video of ${channel}`);
    if (this.#engine) this.#player.load(channel);
    else this.#show({ state: 'unsupported' });
  }

  /** key handles a key that nothing else wants, and tells whether it meant something. */
  key(key) {
    const actions = {
      ' ': () => this.#playOrPause(),
      k: () => this.#playOrPause(),
      m: () => this.#mute(),
      f: () => this.#fullScreen(),
      l: () => this.#toLive(),
      ArrowUp: () => this.#setVolume(this.#video.volume + volumeStep),
      ArrowDown: () => this.#setVolume(this.#video.volume - volumeStep),
    };
    if (!Object.hasOwn(actions, key)) return false;
    actions[key]();
    this.#wake();
    return true;
  }

  #make(channel, owner) {
    const engine = new this.#engine(this.#video, channel, { ...owner, levels: () => this.#listLevels() });
    if (!this.#paused) this.#start();
    return engine;
  }

  // start plays, without sound where the browser wants a click before there is any.
  async #start() {
    try {
      await this.#video.play();
    } catch (problem) {
      if (problem.name !== 'NotAllowedError' || this.#video.muted) return;
      this.#video.muted = true;
      this.#find('unmute').hidden = false;
      this.#video.play().catch(() => {}); // the button to play stays
    }
  }

  #show({ state, retryMs }) {
    this.#stage.dataset.state = state;
    this.#alert.show(troubles[state]?.(this.#channel) ?? '', retryMs);
    this.#draw();
  }

  #bindControls() {
    const on = (id, event, handle) => this.#find(id).addEventListener(event, handle);
    on('play', 'click', () => this.#playOrPause());
    on('mute', 'click', () => this.#mute());
    on('unmute', 'click', () => this.#mute());
    on('volume', 'input', () => this.#setVolume(Number(this.#find('volume').value)));
    on('live', 'click', () => this.#toLive());
    on('quality', 'change', () => this.#pick());
    on('full', 'click', () => this.#fullScreen());
    for (const event of ['pointermove', 'pointerdown', 'focusin']) on('stage', event, () => this.#wake());
    document.addEventListener('fullscreenchange', () => this.#drawFull());
  }

  #bindVideo() {
    for (const event of ['play', 'pause', 'volumechange', 'timeupdate', 'resize']) {
      this.#video.addEventListener(event, () => this.#draw());
    }
    this.#video.addEventListener('waiting', () => this.#stage.classList.add('waiting'));
    for (const event of ['playing', 'emptied', 'pause']) {
      this.#video.addEventListener(event, () => this.#stage.classList.remove('waiting'));
    }
    this.#video.addEventListener('click', () => this.#playOrPause());
    this.#video.addEventListener('dblclick', () => this.#fullScreen());
  }

  #playOrPause() {
    this.#paused = !this.#video.paused;
    if (this.#paused) this.#video.pause();
    else this.#start();
  }

  #mute() {
    const video = this.#video;
    video.muted = !video.muted;
    if (!video.muted && video.volume === 0) video.volume = 0.5;
    this.#keepVolume();
  }

  #setVolume(volume) {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = this.#video.volume === 0;
    this.#keepVolume();
  }

  #keepVolume() {
    remember('volume', String(this.#video.volume));
    remember('muted', this.#video.muted ? 'yes' : '');
  }

  #toLive() {
    const position = this.#player.engine?.livePosition;
    if (position) this.#video.currentTime = position;
    this.#paused = false;
    this.#start();
  }

  #pick() {
    this.#player.engine?.pick(Number(this.#find('quality').value));
    this.#listLevels();
  }

  async #fullScreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else if (this.#stage.requestFullscreen) await this.#stage.requestFullscreen();
      else this.#video.webkitEnterFullscreen?.(); // iPhones show nothing but videos so
    } catch {
      // Not allowed here; the page stays as it is.
    }
  }

  #wake() {
    clearTimeout(this.#idle);
    this.#stage.classList.remove('idle');
    this.#idle = setTimeout(() => this.#stage.classList.add('idle'), idleAfterMs);
  }

  // listLevels fills the menu when it would read otherwise: an open menu must not be
  // taken away under the pointer.
  #listLevels() {
    const engine = this.#player.engine;
    const levels = engine?.levels ?? [];
    const chosen = engine && !engine.auto ? Number(this.#find('quality').value) : -1;
    const first = { index: -1, label: autoName(chosen === -1 ? levels[engine?.level] : undefined) };
    const entries = [first, ...qualities(levels)];
    const reads = JSON.stringify([entries, chosen]);
    if (reads === this.#quality) return;
    this.#quality = reads;
    const menu = this.#find('quality');
    menu.replaceChildren(...entries.map(({ index, label }) => new Option(label, index, false, index === chosen)));
    menu.disabled = levels.length < 2;
  }

  #draw() {
    const { paused, muted, volume } = this.#video;
    this.#label('play', paused ? 'Play' : 'Pause', 'k', paused);
    this.#label('mute', muted ? 'Unmute' : 'Mute', 'm', muted);
    if (!muted) this.#find('unmute').hidden = true;
    this.#find('volume').value = muted ? 0 : volume;
    this.#drawLatency();
    this.#drawFacts();
  }

  #label(id, text, key, pressed) {
    const button = this.#find(id);
    button.dataset.on = pressed;
    button.title = `${text} (${key})`;
    button.setAttribute('aria-label', text);
  }

  #drawLatency() {
    const engine = this.#player.engine;
    const latency = this.#started ? engine.latency : NaN;
    const usual = engine?.targetLatency || 0;
    const behind = latency > usual + behindSlack || (this.#started && this.#video.paused);
    const live = this.#find('live');
    live.disabled = Number.isNaN(latency);
    live.dataset.behind = behind;
    live.title = behind ? 'Go to live (l)' : 'You are watching live';
    this.#find('latency').textContent = Number.isNaN(latency) ? '' : `${latency.toFixed(1)} s`;
  }

  get #started() {
    return this.#player.engine !== null && this.#video.readyState > 0;
  }

  #drawFacts() {
    const video = this.#video;
    const engine = this.#player.engine;
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality?.() ?? {};
    const { stalls, errors, last } = engine?.events ?? {};
    const facts = {
      picture: video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '',
      bandwidth: engine?.bandwidth ? rate(engine.bandwidth) : '',
      pieces: this.#started ? piecesName(engine.pieces) : '',
      buffer: this.#started ? `${this.#buffered.toFixed(1)} s` : '',
      frames: this.#started ? `${totalVideoFrames}, ${droppedVideoFrames} dropped` : '',
      stalls: this.#started ? `${stalls}` : '',
      errors: this.#started ? `${errors}` : '',
    };
    this.#find('fact-errors').title = last ? `last: ${last}` : '';
    for (const [name, text] of Object.entries(facts)) this.#find(`fact-${name}`).textContent = text || '–';
  }

  get #buffered() {
    const { buffered, currentTime } = this.#video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  #drawFull() {
    const full = document.fullscreenElement === this.#stage;
    this.#label('full', full ? 'Leave full screen' : 'Full screen', 'f', full);
    this.#wake();
  }
}
