// Names of rooms and of people, as the server takes them.

const valid = /^[a-z0-9][a-z0-9_]{0,24}$/;
const anonymous = /^justinfan\d+$/;

/** roomName is the room that was meant, or '' when text names none. */
export function roomName(text) {
  const name = text.trim().toLowerCase().replace(/^#/, '');
  return valid.test(name) ? name : '';
}

/** nickName is the login that was meant, or '' when nobody can be called that. */
export function nickName(text) {
  const name = text.trim().toLowerCase().replace(/^@/, '');
  return valid.test(name) && !anonymous.test(name) ? name : '';
}

/** roomOf finds the room that an address asks for: /name, else ?room=name, else #name. */
export function roomOf(location) {
  const asked = new URLSearchParams(location.search).get('room') ?? '';
  return roomName(location.pathname.slice(1)) || roomName(asked) || roomName(hashText(location.hash));
}

// The server keeps these paths for other things, as Find in page.go has it: such rooms
// have chat alone.
const reserved = new Set(['api', 'assets', 'find', 'hls']);

/** pathOf is the address to watch room at. */
export function pathOf(room) {
  return reserved.has(room) ? `/?room=${room}` : `/${room}`;
}

/**
 * playlistOf is where the video of channel is, with the signed right to watch it when the
 * page's own address has one.
 */
export function playlistOf(channel, search) {
  const given = new URLSearchParams(search);
  const right = new URLSearchParams(['token', 'sig'].filter((name) => given.has(name)).map((name) => [name, given.get(name)]));
  const query = right.toString();
  return `/hls/${channel}/index.m3u8${query && '?'}${query}`;
}

function hashText(hash) {
  try {
    return decodeURIComponent(hash.replace(/^#(room=)?/, ''));
  } catch {
    return '';
  }
}

/** displayName is how a person is shown: the login too when the two differ. */
export function displayName(display, login) {
  if (!display) return login;
  return display.toLowerCase() === login ? display : `${display} (${login})`;
}
