// IRC lines as the server speaks them: parsing, tags, and the few lines the page
// sends. Pure functions; nothing here touches the document or the network.

/** Longest text of one line, in code points; the server cuts what is longer. */
export const textMax = 500;

/**
 * parse reads one line without its CRLF. The result has tags (a Map, values
 * unescaped), nick (of the prefix, '' without one), command (upper case) and
 * params (the trailing one without its colon). Anything parses; a line without a
 * command has command ''.
 */
export function parse(line) {
  const message = { tags: new Map(), nick: '', command: '', params: [] };
  let rest = line;
  if (rest.startsWith('@')) {
    const [tags, after] = cut(rest.slice(1));
    message.tags = parseTags(tags);
    rest = after;
  }
  if (rest.startsWith(':')) {
    const [prefix, after] = cut(rest.slice(1));
    const bang = prefix.indexOf('!');
    message.nick = bang < 0 ? prefix : prefix.slice(0, bang);
    rest = after;
  }
  const [command, after] = cut(rest);
  message.command = command.toUpperCase();
  rest = after;
  while (rest !== '') {
    if (rest.startsWith(':')) {
      message.params.push(rest.slice(1));
      break;
    }
    const [param, tail] = cut(rest);
    message.params.push(param);
    rest = tail;
  }
  return message;
}

// cut splits at the first run of spaces.
function cut(text) {
  const at = text.indexOf(' ');
  if (at < 0) return [text, ''];
  let next = at;
  while (text[next] === ' ') next++;
  return [text.slice(0, at), text.slice(next)];
}

function parseTags(text) {
  const tags = new Map();
  for (const pair of text.split(';')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 0) tags.set(pair, '');
    else tags.set(pair.slice(0, equals), unescapeTag(pair.slice(equals + 1)));
  }
  return tags;
}

const escapes = { s: ' ', ':': ';', r: '\r', n: '\n' };

/** unescapeTag undoes the escapes of a tag value (IRCv3 message-tags). */
export function unescapeTag(value) {
  if (!value.includes('\\')) return value;
  return value.replace(/\\(.?)/gsu, (_, char) => escapes[char] ?? char);
}

/** privmsg is the line that says text in room; nonce comes back in USERSTATE. */
export function privmsg(room, text, nonce) {
  return `@client-nonce=${nonce} PRIVMSG #${room} :${text}`;
}

/**
 * normalise makes of what was typed what the server will relay: one line, no
 * spaces at the ends, runs of spaces as one.
 */
export function normalise(text) {
  return text.replace(/[\s\0\x01]+/gu, ' ').trim();
}

/**
 * isCommand tells whether text is a chat command, which is answered with a NOTICE
 * instead of being said. "/me", "/ text" and "..text" are lines.
 */
export function isCommand(text) {
  return /^[/.][a-z]/i.test(text) && !/^[/.]me( |$)/i.test(text);
}

/** body splits a PRIVMSG text into its words and whether it is an action (/me). */
export function body(text) {
  const action = /^\x01ACTION (.*?)\x01?$/su.exec(text);
  return action ? { text: action[1], action: true } : { text, action: false };
}

/** typedBody is body for a normalised text that this page's user typed. */
export function typedBody(text) {
  const action = /^[/.]me(?: (.*))?$/isu.exec(text);
  if (action) return { text: action[1] ?? '', action: true };
  return { text: text.startsWith('/ ') ? text.slice(2) : text, action: false };
}
