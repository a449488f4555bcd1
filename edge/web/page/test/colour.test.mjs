import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { backgrounds, contrast, contrastMin, nameColours } from '../assets/colour.js';

function readable({ light, dark }, what) {
  for (const back of backgrounds.light) assert.ok(contrast(light, back) >= contrastMin, `${what}: ${light} on ${back}`);
  for (const back of backgrounds.dark) assert.ok(contrast(dark, back) >= contrastMin, `${what}: ${dark} on ${back}`);
}

test('every chosen colour can be read on both backgrounds', () => {
  const steps = ['00', '33', '80', 'cc', 'ff'];
  for (const r of steps) for (const g of steps) for (const b of steps) readable(nameColours(`#${r}${g}${b}`, 'x'), `#${r}${g}${b}`);
});

test('every hashed colour can be read, stays the same and differs between people', () => {
  const seen = new Set();
  for (let i = 0; i < 3000; i++) {
    const pair = nameColours('', `viewer${i}`);
    readable(pair, `viewer${i}`);
    seen.add(pair.light);
  }
  assert.ok(seen.size > 200, `${seen.size} colours`);
  assert.deepEqual(nameColours('', 'viewer7'), nameColours('not a colour', 'viewer7'));
});

test('a colour that can be read is left as it is', () => {
  assert.equal(nameColours('#8a2be2', 'x').light, '#8a2be2');
  assert.equal(nameColours('#FF7F50', 'x').dark, '#ff7f50');
});

test('contrast is that of WCAG', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(contrast('#777777', '#777777'), 1);
  assert.equal(contrast('#767676', '#ffffff').toFixed(2), '4.54');
});

test('the style sheet has the backgrounds that colours are computed for', async () => {
  const style = await readFile(new URL('../assets/style.css', import.meta.url), 'utf8');
  const named = (name) => [...style.matchAll(new RegExp(`--${name}: (#[0-9a-f]{6});`, 'g'))].map((match) => match[1]);
  ['surface', 'hover', 'mention-wash'].forEach((name, at) => {
    assert.deepEqual(named(name), [backgrounds.light[at], backgrounds.dark[at]], name);
  });
});
