import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../assets/link.js';
import { Session } from '../assets/session.js';
import { Clock } from './clock.mjs';

// Socket is the browser's end of a WebSocket, played by the test.
class Socket {
  readyState = 0;
  sent = [];
  closed = false;

  open() {
    this.readyState = 1;
    this.onopen({});
  }
  send(line) {
    assert.ok(!/[\r\n]/.test(line), 'one line a message');
    this.sent.push(line);
  }
  hear(...lines) {
    this.onmessage({ data: lines.map((line) => line + '\r\n').join('') });
  }
  close() {
    this.closed = true;
    this.readyState = 3;
  }
  /** cut is the network or the server ending the link. */
  cut() {
    this.readyState = 3;
    this.onclose({});
  }
  take() {
    return this.sent.splice(0);
  }
}

const welcome = (nick) => `:tmi.twitch.tv 001 ${nick} :Welcome, GLHF!`;
const roomstate = '@emote-only=0;room-id=1;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #r';

let clock; // of the test that runs

// pass lets time pass in steps, so that timers set meanwhile are due in time.
function pass(ms) {
  for (; ms > 0; ms -= 100) clock.tick(Math.min(ms, 100));
}

// setUp starts a session on a driven clock; random is always 0.5.
function setUp(t, nick = '') {
  clock = new Clock(1_000_000);
  t.after(() => clock.restore());
  const world = { sockets: [], states: [], entries: [], unsent: [], refusedNicks: [], removals: [] };
  const dial = () => {
    const socket = new Socket();
    world.sockets.push(socket);
    return socket;
  };
  const view = {
    status: ({ state }) => world.states.push(state),
    entry: (entry) => world.entries.push(entry),
    removed: (match) => world.removals.push(match),
    unsent: (text) => world.unsent.push(text),
    nickRefused: (refused) => world.refusedNicks.push(refused),
  };
  const session = new Session(dial, view, () => 0.5);
  session.nick = nick;
  session.join('r');
  return { session, world, socket: () => world.sockets.at(-1) };
}

function goOnline({ socket }, nick) {
  socket().open();
  socket().hear(welcome(nick));
  socket().hear(`:${nick}!${nick}@${nick}.tmi.twitch.tv JOIN #r`, roomstate);
  return socket().take();
}

test('a reader signs on without an account and joins after the welcome', (t) => {
  const s = setUp(t);
  s.socket().open();
  assert.deepEqual(s.socket().take(), ['CAP REQ :twitch.tv/tags twitch.tv/commands', 'NICK justinfan50500']);
  s.socket().hear(':tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands', welcome('justinfan50500'));
  assert.deepEqual(s.socket().take(), ['JOIN #r']);
  s.socket().hear(roomstate);
  assert.deepEqual(s.world.states, ['connecting', 'joining', 'online']);
});

test('a speaker signs on with PASS and NICK', (t) => {
  const s = setUp(t, 'bob');
  assert.deepEqual(goOnline(s, 'bob').slice(1), ['PASS oauth:open', 'NICK bob', 'JOIN #r']);
});

test('one frame of several lines gives several entries, other rooms none', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  s.socket().hear(':a!a@a PRIVMSG #r :one', ':b!b@b PRIVMSG #r :two', ':c!c@c PRIVMSG #other :three');
  assert.deepEqual(s.world.entries.map((entry) => entry.text), ['one', 'two']);
});

test('a line is shown once USERSTATE brings its nonce back', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  assert.equal(s.session.say('  hello   all '), '');
  const [line] = s.socket().take();
  const nonce = /^@client-nonce=(\w+) PRIVMSG #r :hello all$/.exec(line)[1];
  assert.deepEqual(s.world.entries, []);
  s.socket().hear(':tmi.twitch.tv USERSTATE #r');
  assert.deepEqual(s.world.entries, []);
  s.socket().hear(`@client-nonce=${nonce};display-name=Bob;id=i9 :tmi.twitch.tv USERSTATE #r`);
  assert.deepEqual(s.world.entries.map((entry) => [entry.name, entry.text, entry.id, entry.own]), [['Bob', 'hello all', 'i9', true]]);
});

test('a line that is held for moderators is told, and not given back', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  s.session.say('waits');
  s.socket().hear('@msg-id=msg_rejected :tmi.twitch.tv NOTICE #r :Being checked.');
  pass(20_000);
  assert.deepEqual(s.world.unsent, []);
});

test('a moderator who is told of a held line has not been refused', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  s.session.say('mine');
  s.socket().hear('@msg-id=msg_held :tmi.twitch.tv NOTICE #r :Message 1 from ann is held.');
  assert.deepEqual(s.world.unsent, []);
  pass(20_000);
  assert.deepEqual(s.world.unsent, ['mine']); // it has waited for its own answer
});

test('a refused line is told and given back', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  s.session.say('again');
  s.socket().hear('@msg-id=slow_on :tmi.twitch.tv NOTICE #r :This room is now in slow mode.');
  assert.deepEqual(s.world.unsent, []);
  s.socket().hear('@msg-id=msg_duplicate :tmi.twitch.tv NOTICE #r :Not sent.');
  assert.deepEqual(s.world.unsent, ['again']);
  assert.equal(s.world.entries.at(-1).tone, 'warn');
  pass(20_000);
  assert.deepEqual(s.world.unsent, ['again']);
});

test('a line without an answer is told, a command without one is not', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  s.session.say('lost');
  s.session.say('/slow');
  pass(9_000);
  assert.deepEqual(s.world.unsent, ['lost']);
  assert.match(s.world.entries.at(-1).text, /lost$/);
});

test('a line on a link that breaks is told', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  s.session.say('lost');
  s.socket().cut();
  assert.deepEqual(s.world.unsent, ['lost']);
  assert.notEqual(s.session.say('now'), '');
});

test('nothing, too much, and too many at once are not sent', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  assert.notEqual(s.session.say('  '), '');
  assert.notEqual(s.session.say('/me '), '');
  assert.notEqual(s.session.say('😀'.repeat(501)), '');
  assert.equal(s.session.say('😀'.repeat(500)), '');
  for (let i = 1; i < 20; i++) assert.equal(s.session.say(`line ${i}`), '');
  assert.notEqual(s.session.say('one more'), '');
  assert.equal(s.socket().take().length, 20);
});

test('a server PING is answered with its token', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  s.socket().hear('PING :tmi.twitch.tv');
  assert.deepEqual(s.socket().take(), ['PONG :tmi.twitch.tv']);
});

test('a silent server is asked, then left', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  pass(30_000);
  assert.deepEqual(s.socket().take(), ['PING :page']);
  s.socket().hear(':tmi.twitch.tv PONG tmi.twitch.tv :page');
  pass(30_000);
  assert.deepEqual(s.socket().take(), ['PING :page']);
  pass(10_000);
  assert.equal(s.world.states.at(-1), 'waiting');
  assert.ok(s.world.sockets[0].closed);
});

test('a lost link is dialled again by growing waits, and the room joined again', (t) => {
  const s = setUp(t, 'bob');
  goOnline(s, 'bob');
  pass(12_000);
  s.socket().cut();
  for (const wait of [600, 1100, 2100]) {
    const dials = s.world.sockets.length;
    pass(wait - 1);
    assert.equal(s.world.sockets.length, dials, `before ${wait} ms`);
    pass(1);
    assert.equal(s.world.sockets.length, dials + 1, `after ${wait} ms`);
    s.socket().cut();
  }
  pass(4100);
  assert.ok(goOnline(s, 'bob').includes('JOIN #r'));
  assert.equal(s.world.states.at(-1), 'online');
});

test('a dial that never opens is given up', (t) => {
  const s = setUp(t);
  pass(10_000);
  assert.equal(s.world.states.at(-1), 'waiting');
});

test('RECONNECT dials at once, a second one soon after waits', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  s.socket().hear(':tmi.twitch.tv RECONNECT');
  assert.equal(s.world.sockets.length, 2);
  assert.ok(s.world.sockets[0].closed);
  goOnline(s, 'justinfan1');
  s.socket().hear(':tmi.twitch.tv RECONNECT');
  assert.equal(s.world.sockets.length, 2);
  pass(600);
  assert.equal(s.world.sockets.length, 3);
});

test('a closed socket of before has no say', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  const old = s.socket();
  s.session.reconnect();
  old.cut();
  old.hear(':a!a@a PRIVMSG #r :ghost');
  assert.deepEqual([s.world.sockets.length, s.world.entries.length], [2, 0]);
});

test('an unanswered JOIN is sent again, then given up', (t) => {
  const s = setUp(t);
  s.socket().open();
  s.socket().hear(welcome('justinfan1'));
  pass(10_000);
  assert.deepEqual(s.socket().take().filter((line) => line === 'JOIN #r').length, 3);
  pass(5_000);
  assert.equal(s.world.states.at(-1), 'refused');
});

test('a room that does not let one in says so', (t) => {
  const s = setUp(t, 'bob');
  s.socket().open();
  s.socket().hear(welcome('bob'), '@msg-id=msg_banned :tmi.twitch.tv NOTICE #r :You are permanently banned from talking in r.');
  assert.equal(s.world.states.at(-1), 'refused');
  s.socket().take();
  pass(20_000);
  assert.deepEqual(s.socket().take(), []);
});

test('a refused name goes on as a reader', (t) => {
  const s = setUp(t, 'bob');
  s.socket().open();
  s.socket().hear(':tmi.twitch.tv NOTICE * :Login authentication failed');
  assert.deepEqual(s.world.refusedNicks, ['bob']);
  assert.equal(s.world.sockets.length, 2);
  assert.match(goOnline(s, 'justinfan50500').join(), /NICK justinfan/);
  assert.equal(s.world.states.at(-1), 'online');
});

test('another room is joined over the same link', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  s.session.join('q');
  assert.deepEqual(s.socket().take(), ['PART #r', 'JOIN #q']);
  s.socket().hear(roomstate, ':a!a@a PRIVMSG #r :late');
  assert.deepEqual([s.session.online, s.world.entries.length], [false, 0]);
});

test('moderation removes the lines it names', (t) => {
  const s = setUp(t);
  goOnline(s, 'justinfan1');
  s.socket().hear(
    '@ban-duration=10 :tmi.twitch.tv CLEARCHAT #r :eve',
    '@login=eve;target-msg-id=i3 :tmi.twitch.tv CLEARMSG #r :spam',
    ':tmi.twitch.tv CLEARCHAT #r',
  );
  const rows = [{ login: 'eve', id: 'i1' }, { login: 'bob', id: 'i3' }];
  assert.deepEqual(s.world.removals.map((match) => rows.map(match)), [[true, false], [false, true], [true, true]]);
});

test('waits grow, are jittered and bounded', () => {
  assert.equal(backoffMs(0, () => 0), 100);
  assert.equal(backoffMs(0, () => 0.999).toFixed(), '1099');
  assert.equal(backoffMs(3, () => 0.5), 4100);
  assert.equal(backoffMs(1000, () => 1), 30_100);
});
