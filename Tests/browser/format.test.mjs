import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, bytes, clock, initials, percent, remaining, speed, spokenTime, titleOf } from '../../web/format.js';
import { zonesOf } from '../../web/zones.js';

function table(name, call, rows) {
  test(name, () => {
    for (const [input, output] of rows) assert.equal(call(input), output, JSON.stringify(input));
  });
}

table('clock', clock, [[0, '0:00'], [5.9, '0:05'], [83, '1:23'], [600, '10:00'], [3599.999, '59:59'], [3723, '1:02:03'], [360000, '100:00:00'],
  [NaN, '0:00'], [Infinity, '0:00'], [-3, '0:00'], [undefined, '0:00']]);
table('spoken time', spokenTime, [[0, '0 seconds'], [1, '1 second'], [83, '1 minute 23 seconds'], [3600, '1 hour'], [7325, '2 hours 2 minutes 5 seconds'],
  [NaN, '0 seconds'], [-1, '0 seconds']]);
table('bytes', bytes, [[0, '0 bytes'], [1, '1 byte'], [999, '999 bytes'], [1000, '1.0 KB'], [8388608, '8.4 MB'], [99_960_000, '100 MB'], [999_600, '1.0 MB'],
  [2_700_000_000, '2.7 GB'], [5e15, '5000 TB'], [NaN, ''], [-1, '']]);
table('speed', speed, [[1_234_567.8, '1.2 MB/s']]);
table('remaining', remaining, [[0, 'a few seconds left'], [12, '15 s left'], [54, '55 s left'], [61, '2 min left'], [3569, '60 min left'], [3600, '1 h left'],
  [5400, '1 h 30 min left'], [7199, '2 h left'], [Infinity, ''], [NaN, '']]);
table('percent never says done too early', percent, [[0, '0 %'], [0.999, '99 %'], [1, '100 %'], [0.29, '29 %'], [7, '100 %'], [-1, '0 %'], [NaN, '0 %'], [undefined, '0 %']]);
table('title of a file', titleOf, [['Q3_review-final.mov', 'Q3 review-final'], ['clip.mp4', 'clip'], ['.mp4', '.mp4'], ['no extension', 'no extension'],
  ['v1.2 cut.mkv', 'v1.2 cut'], ['x'.repeat(300), 'x'.repeat(200)]]);
table('initials', initials, [['Ada Lindqvist', 'AL'], ['jo', 'J'], ['Ana María de la Cruz', 'AC'], ['', '?'], ['  ', '?'], ['😀 smile', '😀S']]);

test('ago', () => {
  const now = Date.parse('2026-05-10T12:00:00.000Z');
  const rows = [['2026-05-10T11:59:30.000Z', 'just now'], ['2026-05-10T12:00:30.000Z', 'just now'], ['2026-05-10T11:15:00.000Z', '45 min ago'],
    ['2026-05-10T02:00:00.000Z', '10 h ago'], ['2026-05-09T11:00:00.000Z', 'yesterday'], ['2026-05-06T11:00:00.000Z', '4 days ago'], ['nonsense', '']];
  for (const [iso, text] of rows) assert.equal(ago(iso, now), text, iso);
});

test('only zones that the server knows are offered, each once', () => {
  assert.deepEqual(zonesOf([undefined, 'CET', 'Europe/Berlin', 'UTC', 'Japan', 'America/Argentina/Ushuaia', 'Europe/Berlin', 'EST']), ['Europe/Berlin', 'UTC', 'America/Argentina/Ushuaia']);
});
