// The chat page: ties session, log and controls together.

import { Announcer } from './announce.js';
import { Composer } from './composer.js';
import { Log } from './log.js';
import { notice } from './entry.js';
import { roomName, roomOf } from './name.js';
import { Session } from './session.js';
import { recall, remember } from './settings.js';
import { StatusBar } from './status.js';

const find = (id) => document.getElementById(id);

const log = new Log(find('log'), find('newest'), new Announcer(find('announcer')));

const session = new Session(dial, {
  status(status) {
    bar.show(status, session);
    composer.show(session);
    log.nick = session.nick;
  },
  entry: (entry) => log.add(entry),
  removed: (match) => log.remove(match),
  unsent: (text) => composer.giveBack(text),
  nickRefused(nick) {
    remember('nick', '');
    composer.refuse(nick);
  },
});

const bar = new StatusBar(find, () => session.reconnect());
const composer = new Composer(find, {
  say(text) {
    log.follow();
    return session.say(text);
  },
  signOn(nick) {
    remember('nick', nick);
    session.signOn(nick);
    composer.show(session);
  },
});

function dial() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(`${scheme}//${location.host}/`, 'irc');
}

function enter(room) {
  if (room === session.room) return;
  remember('room', room);
  find('empty').hidden = true;
  find('room').value = '';
  find('title').textContent = `#${room}`;
  find('log').setAttribute('aria-label', `Chat of ${room}`);
  document.title = `#${room} · Uproar`;
  log.clear();
  log.add(notice(`Welcome to #${room}.`));
  session.join(room);
  composer.show(session);
}

function address(room) {
  return `${location.pathname}?room=${room}`;
}

find('room-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const room = roomName(find('room').value);
  if (room === '') {
    composer.hint('A room name has 1 to 25 letters, digits or underscores.');
    return;
  }
  composer.hint('');
  if (room !== session.room) history.pushState(null, '', address(room));
  enter(room);
  composer.focus();
});

find('room').addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  find('room').value = '';
  composer.hint('');
  composer.focus();
});

find('log').addEventListener('keydown', (event) => {
  if (event.key === 'Escape') composer.focus();
});

find('skip').addEventListener('click', (event) => {
  event.preventDefault();
  composer.focus();
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !log.following) log.follow();
});

addEventListener('popstate', () => roomOf(location) && enter(roomOf(location)));
addEventListener('hashchange', () => roomOf(location) && enter(roomOf(location)));
addEventListener('online', () => bar.waiting && session.reconnect());

session.nick = composer.start(recall('nick'));
const first = roomOf(location) || roomName(recall('room'));
if (first) {
  history.replaceState(null, '', address(first));
  enter(first);
} else {
  find('room').focus();
}
