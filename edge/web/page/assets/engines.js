// Engines play one stream in a video element: hls.js where the browser has Media Source
// Extensions, else the browser's own HLS. Both tell their owner playing(), failed(why)
// and levels(); why is one of player.js. An engine fails once at most.

import Hls from './hls.light.min.mjs';
import { playlistOf } from './name.js';

const recoverEveryMs = 10_000; // between two attempts to go on after a decoder's error

const codecErrors = new Set([
  Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR,
  Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
  Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
]);

/**
 * engineFor gives the class to play with, or null if this browser plays no HLS. hls.js
 * comes first: it knows how far behind live it is, and follows the network.
 */
export function engineFor(video) {
  if (Hls.isSupported()) return HlsEngine;
  return video.canPlayType('application/vnd.apple.mpegurl') ? NativeEngine : null;
}

class Engine {
  video;
  owner;
  over = false; // the server has said that nothing follows
  #listening = new AbortController();

  constructor(video, owner) {
    this.video = video;
    this.owner = owner;
    this.on('canplay', () => owner.playing());
    this.on('playing', () => owner.playing());
    this.on('ended', () => this.fail('ended'));
  }

  on(event, handle) {
    this.video.addEventListener(event, handle, { signal: this.#listening.signal });
  }

  // fail tells later: its owner stops the engine, which must not happen amid its own event.
  fail(why) {
    queueMicrotask(() => this.owner.failed(why));
  }

  clock() {
    return { at: this.video.currentTime, paused: this.video.paused, over: this.over };
  }

  stop() {
    this.#listening.abort();
  }
}

class HlsEngine extends Engine {
  #hls;
  #events;
  #recoveredAt = -Infinity;
  #live = false; // a playlist that can still grow was seen

  constructor(video, channel, owner) {
    super(video, owner);
    const hls = new Hls({
      enableWorker: false, // fMP4 needs no remuxing; a worker would need a wider policy
      backBufferLength: 30,
      capLevelToPlayerSize: true,
      liveDurationInfinity: true,
      lowLatencyMode: true, // where the playlist has parts
      maxLiveSyncPlaybackRate: 1.05, // of what has fallen behind, in that mode
    });
    this.#hls = hls;
    this.#events = { stalls: 0, errors: 0, last: '' };
    hls.on(Hls.Events.MANIFEST_PARSED, () => owner.levels());
    hls.on(Hls.Events.LEVEL_SWITCHED, () => owner.levels());
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => {
      this.#live ||= details.live;
      this.over = !details.live;
      if (!this.#live) this.fail('ended');
    });
    hls.on(Hls.Events.ERROR, (_, data) => this.#erred(data));
    hls.loadSource(playlistOf(channel, location.search));
    hls.attachMedia(video);
  }

  #erred({ type, details, fatal, response }) {
    const { ErrorTypes, ErrorDetails } = Hls;
    if (details === ErrorDetails.BUFFER_STALLED_ERROR) this.#events.stalls++;
    else this.#events.errors++;
    this.#events.last = details;
    if (!fatal) return;
    if (type === ErrorTypes.MEDIA_ERROR) {
      this.#mediaErred(details);
    } else {
      this.fail(type === ErrorTypes.NETWORK_ERROR ? reasonOf(response?.code) : 'broken');
    }
  }

  #mediaErred(details) {
    const now = performance.now();
    if (codecErrors.has(details)) {
      this.fail('unsupported');
    } else if (now - this.#recoveredAt < recoverEveryMs) {
      this.fail('broken');
    } else {
      this.#recoveredAt = now;
      this.#hls.recoverMediaError();
    }
  }

  get levels() {
    return this.#hls.levels.map(({ height, bitrate, frameRate }) => ({ height, bitrate, fps: frameRate }));
  }

  /** The level on the screen, -1 before the first. */
  get level() {
    return this.#hls.currentLevel;
  }

  /** Whether the network chooses the level. */
  get auto() {
    return this.#hls.autoLevelEnabled;
  }

  /** pick plays that level from the next segment on; -1 leaves it to the network. */
  pick(index) {
    this.#hls.nextLevel = index;
  }

  /** Seconds behind the newest that the server has; NaN while not known. */
  get latency() {
    return this.#hls.latency || NaN;
  }

  /** Seconds behind that are meant. */
  get targetLatency() {
    return this.#hls.targetLatency ?? NaN;
  }

  get livePosition() {
    return this.#hls.liveSyncPosition;
  }

  /** What is fetched at a time: parts where the playlist has them, of so many seconds at most. */
  get pieces() {
    const details = this.#hls.latestLevelDetails;
    if (!details) return null;
    const parts = details.partList !== null;
    return { parts, seconds: parts ? details.partTarget : details.targetduration };
  }

  /** What happened since the start: stalls and errors, those that were got over included, and the last one's name. */
  get events() {
    return this.#events;
  }

  /** Bits per second that the network is thought to give. */
  get bandwidth() {
    return this.#hls.bandwidthEstimate;
  }

  stop() {
    super.stop();
    this.#hls.destroy();
  }
}

class NativeEngine extends Engine {
  #source;

  constructor(video, channel, owner) {
    super(video, owner);
    this.#source = playlistOf(channel, location.search);
    this.on('error', () => this.#ask());
    this.on('loadedmetadata', () => owner.levels());
    video.src = this.#source;
  }

  levels = [];
  level = -1;
  auto = true;
  targetLatency = NaN;
  pieces = null; // it does not say
  events = { stalls: 0, errors: 0, last: '' };
  bandwidth = NaN;

  pick() {}

  get latency() {
    return this.livePosition === null ? NaN : this.livePosition - this.video.currentTime;
  }

  get livePosition() {
    const { seekable } = this.video;
    return seekable.length === 0 ? null : seekable.end(seekable.length - 1);
  }

  // ask finds out what a video element does not tell: what the server says.
  async #ask() {
    try {
      const { ok, status } = await fetch(this.#source, { cache: 'no-store' });
      this.fail(ok ? 'broken' : reasonOf(status));
    } catch {
      this.fail('away');
    }
  }

  stop() {
    super.stop();
    this.video.removeAttribute('src');
    this.video.load();
  }
}

function reasonOf(status) {
  if (status === 404 || status === 410) return 'absent';
  return status === 401 || status === 403 ? 'refused' : 'away';
}
