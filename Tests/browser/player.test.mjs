import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseLevel, ThroughputMeter } from '../../web/player/abr.js';
import { commandOf } from '../../web/player/keys.js';
import { matchRoute } from '../../web/routes.js';
import { backoff } from '../../web/timing.js';

const LEVELS = [
  { bandwidth: 800_000, width: 640, height: 360 },
  { bandwidth: 1_400_000, width: 854, height: 480 },
  { bandwidth: 2_800_000, width: 1280, height: 720 },
  { bandwidth: 5_000_000, width: 1920, height: 1080 },
];
const MBIT = 1_000_000;

test('quality by throughput and reserve', () => {
  const table = [
    ['start slow', { estimate: 0.5 * MBIT, reserve: 0 }, 0],
    ['start fast', { estimate: 50 * MBIT, reserve: 0 }, 3],
    ['a margin is kept', { estimate: 2.8 * MBIT, reserve: 0 }, 1],
    ['no rise without a reserve', { estimate: 50 * MBIT, reserve: 3, current: 1 }, 1],
    ['rise with a reserve', { estimate: 50 * MBIT, reserve: 12, current: 1 }, 3],
    ['fall when it runs out', { estimate: 1.2 * MBIT, reserve: 4, current: 3 }, 0],
    ['a dip is sat out with much in hand', { estimate: 5.5 * MBIT, reserve: 20, current: 3 }, 3],
    ['a deep dip is not', { estimate: 2 * MBIT, reserve: 20, current: 3 }, 1],
    ['no more lines than the screen shows', { estimate: 50 * MBIT, reserve: 20, maxLines: 400 }, 1],
    ['a smaller window ends a bigger picture', { estimate: 50 * MBIT, reserve: 20, maxLines: 360, current: 3 }, 0],
    ['a quality that fails is left out', { estimate: 50 * MBIT, reserve: 20, current: 3, blocked: new Set([3]) }, 2],
    ['all fail', { estimate: 50 * MBIT, reserve: 0, blocked: new Set([0, 1, 2, 3]) }, 0],
  ];
  for (const [name, input, level] of table) assert.equal(chooseLevel({ levels: LEVELS, ...input }), level, name);
});

test('throughput falls at once and rises slowly', () => {
  const meter = new ThroughputMeter(3 * MBIT);
  assert.equal(meter.estimate, 3 * MBIT);
  for (let i = 0; i < 20; i += 1) meter.note(1_000_000, 1000);
  assert.ok(Math.abs(meter.estimate - 8 * MBIT) < 0.1 * MBIT);
  meter.note(250_000, 2000);
  assert.ok(meter.estimate < 6 * MBIT);
  meter.note(1_000_000, 1);
  assert.ok(meter.estimate < 8 * MBIT, 'one lucky answer is not believed');
  const now = meter.estimate;
  meter.note(100, 1000);
  assert.equal(meter.estimate, now, 'tiny answers do not count');
  for (let i = 0; i < 8; i += 1) meter.note(1_000_000, 100);
  assert.ok(meter.estimate > 20 * MBIT, 'lasting speed is');
});

test('keys', () => {
  const table = [[' ', 'toggle'], ['k', 'toggle'], ['K', 'toggle'], ['ArrowLeft', 'seekBy', -5], ['j', 'seekBy', -10], ['l', 'seekBy', 10],
    ['7', 'seekToFraction', 0.7], ['0', 'seekToFraction', 0], ['<', 'speedBy', -1], ['>', 'speedBy', 1], ['m', 'mute'], ['f', 'fullscreen']];
  for (const [key, name, value] of table) assert.deepEqual({ value: undefined, ...commandOf({ key }) }, { name, value }, key);
  for (const key of ['x', 'Tab', 'Escape', 'F5', 'constructor', 'toString']) assert.equal(commandOf({ key }), null, key);
  assert.equal(commandOf({ key: 'f', ctrlKey: true }), null);
});

test('addresses', () => {
  const table = [['', 'home'], ['#/', 'home'], ['#/library', 'library'], ['#/login', 'login'], ['#/team', 'team'], ['#/videos/0190-ab', 'watch', { id: '0190-ab' }],
    ['#/invite/a%2Fb', 'accept', { token: 'a/b' }], ['#/invite/%E0%A4%A', 'accept', { token: '%E0%A4%A' }], ['#/videos/../x', 'notFound'], ['#/videos/', 'notFound'], ['#nope', 'notFound']];
  for (const [hash, name, parameters = {}] of table) {
    const found = matchRoute(hash);
    assert.deepEqual([found.name, found.parameters], [name, parameters], hash);
  }
});

test('pauses double up to a limit and are spread', () => {
  assert.equal(backoff(1, 0), 250);
  assert.equal(backoff(1, 1), 500);
  assert.equal(backoff(3, 0.5), 1500);
  assert.equal(backoff(30, 1), 20_000);
});
