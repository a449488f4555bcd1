// What the quality menu says, and the facts below the picture. Pure functions.

const ordinaryFps = 31; // from here on the frame rate is worth a mention

/**
 * qualities names levels, each of height, bitrate and fps (0 where the playlist does not
 * say), for the menu: best first, each { index, label }, with index the level's place.
 */
export function qualities(levels) {
  const sorted = levels.map((level, index) => ({ level, index }));
  sorted.sort((a, b) => b.level.height - a.level.height || b.level.bitrate - a.level.bitrate);
  const names = sorted.map(({ level }) => shortName(level));
  return sorted.map(({ level, index }, place) => {
    const alone = names.indexOf(names[place]) === names.lastIndexOf(names[place]);
    return { index, label: alone || !level.height ? names[place] : `${names[place]} ${rate(level.bitrate)}` };
  });
}

/** autoName is the entry that leaves the choice to the player; level is the present one. */
export function autoName(level) {
  return level ? `Auto ${shortName(level)}` : 'Auto';
}

/** rate writes bits per second. */
export function rate(bits) {
  if (bits >= 1e6) return `${(bits / 1e6).toFixed(1)} Mb/s`;
  return `${Math.round(bits / 1e3)} kb/s`;
}

/** piecesName says what is fetched at a time: { parts, seconds }, or null while not known. */
export function piecesName(pieces) {
  if (!pieces) return '';
  return `${pieces.parts ? 'parts' : 'segments'} of ${Number(pieces.seconds.toFixed(1))} s`;
}

function shortName({ height, bitrate, fps }) {
  if (!height) return rate(bitrate);
  return `${height}p${fps >= ordinaryFps ? Math.round(fps) : ''}`;
}
