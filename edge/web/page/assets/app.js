// The page: ties session, log and controls together, and on a page to watch the player.

import { Announcer } from './announce.js';
import { Composer } from './composer.js';
import { Log } from './log.js';
import { notice } from './entry.js';
import { pathOf, roomName, roomOf } from './name.js';
import { Session } from './session.js';
import { recall, remember } from './settings.js';
import { StatusBar } from './status.js';

const find = (id) => document.getElementById(id);
const watching = document.body.dataset.view === 'watch';
let stage = null; // where watching, once it is loaded

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
  stage?.play(room);
}

function address(room) {
  return watching ? pathOf(room) : `${location.pathname}?room=${room}`;
}

// The player comes in a file of its own, ten times the rest of the page: chat does not
// wait for it.
async function openStage() {
  try {
    const { Stage } = await import('./stage.js');
    stage = new Stage(find);
    if (session.room !== '') stage.play(session.room);
  } catch (problem) {
    find('video-alert-text').textContent = 'The player could not be loaded. Load the page again to watch.';
    find('video-alert').hidden = false;
    find('video-retry').hidden = true;
    throw problem;
  }
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
  if (stage !== null && plain(event) && stage.key(event.key)) event.preventDefault();
});

// plain tells whether a key belongs to nobody: typed into no field, with no control that
// has a use of its own for it.
function plain({ target, ctrlKey, altKey, metaKey }) {
  return !ctrlKey && !altKey && !metaKey && target.closest('input, select, textarea, button, a, .log') === null;
}

addEventListener('popstate', () => roomOf(location) && enter(roomOf(location)));
addEventListener('hashchange', () => roomOf(location) && enter(roomOf(location)));
addEventListener('online', () => bar.waiting && session.reconnect());

if (watching) openStage();
session.nick = composer.start(recall('nick'));
const first = roomOf(location) || roomName(recall('room'));
if (first) {
  history.replaceState(null, '', address(first) + (watching ? location.search : '')); // that may hold a right to watch
  enter(first);
} else {
  find('room').focus();
}
