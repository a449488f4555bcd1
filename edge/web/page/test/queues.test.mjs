import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoken } from '../assets/announce.js';
import { Backlog } from '../assets/backlog.js';
import { answerWithinMs, Outbox } from '../assets/outbox.js';

test('a backlog keeps the newest entries and counts all', () => {
  const backlog = new Backlog(3);
  for (let i = 1; i <= 1000; i++) backlog.push(i);
  assert.equal(backlog.arrived, 1000);
  let kept = 0;
  backlog.each(() => kept++);
  assert.ok(kept < 6, `${kept} kept`);
  assert.deepEqual(backlog.take(), [998, 999, 1000]);
  assert.deepEqual([backlog.arrived, backlog.take()], [0, []]);
});

test('an outbox finds a line by its nonce, a refused one by its age', () => {
  const outbox = new Outbox();
  const [first, second] = [outbox.add('one'), outbox.add('two')];
  assert.notEqual(first, second);
  assert.equal(outbox.said(second), 'two');
  assert.equal(outbox.said(second), undefined);
  assert.equal(outbox.oldest, 'one');
  outbox.answered();
  assert.equal(outbox.oldest, undefined);
  outbox.answered();
});

test('an outbox gives up lines that nobody answered', () => {
  const outbox = new Outbox();
  outbox.add('old', 0);
  outbox.add('new', 10);
  assert.deepEqual(outbox.expired(answerWithinMs - 1), []);
  assert.deepEqual(outbox.expired(answerWithinMs), ['old']);
  assert.deepEqual(outbox.lost(), ['new']);
  assert.deepEqual(outbox.lost(), []);
});

test('an outbox refuses more lines than it can hold', () => {
  const outbox = new Outbox();
  let taken = 0;
  while (outbox.add('line') !== '') assert.ok(++taken < 100);
  assert.equal(taken, 20);
});

test('a busy room is summed up, a quiet one read out', () => {
  const entry = { kind: 'chat', name: 'Bob', login: 'bob', text: 'hi' };
  assert.equal(spoken([entry, { kind: 'notice', text: 'Slow mode.' }], 2), 'Bob: hi. Slow mode.');
  assert.equal(spoken([entry, entry, entry], 250), '250 new lines');
});
