import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatEntry, isRefusal, mentions, noticeEntry, ownEntry, userNoticeEntries } from '../assets/entry.js';
import { parse } from '../assets/irc.js';

const ronni = '@badges=broadcaster/1,subscriber/12,vip/1;color=#1E90FF;display-name=Ronni;id=i1;tmi-sent-ts=1507246572675';

test('a PRIVMSG becomes a row', () => {
  const entry = chatEntry(parse(`${ronni} :ronni!ronni@ronni.tmi.twitch.tv PRIVMSG #r :\x01ACTION waves\x01`));
  assert.deepEqual(entry, {
    kind: 'chat', id: 'i1', login: 'ronni', name: 'Ronni', color: '#1E90FF', badges: ['host', 'vip'],
    text: 'waves', action: true, reply: null, at: 1507246572675, own: false,
  });
});

test('a PRIVMSG without tags becomes a row all the same', () => {
  const { name, color, text, at } = chatEntry(parse(':bob!bob@bob.tmi.twitch.tv PRIVMSG #r :hi'));
  assert.deepEqual([name, color, text], ['bob', '', 'hi']);
  assert.ok(Math.abs(at - Date.now()) < 60_000);
});

test('a reply quotes its parent and drops the mention', () => {
  const tags = 'reply-parent-display-name=Bob;reply-parent-msg-body=what\\snow;reply-parent-user-login=bob';
  const entry = chatEntry(parse(`${ronni};${tags} :ronni!r@r PRIVMSG #r :@Bob nothing`));
  assert.deepEqual(entry.reply, { login: 'bob', name: 'Bob', text: 'what now' });
  assert.equal(entry.text, 'nothing');
  const other = chatEntry(parse(`${ronni};${tags} :ronni!r@r PRIVMSG #r :@Eve nothing`));
  assert.equal(other.text, '@Eve nothing');
});

test('the own row takes its looks from USERSTATE and its words from what was typed', () => {
  const entry = ownEntry(parse(`${ronni} :tmi.twitch.tv USERSTATE #r`), 'ronni', '/me waves');
  assert.deepEqual([entry.name, entry.id, entry.text, entry.action, entry.own], ['Ronni', 'i1', 'waves', true, true]);
});

test('notices have the tone of their id', () => {
  const tone = (id) => noticeEntry(parse(`@msg-id=${id} :tmi.twitch.tv NOTICE #r :text`)).tone;
  assert.equal(tone('uproar_gap'), 'gap');
  assert.equal(tone('msg_duplicate'), 'warn');
  assert.equal(tone('msg_held'), 'warn');
  assert.equal(tone('unrecognized_cmd'), 'warn');
  assert.equal(tone('slow_on'), 'info');
  assert.ok(!isRefusal('slow_on'));
});

test('a USERNOTICE shows the event and the words said with it', () => {
  const rows = userNoticeEntries(parse(`${ronni};login=ronni;system-msg=Ronni\\sraids :tmi.twitch.tv USERNOTICE #r :hello`));
  assert.deepEqual(rows.map((row) => [row.kind, row.text]), [['notice', 'Ronni raids'], ['chat', 'hello']]);
  assert.equal(rows[1].login, 'ronni');
});

test('a mention is a whole word', () => {
  assert.ok(mentions('hey @Bob, look', 'bob'));
  assert.ok(!mentions('bobsled', 'bob'));
  assert.ok(!mentions('anything', ''));
});
