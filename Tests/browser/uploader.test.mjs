import assert from 'node:assert/strict';
import test from 'node:test';
import { appetite, sentBytes } from '../../web/upload/parts.js';
import { MAX_ATTEMPTS, newUpload, restoredUpload, transition } from '../../web/upload/uploader.js';

const FILE = { name: 'a.mp4', size: 25, lastModified: 1, type: 'video/mp4' };

function description(extra = {}) {
  const parts = [1, 2, 3].map((number) => ({ number, url: `/p/${number}`, headers: {} }));
  return { id: 'u', videoId: 'v', state: 'open', bytes: 25, partBytes: 10, partCount: 3, received: [], parts, ...extra };
}

/** Applies events; gives the state and all actions of the last one. */
function play(state, ...events) {
  let actions = [];
  for (const event of events) ({ state, actions } = transition(state, event));
  return { state, actions, types: actions.map((action) => action.type) };
}

const fresh = () => newUpload('k', 'A', FILE);
const described = { type: 'described', upload: description() };
const slots = (count) => ({ type: 'slots', count });
const sent = (number) => ({ type: 'sent', number, etag: `"${number}"` });
const sending = (count = 3) => play(fresh(), { type: 'begin' }, described, slots(count)).state;

test('a file is sent in parts and completed', () => {
  assert.deepEqual(play(fresh(), { type: 'begin' }).types, ['create']);
  assert.deepEqual(play(fresh(), { type: 'begin' }, described).types, ['persist']);
  const started = play(fresh(), { type: 'begin' }, described, slots(2));
  assert.deepEqual(started.actions.map(({ number, start, end }) => [number, start, end]), [[1, 0, 10], [2, 10, 20]]);
  const next = play(started.state, sent(1));
  assert.deepEqual(next.actions.map(({ type, number, start, end }) => [type, number, start, end]),
    [['release', 1, undefined, undefined], ['send', 3, 20, 25]]);
  const last = play(next.state, sent(3), sent(2));
  assert.deepEqual(last.actions.at(-1), { type: 'complete', parts: [1, 2, 3].map((number) => ({ number, etag: `"${number}"` })) });
  const done = play(last.state, { type: 'completed' });
  assert.equal(done.state.phase, 'done');
  assert.deepEqual(done.types, ['forget', 'announce']);
});

test('what is shown as sent', () => {
  const { state } = play(sending(), { type: 'progress', number: 1, run: 1, loaded: 4 }, sent(2), { type: 'progress', number: 3, run: 1, loaded: 99 });
  assert.equal(sentBytes(state), 4 + 10 + 5);
  assert.equal(appetite(state), 2);
});

test('after a reload only the missing parts are sent', () => {
  const restored = restoredUpload({ key: 'k', title: 'A', file: FILE, uploadId: 'u', videoId: 'v' });
  assert.equal(restored.phase, 'choosing');
  const asked = play(restored, { type: 'chosen' });
  assert.deepEqual(asked.actions, [{ type: 'sync', uploadId: 'u' }]);
  const upload = description({ received: [{ number: 2, etag: '"2"', bytes: 10 }], parts: [] });
  const synced = play(asked.state, { type: 'described', upload }, slots(3));
  assert.deepEqual(synced.actions, []);
  assert.ok(synced.state.asking);
  const addressed = play(synced.state, { type: 'addresses', parts: [{ number: 1, url: '/a' }, { number: 3, url: '/b' }] });
  assert.deepEqual(addressed.actions.map(({ type, number, url }) => [type, number, url]), [['send', 1, '/a'], ['send', 3, '/b']]);
});

test('a server that has everything is only asked to complete', () => {
  const received = [1, 2, 3].map((number) => ({ number, etag: `"${number}"` }));
  const { types } = play(fresh(), { type: 'begin' }, { type: 'described', upload: description({ received }) });
  assert.deepEqual(types, ['persist', 'complete']);
});

test('an upload that ended elsewhere', () => {
  assert.equal(play(fresh(), { type: 'begin' }, { type: 'described', upload: description({ state: 'completed' }) }).state.phase, 'done');
  const over = { message: 'gone', again: false, gone: true };
  const completing = play(sending(3), sent(1), sent(2), sent(3)).state;
  const asking = play(sending(3), { type: 'lost', number: 1, run: 1, reason: 'stale' }, { type: 'due', number: 1, run: 1 }).state;
  for (const [state, type] of [[completing, 'refused'], [asking, 'addressesRefused']]) {
    const ended = play(state, { type, ...over });
    assert.deepEqual([ended.state.phase, ended.state.error], ['failed', { message: 'gone', again: false }], type);
    assert.equal(ended.types.at(-1), 'forget');
    assert.deepEqual(play(ended.state, { type: 'retry' }).types, []);
  }
});

test('a part that nobody waits for makes the upload be looked at, but not for ever', () => {
  const gone = (state) => play(state, { type: 'lost', number: 2, run: state.parts[1].run, reason: 'gone', message: 'unknown' });
  let { state, types } = gone(sending(3));
  assert.deepEqual(types, ['release', 'release', 'release', 'sync']);
  for (let round = 1; round < 3; round += 1) ({ state, types } = gone(play(state, described, slots(3)).state));
  assert.equal(types.at(-1), 'sync');
  ({ state } = gone(play(state, described, slots(3)).state));
  assert.deepEqual([state.phase, state.error.again], ['failed', true]);
});

test('a lost part waits, tries again, and fails in the end', () => {
  let { state } = play(sending(1));
  for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
    const run = state.parts[0].run;
    // The others may use the slot meanwhile; it is theirs to give back.
    const lost = play(state, slots(0), { type: 'lost', number: 1, run, reason: 'network', message: 'x' });
    assert.deepEqual(lost.actions, [{ type: 'wait', number: 1, run, attempt, afterMs: 0 }]);
    state = play(lost.state, { type: 'due', number: 1, run }, slots(1)).state;
    assert.equal(state.parts[0].status, 'sending');
  }
  const failed = play(state, { type: 'lost', number: 1, run: state.parts[0].run, reason: 'network', message: 'gone' });
  assert.equal(failed.state.phase, 'failed');
  assert.deepEqual(failed.state.error, { message: 'gone', again: true });
  const again = play(failed.state, { type: 'retry' });
  assert.deepEqual(again.types, ['sync']);
});

test('an expired address is asked for anew', () => {
  const lost = play(sending(3), { type: 'lost', number: 2, run: 1, reason: 'stale', message: 'x' });
  assert.equal(lost.state.parts[1].url, null);
  const due = play(lost.state, { type: 'due', number: 2, run: 1 });
  assert.deepEqual(due.actions, [{ type: 'ask', uploadId: 'u', numbers: [2] }]);
});

test('pause stops what is under way, resume starts it again', () => {
  const paused = play(sending(2), { type: 'pause' });
  assert.deepEqual(paused.types, ['release', 'release']);
  assert.equal(sentBytes(paused.state), 0);
  const late = play(paused.state, sent(1));
  assert.equal(late.state.parts[0].status, 'sent', 'an answer that was on its way counts');
  const resumed = play(late.state, { type: 'resume' });
  assert.deepEqual(resumed.actions.map(({ number }) => number), [2, 3]);
});

test('pause before the server has answered', () => {
  const paused = play(fresh(), { type: 'begin' }, { type: 'pause' }, described);
  assert.equal(paused.state.phase, 'paused');
  assert.equal(play(paused.state, { type: 'resume' }, slots(1)).types[0], 'send');
});

test('cancel, also before the server has answered', () => {
  const cancelled = play(sending(2), { type: 'cancel' });
  assert.deepEqual(cancelled.types, ['release', 'release', 'discard', 'forget']);
  assert.deepEqual(play(cancelled.state, sent(1), described, { type: 'resume' }, { type: 'retry' }).types, []);
  const early = play(fresh(), { type: 'begin' }, { type: 'cancel' }, described);
  assert.deepEqual(early.actions, [{ type: 'discard', uploadId: 'u' }]);
});

test('parts that the server turns out to miss are sent again, but not for ever', () => {
  let { state } = play(sending(3), sent(1), sent(2), sent(3));
  for (let round = 0; round < 3; round += 1) {
    const incomplete = play(state, { type: 'incomplete', message: 'missing' });
    assert.deepEqual(incomplete.types, ['sync']);
    state = play(incomplete.state, described, slots(3), sent(1), sent(2), sent(3)).state;
    assert.equal(state.phase, 'completing');
  }
  assert.equal(play(state, { type: 'incomplete', message: 'missing' }).state.phase, 'failed');
});

test('events that do not fit change nothing', () => {
  const table = [
    [fresh(), [sent(1), { type: 'resume' }, { type: 'retry' }, { type: 'chosen' }, { type: 'completed' }, { type: 'nonsense' }, { type: 'toString' }]],
    [sending(2), [{ type: 'begin' }, described, sent(9), { type: 'lost', number: 1, run: 7 }, { type: 'progress', number: 3, run: 1, loaded: 1 },
      { type: 'due', number: 1, run: 1 }, { type: 'addresses', parts: [] }, { type: 'incomplete' }]],
  ];
  for (const [state, events] of table) {
    for (const event of events) assert.equal(transition(state, event).state, state, JSON.stringify(event));
  }
});

// A random driver against a model of the server. Whatever happens in whatever order: never more in flight than allowed,
// never a part twice at once, nothing sent after the end, and if it is let finish, the server has the very file.

function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39);
    mixed ^= mixed >>> 16;
    return (mixed >>> 0) / 2 ** 32;
  };
}

class Model {
  constructor(random, size, partBytes) {
    Object.assign(this, { random, size, partBytes, count: Math.ceil(size / partBytes) });
    this.server = { exists: false, state: 'open', has: new Map(), signature: 1 };
    this.tasks = [];
    this.flying = new Map();
    this.completions = 0;
    this.calm = false;
    this.state = newUpload('k', 'A', { ...FILE, size });
  }

  tell(event) {
    const { state, actions } = transition(this.state, event);
    this.state = state;
    for (const action of actions) this.perform(action);
    const inFlight = [...this.flying.values()].length;
    const marked = state.parts.filter((part) => part.status === 'sending').length;
    assert.equal(inFlight, marked, 'what flies is what is marked so');
    assert.ok(marked <= Math.max(state.slots, this.mostSlots), 'no more in flight than slots');
    assert.ok(sentBytes(state) <= this.size);
    if (state.phase !== 'sending') assert.equal(marked, 0);
    if (['cancelled', 'done'].includes(state.phase)) assert.equal(appetite(state), 0);
  }

  mostSlots = 4;

  describe() {
    const numbers = Array.from({ length: this.count }, (_, index) => index + 1).filter((number) => !this.server.has.has(number));
    return {
      id: 'u', videoId: 'v', state: this.server.state, bytes: this.size, partBytes: this.partBytes, partCount: this.count,
      received: [...this.server.has].map(([number, etag]) => ({ number, etag })), parts: this.addresses(numbers.slice(0, 3)),
    };
  }

  addresses(numbers) {
    return numbers.map((number) => ({ number, url: `${this.server.signature}/${number}`, headers: {} }));
  }

  perform(action) {
    const fails = () => !this.calm && this.random() < 0.15;
    const later = (run, isTimer = false) => this.tasks.push({ run, isTimer });
    const { server } = this;
    if (action.type === 'create' || action.type === 'sync') {
      later(() => {
        if (fails()) return this.tell({ type: 'refused', message: 'no' });
        server.exists = true;
        this.tell({ type: 'described', upload: this.describe() });
      });
    } else if (action.type === 'ask') {
      assert.ok(action.numbers.length > 0 && action.numbers.length <= 100);
      later(() => (fails() ? this.tell({ type: 'addressesRefused', message: 'no' }) : this.tell({ type: 'addresses', parts: this.addresses(action.numbers) })));
    } else if (action.type === 'send') {
      assert.ok(!this.flying.has(action.number), 'a part flies once');
      assert.ok(!['cancelled', 'done', 'completing'].includes(this.state.phase));
      this.flying.set(action.number, action.run);
      later(() => this.arrive(action, fails));
    } else if (action.type === 'release') {
      if (this.flying.get(action.number) === action.run) this.flying.delete(action.number);
    } else if (action.type === 'wait') {
      assert.equal(this.flying.get(action.number), action.run);
      this.flying.delete(action.number);
      later(() => this.tell({ type: 'due', number: action.number, run: action.run }), true);
    } else if (action.type === 'complete') {
      later(() => {
        if (fails()) return this.tell({ type: 'refused', message: 'no' });
        if (server.has.size !== this.count) return this.tell({ type: 'incomplete', message: 'no' });
        for (const { number, etag } of action.parts) assert.equal(etag, server.has.get(number));
        server.state = 'completed';
        this.completions += 1;
        return this.tell({ type: 'completed' });
      });
    } else if (action.type === 'discard') {
      if (server.state === 'open') server.state = 'aborted';
    }
  }

  arrive({ number, run, url, start, end }, fails) {
    const aborted = this.flying.get(number) !== run;
    assert.equal(end - start, Math.min(this.partBytes, this.size - start));
    const event = { number, run, message: 'no' };
    if (!url.startsWith(`${this.server.signature}/`)) return this.tell({ type: 'lost', reason: 'stale', ...event });
    if (fails()) return this.tell({ type: 'lost', reason: this.random() < 0.5 ? 'network' : 'busy', ...event });
    // An aborted request may still have arrived as a whole; sometimes the page never hears of it.
    if (aborted && this.random() < 0.5) return undefined;
    const etag = `"${number}-${start}-${end}"`;
    this.server.has.set(number, etag);
    return this.tell({ type: 'sent', number, run, etag });
  }

  step() {
    const { random } = this;
    const roll = random();
    if (this.tasks.length && roll < 0.7) return this.tasks.splice(Math.floor(random() * this.tasks.length), 1)[0].run();
    const meddle = [
      () => this.tell({ type: 'slots', count: this.mostSlots = Math.max(this.flying.size, Math.floor(random() * 5)) }),
      () => this.tell({ type: 'pause' }), () => this.tell({ type: 'resume' }), () => this.tell({ type: 'retry' }),
      () => this.tell({ type: 'online' }), () => { this.server.signature += 1; },
      () => { if (this.server.state === 'open' && random() < 0.1) this.server.has.delete(1 + Math.floor(random() * this.count)); },
      () => { const [entry] = this.flying; if (entry) this.tell({ type: 'progress', number: entry[0], run: entry[1], loaded: random() * 20 }); },
    ];
    return meddle[Math.floor(random() * meddle.length)]();
  }

  finish() {
    this.calm = true;
    for (let round = 0; this.state.phase !== 'done' && round < 5000; round += 1) {
      if (this.state.held) this.tell({ type: 'resume' });
      if (this.state.phase === 'failed') this.tell({ type: 'retry' });
      if (this.state.slots < 3) { this.mostSlots = 4; this.tell({ type: 'slots', count: 3 }); }
      this.tasks.shift()?.run();
    }
  }
}

test('random sequences always end with the whole file on the server', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = randomFrom(seed);
    const size = 1 + Math.floor(random() * 120);
    const model = new Model(random, size, 1 + Math.floor(random() * 20));
    try {
      model.tell({ type: 'begin' });
      for (let step = 0; step < 200 && model.state.phase !== 'done'; step += 1) model.step();
      model.finish();
      assert.equal(model.state.phase, 'done');
      assert.equal(model.completions, 1);
      assert.equal(model.server.has.size, model.count);
      assert.equal(sentBytes(model.state), size);
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
});

test('random sequences that are cancelled send nothing afterwards', () => {
  for (let seed = 1000; seed <= 1200; seed += 1) {
    const random = randomFrom(seed);
    const model = new Model(random, 100, 7);
    model.tell({ type: 'begin' });
    for (let step = Math.floor(random() * 60); step > 0; step -= 1) model.step();
    model.tell({ type: 'cancel' });
    if (['completing', 'done'].includes(model.state.phase)) continue;
    assert.equal(model.state.phase, 'cancelled', `seed ${seed}`);
    assert.equal(model.flying.size, 0);
    for (let step = 0; step < 100; step += 1) model.step();
    assert.equal(model.state.phase, 'cancelled');
    assert.equal(model.flying.size, 0);
    if (model.server.exists) assert.equal(model.server.state, 'aborted');
  }
});
