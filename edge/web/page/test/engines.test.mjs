import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

globalThis.self = globalThis; // as in a browser, for hls.js
const { engineFor } = await import('../assets/engines.js');

const before = { location: globalThis.location, fetch: globalThis.fetch };
let video, told;

// Video is an element that plays HLS by itself as well as canPlay says.
class Video extends EventTarget {
  currentTime = 0;
  paused = false;
  seekable = { length: 0 };
  src = '';

  constructor(canPlay) {
    super();
    this.canPlay = canPlay;
  }
  canPlayType(type) {
    return type === 'application/vnd.apple.mpegurl' ? this.canPlay : '';
  }
  removeAttribute(name) {
    this[name] = '';
  }
  load() {}
}

// extensions are Media Source Extensions that take types of which codec is a part.
function extensions(codec) {
  return class {
    static isTypeSupported(type) {
      return type.includes(codec);
    }
  };
}

beforeEach(() => {
  video = new Video('maybe');
  told = [];
  globalThis.location = { search: '?token=t&sig=s&theme=dark' };
});

afterEach(() => {
  Object.assign(globalThis, before);
  for (const name of ['MediaSource', 'ManagedMediaSource']) delete globalThis[name];
});

const owner = {
  playing: () => told.push('playing'),
  failed: (why) => told.push(why),
  levels: () => told.push('levels'),
};

/** native is the engine that plays in the browser's own way. */
function native() {
  return new (engineFor(video))(video, 'den', owner);
}

test('hls.js plays where there are Media Source Extensions, whatever the browser plays by itself', () => {
  globalThis.MediaSource = extensions('avc1.');
  assert.equal(engineFor(video).name, 'HlsEngine');
  assert.equal(engineFor(new Video('')).name, 'HlsEngine');
});

test('so it does with those of iPhones', () => {
  globalThis.ManagedMediaSource = extensions('mp4a.');
  assert.equal(engineFor(video).name, 'HlsEngine');
});

test('without them, or without a codec that they take, the browser plays by itself', () => {
  assert.equal(engineFor(video).name, 'NativeEngine');
  globalThis.MediaSource = extensions('no such codec');
  assert.equal(engineFor(video).name, 'NativeEngine');
});

test('a browser that can do neither plays nothing', () => {
  assert.equal(engineFor(new Video('')), null);
});

test('the browser is given the playlist with the right to watch it, and left alone after a stop', () => {
  const engine = native();
  assert.equal(video.src, '/hls/den/index.m3u8?token=t&sig=s');
  video.dispatchEvent(new Event('loadedmetadata'));
  video.dispatchEvent(new Event('playing'));
  engine.stop();
  assert.equal(video.src, '');
  video.dispatchEvent(new Event('playing'));
  assert.deepEqual(told, ['levels', 'playing']);
});

test('how far behind it is comes from what the browser could seek to', () => {
  const engine = native();
  assert.equal(engine.livePosition, null);
  assert.equal(engine.latency, NaN);
  video.seekable = { length: 2, end: (i) => [10, 42.5][i] };
  video.currentTime = 40;
  assert.equal(engine.livePosition, 42.5);
  assert.equal(engine.latency, 2.5);
});

for (const [status, why] of [[404, 'absent'], [403, 'refused'], [503, 'away'], [200, 'broken'], [0, 'away']]) {
  test(`an error of the browser's, when the server says ${status || 'nothing'}, is told as ${why}`, async () => {
    let asked = '';
    globalThis.fetch = async (address) => {
      asked = address;
      if (!status) throw new TypeError('no network');
      return { ok: status === 200, status };
    };
    native();
    video.dispatchEvent(new Event('error'));
    await new Promise((done) => setTimeout(done));
    assert.equal(asked, '/hls/den/index.m3u8?token=t&sig=s');
    assert.deepEqual(told, [why]);
  });
}

test('the end of the stream is told', async () => {
  native();
  video.dispatchEvent(new Event('ended'));
  await null;
  assert.deepEqual(told, ['ended']);
});
