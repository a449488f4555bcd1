// Entries: what one row of the log shows, made from IRC messages. Pure functions.
//
// A chat entry has kind 'chat', id, login, name, color, badges, text, action,
// reply ({name, text} or null), at (ms since 1970) and own. Every other entry is
// {kind: 'notice', tone, text, at} with a tone of info, warn or gap.

import { body, typedBody } from './irc.js';
import { displayName } from './name.js';

const badgeLabels = new Map([
  ['broadcaster', 'host'],
  ['moderator', 'mod'],
  ['vip', 'vip'],
  ['staff', 'staff'],
]);

const heldLines = new Set(['msg_held', 'held_denied']); // to a moderator, to the sender
const refusals = new Set(['unrecognized_cmd', 'no_permission', 'invalid_user', 'tos_ban']);

/** notice is a row that the page or the server says, not a person. */
export function notice(text, tone = 'info', at = Date.now()) {
  return { kind: 'notice', tone, text, at };
}

/** chatEntry is the row of a PRIVMSG. */
export function chatEntry({ tags, nick, params }) {
  const said = body(params[1] ?? '');
  const reply = replyOf(tags);
  return {
    ...person(tags, nick),
    text: reply ? withoutMention(said.text, reply) : said.text,
    action: said.action,
    reply,
    at: Number(tags.get('tmi-sent-ts')) || Date.now(),
    own: false,
  };
}

/** ownEntry is the row of this page's own line, once its USERSTATE came. */
export function ownEntry({ tags }, login, typed) {
  return { ...person(tags, login), ...typedBody(typed), reply: null, at: Date.now(), own: true };
}

/** noticeEntry is the row of a NOTICE. */
export function noticeEntry({ tags, params }) {
  const id = tags.get('msg-id') ?? '';
  return notice(params[1] ?? '', id === 'uproar_gap' ? 'gap' : isRefusal(id) || heldLines.has(id) ? 'warn' : 'info');
}

/** userNoticeEntries are the rows of a USERNOTICE: the event, and the words with it. */
export function userNoticeEntries(message) {
  const system = message.tags.get('system-msg');
  const rows = system ? [notice(system)] : [];
  const login = message.tags.get('login') || message.nick;
  if (message.params[1]) rows.push(chatEntry({ ...message, nick: login }));
  return rows;
}

/**
 * isRefusal tells whether a NOTICE's msg-id says that a line was not accepted. With
 * msg_held a moderator is told of a line of somebody else.
 */
export function isRefusal(id) {
  return (id.startsWith('msg_') && !heldLines.has(id)) || refusals.has(id);
}

/** isHeld tells whether a NOTICE's msg-id says that the line waits for moderators. */
export function isHeld(id) {
  return id === 'msg_rejected';
}

function person(tags, login) {
  return {
    kind: 'chat',
    id: tags.get('id') ?? '',
    login,
    name: displayName(tags.get('display-name'), login),
    color: tags.get('color') ?? '',
    badges: badges(tags.get('badges') ?? ''),
  };
}

function badges(list) {
  return list.split(',').map((badge) => badgeLabels.get(badge.split('/')[0])).filter(Boolean);
}

function replyOf(tags) {
  const text = tags.get('reply-parent-msg-body');
  if (text === undefined) return null;
  const login = tags.get('reply-parent-user-login') ?? '';
  return { login, name: tags.get('reply-parent-display-name') || login, text: body(text).text };
}

// withoutMention drops the "@parent " that a reply's text starts with: the quote
// above it says the same.
function withoutMention(text, { name, login }) {
  const [first, ...rest] = text.split(' ');
  const mentioned = first.toLowerCase();
  const known = mentioned === `@${name.toLowerCase()}` || mentioned === `@${login}`;
  return known && rest.length > 0 ? rest.join(' ') : text;
}

/** mentions tells whether text speaks of login as a word of its own. */
export function mentions(text, login) {
  if (!login) return false;
  return text.toLowerCase().split(/[^a-z0-9_]+/).includes(login);
}
