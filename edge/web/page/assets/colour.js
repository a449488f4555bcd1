// Colours of names: the one a person chose or one of their own by hash, moved
// lighter or darker until it can be read on the page's backgrounds.

/**
 * Backgrounds that a name may stand on in style.css (a row, one under the pointer,
 * one that mentions the reader); a test holds the two files together.
 */
export const backgrounds = {
  light: ['#ffffff', '#f6f5f3', '#fff5d6'],
  dark: ['#17181b', '#1e2023', '#2b2614'],
};

/** Least contrast of a name against its background (WCAG 2.2, level AA). */
export const contrastMin = 4.5;

const cacheMax = 2000;
const cache = new Map();

/** nameColours gives the readable {light, dark} pair for a color tag and login. */
export function nameColours(tag, login) {
  const key = isHex(tag) ? tag.toLowerCase() : `${hash(login) % 360}`;
  let pair = cache.get(key);
  if (!pair) {
    const hsl = isHex(tag) ? toHSL(toRGB(tag)) : [Number(key), 0.62, 0.5];
    pair = {
      light: readable(hsl, hardestLight, -0.02),
      dark: readable(hsl, hardestDark, +0.02),
    };
    if (cache.size >= cacheMax) cache.clear();
    cache.set(key, pair);
  }
  return pair;
}

/** contrast is the WCAG contrast ratio of two colours written #rrggbb. */
export function contrast(a, b) {
  return ratio(luminance(toRGB(a)), luminance(toRGB(b)));
}

function isHex(tag) {
  return /^#[0-9a-f]{6}$/i.test(tag ?? '');
}

// readable steps the lightness until the contrast suffices; the ends of the scale,
// black and white, always do.
function readable([hue, saturation, lightness], background, step) {
  let rgb = toRGBOf(hue, saturation, lightness);
  while (ratio(luminance(rgb), background) < contrastMin) {
    lightness = Math.min(1, Math.max(0, lightness + step));
    rgb = toRGBOf(hue, saturation, lightness);
  }
  return '#' + rgb.map((part) => part.toString(16).padStart(2, '0')).join('');
}

// hash is FNV-1a, 32 bits.
function hash(text) {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

function toRGB(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function toHSL(rgb) {
  const [r, g, b] = rgb.map((part) => part / 255);
  const max = Math.max(r, g, b);
  const min = Math.min(r, g, b);
  const lightness = (max + min) / 2;
  const chroma = max - min;
  if (chroma === 0) return [0, 0, lightness];
  const saturation = chroma / (1 - Math.abs(2 * lightness - 1));
  let hue;
  if (max === r) hue = ((g - b) / chroma + 6) % 6;
  else if (max === g) hue = (b - r) / chroma + 2;
  else hue = (r - g) / chroma + 4;
  return [hue * 60, Math.min(1, saturation), lightness];
}

function toRGBOf(hue, saturation, lightness) {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(a, b) {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const hardestLight = Math.min(...backgrounds.light.map((hex) => luminance(toRGB(hex))));
const hardestDark = Math.max(...backgrounds.dark.map((hex) => luminance(toRGB(hex))));
