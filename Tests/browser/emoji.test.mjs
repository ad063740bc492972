import assert from 'node:assert/strict';
import test from 'node:test';
import { COLUMNS, EMOJI, stepOf } from '../../web/people/emoji.js';

test('each emoji is one picture with a name of its own, in full rows', () => {
  const pictures = new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { name, text } of EMOJI) {
    assert.equal([...pictures.segment(text)].length, 1, name);
    assert.match(text, /\p{Emoji_Presentation}|\uFE0F/u, name);
  }
  for (const key of ['name', 'text']) assert.equal(new Set(EMOJI.map((each) => each[key])).size, EMOJI.length);
  assert.equal(EMOJI.length % COLUMNS, 0);
});

test('arrows move within the picture, other keys do not', () => {
  const last = EMOJI.length - 1;
  const rows = [['ArrowRight', 0, 1], ['ArrowLeft', 1, 0], ['ArrowDown', 3, 3 + COLUMNS], ['ArrowUp', 3 + COLUMNS, 3], ['ArrowLeft', 0, 0], ['ArrowUp', 2, 2],
    ['ArrowRight', last, last], ['ArrowDown', last, last], ['End', 4, last], ['Home', last, 0], ['Enter', 4, null], ['a', 4, null], ['Tab', 4, null]];
  for (const [key, at, expected] of rows) assert.equal(stepOf(key, at), expected, `${key} at ${at}`);
});
