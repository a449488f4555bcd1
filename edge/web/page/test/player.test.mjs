import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Player } from '../assets/player.js';
import { Clock } from './clock.mjs';

let clock, made, states, player;

// Engine plays what the test says.
class Engine {
  at = 0;
  paused = false;
  stopped = false;
  over = false;

  constructor(channel, owner) {
    this.channel = channel;
    this.owner = owner;
  }
  clock() {
    return { at: this.at, paused: this.paused, over: this.over };
  }
  stop() {
    this.stopped = true;
  }
}

beforeEach(() => {
  clock = new Clock(1_790_000_000_000);
  made = [];
  states = [];
  const make = (channel, owner) => {
    made.push(new Engine(channel, owner));
    return made.at(-1);
  };
  player = new Player(make, { status: (status) => states.push(status) }, () => 1);
  player.load('forsen');
});

afterEach(() => {
  player.stop();
  clock.restore();
});

// play lets the picture go on for seconds.
function play(seconds) {
  for (let i = 0; i < seconds; i++) {
    made.at(-1).at++;
    clock.tick(1000);
  }
}

test('a stream that is not there is asked for again, later each time', () => {
  const waits = [];
  for (let i = 0; i < 7; i++) {
    made.at(-1).owner.failed('absent');
    const { state, retryMs } = states.at(-1);
    assert.equal(state, 'absent');
    waits.push(retryMs);
    assert.equal(made.at(-1).stopped, true);
    clock.tick(retryMs - 1);
    assert.equal(made.length, i + 1, 'not before its time');
    clock.tick(1);
    assert.equal(made.length, i + 2);
    assert.equal(states.at(-1).state, 'looking');
  }
  assert.deepEqual(waits, [1100, 2100, 4100, 8100, 16100, 30100, 30100]);
});

test('a stream that has played a while is asked for soon again when it breaks', () => {
  for (let i = 0; i < 4; i++) {
    made.at(-1).owner.failed('away');
    clock.tick(states.at(-1).retryMs);
  }
  made.at(-1).owner.playing();
  play(11);
  made.at(-1).owner.failed('away');
  assert.equal(states.at(-1).retryMs, 1100);
});

test('an engine that was replaced is not heard any more', () => {
  const [old] = made;
  player.load('xqc');
  old.owner.failed('broken');
  old.owner.playing();
  assert.deepEqual(states.map(({ state }) => state), ['looking', 'looking']);
  assert.equal(old.stopped, true);
  assert.equal(made.at(-1).channel, 'xqc');
});

test('a picture that stands still is told of, then the engine is made anew', () => {
  made[0].owner.playing();
  play(3);
  clock.tick(7_000);
  assert.equal(states.at(-1).state, 'playing');
  clock.tick(2_000);
  assert.equal(states.at(-1).state, 'stalled');
  play(1);
  assert.equal(states.at(-1).state, 'playing', 'it went on');
  clock.tick(32_000);
  assert.ok(states.some(({ state }) => state === 'away'));
  assert.equal(made[0].stopped, true);
});

test('a picture that stands still behind the end of the stream means that it has ended', () => {
  made[0].owner.playing();
  made[0].over = true;
  play(5);
  assert.equal(states.at(-1).state, 'playing');
  clock.tick(4_000);
  assert.equal(states.at(-1).state, 'ended');
});

test('who paused is not told that the picture stands still', () => {
  made[0].owner.playing();
  made[0].paused = true;
  clock.tick(120_000);
  assert.equal(states.at(-1).state, 'playing');
  assert.equal(made.length, 1);
});

test('a browser that cannot play it is not asked again', () => {
  made[0].owner.failed('unsupported');
  assert.deepEqual(states.at(-1), { state: 'unsupported' });
  clock.tick(600_000);
  assert.equal(made.length, 1);
});

test('after a stop nothing is tried', () => {
  made[0].owner.failed('absent');
  player.stop();
  clock.tick(600_000);
  assert.equal(made.length, 1);
});
