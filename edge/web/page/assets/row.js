// Rows of the log as elements. Text goes in as text only, never as markup.

import { nameColours } from './colour.js';
import { mentions } from './entry.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** rowOf draws an entry for a reader whose login is nick. */
export function rowOf(entry, nick) {
  const row = element('div', entry.kind === 'chat' ? 'row line' : `row notice ${entry.tone}`);
  if (entry.kind !== 'chat') {
    row.append(element('span', 'text', entry.text), timeOf(entry));
    return row;
  }
  row.classList.toggle('action', entry.action);
  row.classList.toggle('own', entry.own);
  row.classList.toggle('mention', !entry.own && mentions(entry.text, nick));
  if (entry.reply) row.append(quoteOf(entry.reply));
  for (const label of entry.badges) row.append(element('span', 'badge', label), ' ');
  row.append(nameOf(entry), entry.action ? ' ' : ': ', textOf(entry), timeOf(entry));
  return row;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function nameOf(entry) {
  const name = element('bdi', 'name', entry.name);
  const { light, dark } = nameColours(entry.color, entry.login);
  name.style.setProperty('--name-light', light);
  name.style.setProperty('--name-dark', dark);
  return name;
}

function textOf(entry) {
  const text = entry.removed ? element('span', 'text removed', 'removed by a moderator') : element('span', 'text', entry.text);
  text.dir = 'auto';
  return text;
}

function quoteOf({ name, text }) {
  const quote = element('div', 'quote');
  quote.append(element('span', 'visually-hidden', 'in reply to '), element('bdi', 'name', name), ' ', element('span', 'text', text));
  return quote;
}

function timeOf(entry) {
  const time = element('time', 'time', clock.format(entry.at));
  time.dateTime = new Date(entry.at).toISOString();
  return time;
}
