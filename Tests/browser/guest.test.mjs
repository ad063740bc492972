import assert from 'node:assert/strict';
import test from 'node:test';
import { TestClock } from './clock.mjs';

// The module reaches for the session of a page when it is loaded.
globalThis.addEventListener ??= () => {};
globalThis.document ??= { addEventListener() {}, hidden: false };
globalThis.localStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const { ApiError } = await import('../../web/api.js');
const { untilReady } = await import('../../web/share/waiting.js');

/** A guest before a video that answers as `answers` say, the last of them for ever. */
function visit(answers, { hours = 1 } = {}) {
  const clock = new TestClock();
  const seen = { looks: [], shown: [], over: [] };
  const begun = clock.now();
  const visit = { clock, ...seen, isHidden: false };
  untilReady({
    clock, endsAt: begun + hours * 3_600_000, isHidden: () => visit.isHidden,
    look: async () => {
      visit.looks.push(clock.now() - begun);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    show: ({ state }) => visit.shown.push(state), over: (error) => visit.over.push(error?.status ?? null),
  });
  return visit;
}

test('a guest who waits sees the video become ready, and nobody looks any more', async () => {
  const guest = visit([{ state: 'processing' }, { state: 'processing' }, { state: 'ready' }]);
  await guest.clock.advance(600_000);
  assert.deepEqual([guest.shown, guest.over], [['processing', 'processing', 'ready'], []]);
  assert.equal(guest.looks[0], 2000);
});

test('a server that is away for a while does not end the wait, a link that ended does', async () => {
  const guest = visit([new TypeError('unreachable'), new ApiError(503), new ApiError(429), { state: 'processing' }, new ApiError(410)]);
  await guest.clock.advance(600_000);
  assert.deepEqual([guest.shown, guest.over, guest.looks.length], [['processing'], [410], 5]);
});

test('looks become rarer, rest while nobody sees the page, and end with the visit', async () => {
  const guest = visit([{ state: 'processing' }]);
  await guest.clock.advance(300_000);
  const gaps = guest.looks.slice(1).map((at, index) => at - guest.looks[index]);
  assert.ok(gaps.every((gap, index) => gap <= 15_000 && gap >= (gaps[index - 1] ?? 0)), `${gaps}`);
  assert.equal(gaps.at(-1), 15_000);
  guest.isHidden = true;
  const { length } = guest.looks;
  await guest.clock.advance(300_000);
  assert.equal(guest.looks.length, length);
  guest.isHidden = false;
  await guest.clock.advance(15_000);
  assert.equal(guest.looks.length, length + 1);
  await guest.clock.advance(4_000_000);
  assert.deepEqual(guest.over, [null]);
  assert.ok(guest.looks.length < 260);
});
