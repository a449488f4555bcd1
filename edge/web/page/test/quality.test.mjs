import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autoName, piecesName, qualities, rate } from '../assets/quality.js';

const level = (height, bitrate, fps = 25) => ({ height, bitrate, fps });

test('the menu has the best first, and knows where each stands in the playlist', () => {
  const menu = qualities([level(180, 250e3), level(720, 3e6, 60), level(360, 800e3)]);
  assert.deepEqual(menu, [{ index: 1, label: '720p60' }, { index: 2, label: '360p' }, { index: 0, label: '180p' }]);
});

test('two levels of one height are told apart by their rate', () => {
  const menu = qualities([level(720, 1.5e6), level(720, 3e6), level(0, 64e3)]);
  assert.deepEqual(menu.map(({ label }) => label), ['720p 3.0 Mb/s', '720p 1.5 Mb/s', '64 kb/s']);
});

test('the automatic choice tells what it is', () => {
  assert.equal(autoName(undefined), 'Auto');
  assert.equal(autoName(level(360, 800e3)), 'Auto 360p');
  assert.equal(rate(999_499), '999 kb/s');
});

test('parts are told from segments', () => {
  assert.equal(piecesName({ parts: true, seconds: 0.5 }), 'parts of 0.5 s');
  assert.equal(piecesName({ parts: false, seconds: 4 }), 'segments of 4 s');
  assert.equal(piecesName(null), '');
});
