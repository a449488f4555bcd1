import assert from 'node:assert/strict';
import { test } from 'node:test';
import { body, isCommand, normalise, parse, privmsg, typedBody, unescapeTag } from '../assets/irc.js';

const cases = [
  ['PING', 'PING', [], ''],
  ['ping :tmi.twitch.tv', 'PING', ['tmi.twitch.tv'], ''],
  [':a!a@a.tmi.twitch.tv PRIVMSG #r :hi there', 'PRIVMSG', ['#r', 'hi there'], 'a'],
  [':tmi.twitch.tv  001   bob  :Welcome, GLHF!', '001', ['bob', 'Welcome, GLHF!'], 'tmi.twitch.tv'],
  ['PRIVMSG #r ::)', 'PRIVMSG', ['#r', ':)'], ''],
  ['PRIVMSG #r :', 'PRIVMSG', ['#r', ''], ''],
  ['PRIVMSG #r hi', 'PRIVMSG', ['#r', 'hi'], ''],
  ['PRIVMSG #r : two  spaces ', 'PRIVMSG', ['#r', ' two  spaces '], ''],
  ['', '', [], ''],
  ['@a=b', '', [], ''],
  [':only', '', [], 'only'],
];

test('parse splits prefix, command and params', () => {
  for (const [line, command, params, nick] of cases) {
    const got = parse(line);
    assert.deepEqual([got.command, got.params, got.nick], [command, params, nick], line);
  }
});

test('parse reads tags, the last of one name wins', () => {
  const { tags, command } = parse('@a=1;b;c=;a=2;e=x\\sy\\:=z;__proto__=p :s CMD');
  assert.deepEqual([...tags], [['a', '2'], ['b', ''], ['c', ''], ['e', 'x y;=z'], ['__proto__', 'p']]);
  assert.equal(command, 'CMD');
});

test('tag escapes are undone, a lone backslash at the end is dropped', () => {
  const table = { '\\s\\:\\\\\\r\\n': ' ;\\\r\n', 'a\\b': 'ab', 'end\\': 'end', '\\\\s': '\\s', plain: 'plain', '\\😀': '😀' };
  for (const [value, want] of Object.entries(table)) assert.equal(unescapeTag(value), want, value);
});

test('what is typed becomes one tidy line', () => {
  assert.equal(normalise('  a \t b\r\nQUIT  '), 'a b QUIT');
  assert.equal(normalise('\x01ACTION x\x01'), 'ACTION x');
  assert.equal(normalise(' \n '), '');
  assert.equal(privmsg('r', 'hi', 'n1'), '@client-nonce=n1 PRIVMSG #r :hi');
});

test('commands are told from lines', () => {
  for (const text of ['/ban x', '.timeout x', '/slow', '/measure']) assert.ok(isCommand(text), text);
  for (const text of ['/me waves', '.me waves', '/ text', '..text', '... so', 'a /ban', '/', '/?', './x', '/ME']) assert.ok(!isCommand(text), text);
});

test('actions are recognised, sent and received', () => {
  assert.deepEqual(body('\x01ACTION waves\x01'), { text: 'waves', action: true });
  assert.deepEqual(body('\x01ACTION cut off'), { text: 'cut off', action: true });
  assert.deepEqual(body('plain'), { text: 'plain', action: false });
  assert.deepEqual(typedBody('/me waves'), { text: 'waves', action: true });
  assert.deepEqual(typedBody('.ME waves'), { text: 'waves', action: true });
  assert.deepEqual(typedBody('/me'), { text: '', action: true });
  assert.deepEqual(typedBody('/ /me'), { text: '/me', action: false });
});
