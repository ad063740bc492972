import assert from 'node:assert/strict';
import test from 'node:test';
import { cueAt, parseThumbnails, parseTimestamp } from '../../web/player/thumbnails.js';

const BASE = 'http://host/v1/playback/signed/42/thumbnails.vtt';
const TEXT = `WEBVTT - strip

NOTE made by the encoder

first
00:00:00.000 --> 00:00:05.000
strip.jpg#xywh=0,0,160,90

00:05.000 --> 00:10.000 align:left
strip.jpg?s=1#xywh=160,0,160,90
`;

test('cues point into one picture next to the file', () => {
  assert.deepEqual(parseThumbnails(TEXT, BASE), [
    { start: 0, end: 5, url: 'http://host/v1/playback/signed/42/strip.jpg', x: 0, y: 0, width: 160, height: 90 },
    { start: 5, end: 10, url: 'http://host/v1/playback/signed/42/strip.jpg?s=1', x: 160, y: 0, width: 160, height: 90 },
  ]);
  assert.equal(parseThumbnails(TEXT.replaceAll('\n', '\r\n'), BASE).length, 2);
});

test('cues that make no sense are left out', () => {
  const bad = ['00:05.000 --> 00:01.000\na.jpg#xywh=0,0,1,1', '00:00.000 --> 00:01.000\na.jpg', '00:00.000 --> 00:01.000',
    '00:00.000 --> 00:01.000\na.jpg#xywh=0,0,0,90', 'x --> y\na.jpg#xywh=0,0,1,1', '00:00.000 --> 00:01.000\na.jpg#xywh=-1,0,1,1'];
  for (const cue of bad) assert.deepEqual(parseThumbnails(`WEBVTT\n\n${cue}\n`, BASE), [], cue);
});

test('another kind of file is refused', () => {
  for (const text of ['', 'WEBVTTX\n', '<html>', TEXT.slice(3)]) assert.throws(() => parseThumbnails(text, BASE), SyntaxError);
});

test('the cue for a time', () => {
  const cues = parseThumbnails(TEXT, BASE);
  for (const [time, x] of [[0, 0], [4.9, 0], [5, 160], [9, 160], [99, 160], [-1, 0]]) assert.equal(cueAt(cues, time).x, x, `at ${time}`);
  assert.equal(cueAt([], 3), undefined);
});

test('timestamps', () => {
  const table = [['00:00.000', 0], ['01:02.500', 62.5], ['01:01:01.001', 3661.001], ['100:00:00.000', 360000], ['00:60.000', NaN],
    ['1:00.000', NaN], ['00:00', NaN], ['', NaN]];
  for (const [text, seconds] of table) assert.equal(parseTimestamp(text), seconds, text);
});
