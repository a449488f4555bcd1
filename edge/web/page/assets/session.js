// Session is one reader in one room: it signs on, joins, says lines and turns what
// the server sends into entries. It owns its Link and knows nothing of the page.

import { isCommand, normalise, parse, privmsg, textMax, typedBody } from './irc.js';
import { chatEntry, isHeld, isRefusal, notice, noticeEntry, ownEntry, userNoticeEntries } from './entry.js';
import { Link } from './link.js';
import { Outbox } from './outbox.js';

const joinWithinMs = 5_000; // the server answers a JOIN within 600 ms
const joinTriesMax = 3;
const sweepEveryMs = 1_000;

const closedDoors = new Set([
  'msg_banned',
  'msg_channel_suspended',
  'msg_concurrent_channel_limit_reached',
  'msg_room_not_found',
]);

export class Session {
  room = '';
  nick = ''; // '' reads anonymously
  online = false; // joined: lines arrive and may be said

  #view;
  #link;
  #outbox = new Outbox();
  #registered = false;
  #joinTimer = 0;
  #sweep = 0;
  #random;

  /**
   * dial opens a WebSocket to the server. view hears status({state, retryMs}),
   * entry(row), removed(match) when said lines must go (match(row) tells which),
   * unsent(text) when a line was not accepted and nickRefused(nick).
   * States: connecting, joining, online, waiting, refused.
   */
  constructor(dial, view, random = Math.random) {
    this.#view = view;
    this.#random = random;
    this.#link = new Link(dial, {
      opened: () => this.#opened(),
      received: (line) => this.#received(parse(line)),
      down: (retryMs) => this.#down(retryMs),
    }, random);
  }

  /** join leaves the room it is in and goes to room, over the same link if it is up. */
  join(room) {
    const old = this.room;
    this.room = room;
    this.#reportLost();
    if (!this.#registered) {
      this.reconnect();
      return;
    }
    if (old !== '' && old !== room) this.#link.send(`PART #${old}`);
    this.#enter();
  }

  /** signOn speaks as nick from now on; '' goes back to reading anonymously. */
  signOn(nick) {
    this.nick = nick;
    if (this.room !== '') this.reconnect();
  }

  /** reconnect dials at once. */
  reconnect() {
    this.#left();
    this.#reportLost();
    this.#view.status({ state: 'connecting' });
    this.#link.restart();
  }

  /** say sends typed text to the room. It gives why not, or '' when it went out. */
  say(typed) {
    const text = normalise(typed);
    if (typedBody(text).text === '') return 'There is nothing to send.';
    if (!this.online) return 'Not connected: your line was not sent.';
    if ([...text].length > textMax) return `A line has at most ${textMax} characters.`;
    const nonce = this.#outbox.add(text);
    if (nonce === '') return 'Earlier lines still wait for an answer.';
    this.#link.send(privmsg(this.room, text, nonce));
    return '';
  }

  #opened() {
    this.#link.send('CAP REQ :twitch.tv/tags twitch.tv/commands');
    if (this.nick !== '') this.#link.send('PASS oauth:open');
    this.#link.send(`NICK ${this.nick || 'justinfan' + (1000 + Math.floor(this.#random() * 99000))}`);
  }

  #received(message) {
    switch (message.command) {
      case 'PING':
        this.#link.send(`PONG :${message.params[0] ?? ''}`);
        return;
      case 'RECONNECT':
        this.#left();
        this.#reportLost();
        this.#view.status({ state: 'connecting' });
        this.#link.hasten();
        return;
      case '001':
        this.#registered = true;
        if (this.nick !== '') this.nick = message.params[0] ?? this.nick;
        this.#enter();
        return;
      case 'NOTICE':
        this.#noticed(message);
        return;
    }
    if (message.params[0] === `#${this.room}`) this.#inRoom(message);
  }

  #inRoom(message) {
    switch (message.command) {
      case 'PRIVMSG':
        this.#view.entry(chatEntry(message));
        return;
      case 'USERNOTICE':
        userNoticeEntries(message).forEach((entry) => this.#view.entry(entry));
        return;
      case 'USERSTATE':
        this.#said(message);
        return;
      case 'ROOMSTATE':
        if (!this.online) this.#joined();
        return;
      case 'CLEARCHAT': {
        const login = message.params[1];
        this.#view.removed((entry) => !login || entry.login === login);
        if (!login) this.#view.entry(notice('The room was cleared by a moderator.'));
        return;
      }
      case 'CLEARMSG': {
        const id = message.tags.get('target-msg-id');
        if (id) this.#view.removed((entry) => entry.id === id);
        return;
      }
      case 'PART':
        if (message.nick === this.nick) this.#shutOut();
    }
  }

  #said(message) {
    const text = this.#outbox.said(message.tags.get('client-nonce') ?? '');
    if (text === undefined || isCommand(text)) return;
    this.#view.entry(ownEntry(message, this.nick, text));
  }

  #noticed(message) {
    const [target, text] = message.params;
    const id = message.tags.get('msg-id') ?? '';
    if (!this.#registered) {
      this.#signOnRefused(text);
      return;
    }
    if (target !== `#${this.room}`) {
      if (target === '*') this.#view.entry(noticeEntry(message));
      return;
    }
    this.#view.entry(noticeEntry(message));
    if (!this.online && closedDoors.has(id)) {
      this.#shutOut();
      return;
    }
    const oldest = this.#outbox.oldest;
    if (oldest === undefined || !(isRefusal(id) || isCommand(oldest))) return;
    this.#outbox.answered();
    if (isRefusal(id) && !isHeld(id)) this.#view.unsent(oldest);
  }

  // signOnRefused goes on as a reader, so that a bad nick does not lock one out.
  #signOnRefused(text) {
    this.#view.entry(notice(`The server said: ${text}`, 'warn'));
    if (this.nick === '') return;
    const nick = this.nick;
    this.nick = '';
    this.#view.nickRefused(nick);
    this.reconnect();
  }

  #enter(tries = 1) {
    this.online = false;
    this.#view.status({ state: 'joining' });
    this.#link.send(`JOIN #${this.room}`);
    clearTimeout(this.#joinTimer);
    this.#joinTimer = setTimeout(() => {
      if (tries < joinTriesMax) this.#enter(tries + 1);
      else this.#shutOut(notice(`The room #${this.room} does not answer.`, 'warn'));
    }, joinWithinMs);
  }

  #joined() {
    clearTimeout(this.#joinTimer);
    clearInterval(this.#sweep);
    this.online = true;
    this.#sweep = setInterval(() => this.#report(this.#outbox.expired()), sweepEveryMs);
    this.#view.status({ state: 'online' });
  }

  #shutOut(entry) {
    clearTimeout(this.#joinTimer);
    this.online = false;
    if (entry) this.#view.entry(entry);
    this.#view.status({ state: 'refused' });
  }

  #down(retryMs) {
    this.#left();
    this.#reportLost();
    this.#view.status({ state: 'waiting', retryMs });
  }

  #left() {
    clearTimeout(this.#joinTimer);
    clearInterval(this.#sweep);
    this.#registered = false;
    this.online = false;
  }

  #reportLost() {
    this.#report(this.#outbox.lost());
  }

  #report(texts) {
    for (const text of texts.filter((line) => !isCommand(line))) {
      this.#view.entry(notice(`No answer to your line, so it may not have been sent: ${text}`, 'warn'));
      this.#view.unsent(text);
    }
  }
}
