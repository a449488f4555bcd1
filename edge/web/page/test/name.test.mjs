import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayName, nickName, pathOf, playlistOf, roomName, roomOf } from '../assets/name.js';

test('a room is meant with or without #, in any case', () => {
  const table = { ' #FoO ': 'foo', foo_1: 'foo_1', '': '', '#': '', _foo: '', 'a b': '', 'é': '', ['a'.repeat(25)]: 'a'.repeat(25), ['a'.repeat(26)]: '' };
  for (const [text, want] of Object.entries(table)) assert.equal(roomName(text), want, text);
});

test('nobody takes the name of an anonymous reader', () => {
  assert.equal(nickName('@Bob'), 'bob');
  assert.equal(nickName('justinfan123'), '');
  assert.equal(nickName('justinfan'), 'justinfan');
});

test('the address names the room, path before query before hash', () => {
  const at = (url) => roomOf(new URL(url, 'http://127.0.0.1/'));
  assert.equal(at('/?room=One'), 'one');
  assert.equal(at('/?room=%23one#two'), 'one');
  assert.equal(at('/#two'), 'two');
  assert.equal(at('/#room=two'), 'two');
  assert.equal(at('/?room=%00bad#two'), 'two');
  assert.equal(at('/#%E0%A4%A'), '');
  assert.equal(at('/'), '');
  assert.equal(at('/Three?room=one#two'), 'three');
  assert.equal(at('/not/a/room'), '');
});

test('a room is watched at its own path, but for those that the server has other uses for', () => {
  assert.equal(pathOf('forsen'), '/forsen');
  for (const taken of ['api', 'assets', 'find', 'hls']) assert.equal(pathOf(taken), `/?room=${taken}`);
});

test('the right to watch goes from the address of the page to that of the video, and nothing else does', () => {
  assert.equal(playlistOf('forsen', ''), '/hls/forsen/index.m3u8');
  assert.equal(playlistOf('forsen', '?sig=0a&room=x&token=e30%26'), '/hls/forsen/index.m3u8?token=e30%26&sig=0a');
});

test('a display name that is not the login shows the login too', () => {
  assert.equal(displayName('BoB', 'bob'), 'BoB');
  assert.equal(displayName('ボブ', 'bob'), 'ボブ (bob)');
  assert.equal(displayName('', 'bob'), 'bob');
});
