import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { ChatClient } from '../../web/chat/client.js';
import { ChatConnection } from '../../web/chat/connection.js';
import { RoomLog } from '../../web/chat/roomlog.js';
import { settle, TestClock } from './clock.mjs';

const ROOM = 'room-1';
const entry = (seq, more = {}) => ({ roomId: ROOM, seq, id: `m${seq}`, clientId: `k${seq}`, author: 'bob', body: `body ${seq}`, parentId: null,
  sentAt: '2026-05-10T12:00:00Z', mentions: [], editedAt: null, deletedAt: null, revises: null, ...more });

/** A line and a server's log of one room behind it; both can be cut. */
class Stage {
  clock = new TestClock();
  sockets = [];
  entries = [];
  posts = [];
  marks = [];
  heard = [];
  isUp = true;
  isReachable = true;
  isDeaf = false;
  key = 0;
  tokens = 0;

  constructor({ tokenLife = 1e9 } = {}) {
    this.client = new ChatClient({
      clock: this.clock,
      key: () => `c${this.key += 1}`,
      history: async (roomId, query) => { this.reach(); return this.page(query); },
      post: async (roomId, message) => { this.reach(); this.posts.push(message); return this.store(message); },
      markRead: async (roomId, seq) => { this.marks.push(seq); },
      connect: (handlers) => new ChatConnection({
        ...handlers, clock: this.clock, random: () => 0.5, isFinal: (error) => error.isFinal, open: () => this.open(),
        token: async () => ({ token: `token ${this.tokens += 1}`, expiresAt: this.clock.now() + tokenLife }),
      }),
    });
    this.client.on('message', ({ entry: { seq } }) => this.heard.push(seq));
  }

  reach() { if (!this.isReachable) throw new TypeError('unreachable'); }

  page({ afterSeq, beforeSeq, limit }) {
    const of = this.entries.filter(({ seq, revises }) => (afterSeq !== undefined ? seq > afterSeq : revises === null && seq < (beforeSeq ?? Infinity)));
    const items = afterSeq !== undefined ? of.slice(0, limit) : of.slice(-limit);
    return { items, lastSeq: this.entries.length, hasMore: items.length < of.length };
  }

  store({ clientId, body, parentId }) {
    const known = this.entries.find((each) => each.clientId === clientId);
    if (known) return known;
    const seq = this.entries.length + 1;
    this.entries.push(entry(seq, { clientId, body, parentId: parentId ?? null, author: 'ada', id: `own${seq}` }));
    return this.entries.at(-1);
  }

  open() {
    const socket = { sent: [], isOpen: true, send: (text) => this.serve(socket, JSON.parse(text)), close: () => { socket.isOpen = false; } };
    this.sockets.push(socket);
    queueMicrotask(() => { if (this.isUp) socket.onopen?.(); else this.cut(1006); });
    return socket;
  }

  get socket() { return this.sockets.at(-1); }
  tell(frame, socket = this.socket) { if (socket.isOpen) socket.onmessage({ data: JSON.stringify(frame) }); }
  cut(code = 1006) { const { socket } = this; socket.isOpen = false; socket.onclose({ code }); }

  serve(socket, frame) {
    socket.sent.push(frame);
    if (this.isDeaf) return;
    if (frame.type === 'hello') {
      if (frame.rooms.length || socket.sent.length === 1) this.tell({ type: 'welcome', userId: 'ada', heartbeatSeconds: 20, rooms: frame.rooms.map(({ id }) => ({ id, lastSeq: this.entries.length })) }, socket);
      for (const { afterSeq } of frame.rooms) this.replay(socket, afterSeq);
    } else if (frame.type === 'subscribe') {
      this.tell({ type: 'subscribed', roomId: ROOM, lastSeq: this.entries.length }, socket);
      this.replay(socket, frame.afterSeq);
    } else if (frame.type === 'ping') {
      this.tell({ type: 'pong' }, socket);
    } else if (frame.type === 'send') {
      const before = this.entries.length;
      const stored = this.store(frame);
      if (this.loseAcks) return this.cut();
      this.tell({ type: 'ack', roomId: ROOM, clientId: stored.clientId, seq: stored.seq, id: stored.id }, socket);
      if (this.entries.length > before) this.tell({ type: 'message', ...stored }, socket);
    }
  }

  replay(socket, afterSeq) { for (const each of this.entries.filter(({ seq }) => seq > afterSeq)) this.tell({ type: 'message', ...each }, socket); }
  others(count) { while (count > 0) { this.entries.push(entry(this.entries.length + 1)); count -= 1; } }

  async begin() {
    this.client.start('ada');
    await settle();
    this.client.follow(ROOM);
    await this.client.load(ROOM);
    return this.client.log(ROOM);
  }
}

const bodies = (log) => log.messages.map(({ body }) => body);
const seqs = (log) => log.messages.map(({ seq }) => seq);

test('the newest page is loaded, and the rest is heard behind it', async () => {
  const stage = new Stage();
  stage.others(60);
  const log = await stage.begin();
  assert.equal(log.messages.length, 50);
  assert.equal(log.hasOlder, true);
  assert.deepEqual(stage.socket.sent.at(-1), { type: 'subscribe', roomId: ROOM, afterSeq: 60 });
  await stage.client.loadOlder(ROOM);
  assert.deepEqual(seqs(log), Array.from({ length: 60 }, (_, index) => index + 1));
  assert.equal(log.hasOlder, false);
});

test('a room that is wanted between the greeting and the welcome is asked for then, once', async () => {
  const stage = new Stage();
  stage.others(2);
  stage.isDeaf = true;
  await stage.begin();
  assert.deepEqual(stage.socket.sent.map(({ type }) => type), ['hello']);
  stage.isDeaf = false;
  stage.tell({ type: 'welcome', userId: 'ada', heartbeatSeconds: 20, rooms: [] });
  assert.deepEqual(stage.socket.sent.slice(1), [{ type: 'subscribe', roomId: ROOM, afterSeq: 2 }]);
  assert.equal(stage.client.log(ROOM).isLive, true);
  stage.tell({ type: 'welcome', userId: 'ada', heartbeatSeconds: 20, rooms: [] });
  assert.equal(stage.socket.sent.length, 2);
});

test('a message is shown at once, and gets its place when it is acknowledged', async () => {
  const stage = new Stage();
  stage.others(2);
  const log = await stage.begin();
  stage.isDeaf = true;
  stage.client.send(ROOM, 'hello');
  assert.deepEqual(log.pending.map(({ body, state }) => [body, state]), [['hello', 'sending']]);
  stage.tell({ type: 'ack', roomId: ROOM, clientId: 'c1', seq: 3, id: 'own3' });
  assert.deepEqual(log.pending, []);
  assert.equal(log.message('own3').body, 'hello');
  assert.equal(log.position, 3);
  // The broadcast of the same message changes nothing.
  stage.tell({ type: 'message', ...entry(3, { id: 'own3', clientId: 'c1', author: 'ada', body: 'hello' }) });
  assert.deepEqual(seqs(log), [1, 2, 3]);
});

test('whatever order ack and message come in, there is one message', () => {
  const [ack, message] = [{ clientId: 'c1', seq: 1, id: 'x' }, entry(1, { id: 'x', clientId: 'c1' })];
  for (const order of [['ack', 'message'], ['message', 'ack'], ['message', 'message'], ['ack', 'ack', 'message']]) {
    const log = new RoomLog(ROOM, 0);
    log.add('c1', 'body 1', null, 'sending');
    for (const step of order) if (step === 'ack') log.acknowledge(ack, 'ada', 'now'); else log.apply(message);
    assert.deepEqual([seqs(log), log.pending.length, log.position], [[1], 0, 1], order.join());
  }
});

test('a cut line comes back and resumes behind what is known: nothing lost, nothing doubled', async () => {
  const stage = new Stage();
  stage.others(3);
  const log = await stage.begin();
  stage.cut();
  assert.equal(stage.client.state, 'waiting');
  stage.others(4);
  await stage.clock.advance(1000);
  assert.equal(stage.client.state, 'online');
  assert.deepEqual(stage.socket.sent[0].rooms, [{ id: ROOM, afterSeq: 3 }]);
  assert.deepEqual(seqs(log), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(stage.heard, [4, 5, 6, 7]);
  stage.replay(stage.socket, 0);
  assert.deepEqual(stage.heard, [4, 5, 6, 7]);
});

test('what was sent into a dying line is sent again under the same key, and counted once', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.loseAcks = true;
  stage.client.send(ROOM, 'first');
  stage.loseAcks = false;
  stage.client.send(ROOM, 'second');
  assert.deepEqual(log.pending.map(({ state }) => state), ['waiting', 'waiting']);
  await stage.clock.advance(1000);
  assert.deepEqual(stage.entries.map(({ body }) => body), ['first', 'second']);
  assert.deepEqual(bodies(log), ['first', 'second']);
  assert.equal(log.pending.length, 0);
});

test('a hole is filled over HTTP, also when the line says gap', async () => {
  const stage = new Stage();
  stage.others(1);
  const log = await stage.begin();
  stage.others(3);
  stage.tell({ type: 'message', ...entry(4) });
  await settle();
  assert.deepEqual(seqs(log), [1, 2, 3, 4]);
  stage.others(250);
  stage.tell({ type: 'gap', roomId: ROOM, fromSeq: 5 });
  await settle();
  assert.equal(log.position, 254);
  assert.deepEqual(stage.heard, Array.from({ length: 253 }, (_, index) => index + 2));
});

test('a hole that cannot be filled now is tried again', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.others(2);
  stage.isReachable = false;
  stage.tell({ type: 'message', ...entry(2) });
  await settle();
  assert.equal(log.position, 0);
  stage.isReachable = true;
  await stage.clock.advance(4000);
  assert.deepEqual(seqs(log), [1, 2]);
});

test('edits and deletions change the message they are of, and take their number', async () => {
  const stage = new Stage();
  stage.others(2);
  const log = await stage.begin();
  stage.tell({ type: 'message', ...entry(3, { id: 'm1', revises: 1, body: 'better', editedAt: 'then', clientId: 'e' }) });
  assert.deepEqual(bodies(log), ['better', 'body 2']);
  stage.tell({ type: 'message', ...entry(4, { id: 'm2', revises: 2, body: null, deletedAt: 'then', clientId: 'e2' }) });
  assert.deepEqual(bodies(log), ['better', null]);
  assert.equal(log.position, 4);
});

test('a silent line is given up, a living one is kept', async () => {
  const stage = new Stage();
  await stage.begin();
  await stage.clock.advance(300_000);
  assert.equal(stage.sockets.length, 1);
  stage.isDeaf = true;
  await stage.clock.advance(60_000);
  assert.ok(stage.sockets.length > 1);
  assert.equal(stage.sockets[0].isOpen, false);
});

test('waits grow while the server is away, and a word from the network ends them', async () => {
  const stage = new Stage();
  await stage.begin();
  stage.isUp = false;
  stage.cut();
  await stage.clock.advance(30_000);
  const tries = stage.sockets.length;
  assert.ok(tries >= 4 && tries <= 8, tries);
  stage.isUp = true;
  stage.client.connection.hurry();
  await settle();
  assert.equal(stage.client.state, 'online');
});

test('without a line messages come and go over HTTP', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.isUp = false;
  stage.cut();
  stage.client.send(ROOM, 'over HTTP');
  assert.equal(log.pending[0].state, 'waiting');
  stage.others(1);
  await stage.clock.advance(9000);
  assert.deepEqual(bodies(log), ['body 1', 'over HTTP']);
  assert.equal(stage.posts.length, 1);
  assert.notEqual(stage.client.state, 'online');
});

test('a refusal is shown with its reason; trying again uses the same key; a passing one goes again by itself', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.isDeaf = true;
  stage.client.send(ROOM, 'no');
  stage.tell({ type: 'error', code: 'room_closed', detail: 'The room is closed.', roomId: ROOM, clientId: 'c1' });
  assert.deepEqual([log.pending[0].state, log.pending[0].reason], ['failed', 'The room is closed.']);
  stage.isDeaf = false;
  stage.client.retry(ROOM, 'c1');
  assert.deepEqual(stage.entries.map(({ clientId }) => clientId), ['c1']);
  stage.isDeaf = true;
  stage.client.send(ROOM, 'later');
  stage.tell({ type: 'error', code: 'rate_limited', roomId: ROOM, clientId: 'c2' });
  assert.equal(log.pending[0].state, 'waiting');
  stage.isDeaf = false;
  await stage.clock.advance(2500);
  assert.deepEqual(bodies(log), ['no', 'later']);
});

test('a message that nobody answers is asked again over HTTP', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.isDeaf = true;
  stage.client.send(ROOM, 'anybody?');
  await stage.clock.advance(8500);
  assert.deepEqual([stage.posts.length, bodies(log)], [1, ['anybody?']]);
});

test('messages that nobody answers keep their order, also when the first is the slowest', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  const { post } = stage.client.outbox;
  stage.isDeaf = true;
  let busy = 1;
  stage.client.outbox.post = async (roomId, message) => {
    if (message.body === 'one') await new Promise((resolve) => { stage.clock.after(5000, resolve); });
    if (message.body === 'two' && busy > 0) { busy -= 1; throw Object.assign(new Error('busy'), { status: 503 }); }
    return post(roomId, message);
  };
  for (const body of ['one', 'two', 'three']) {
    stage.client.send(ROOM, body);
    await stage.clock.advance(1000);
  }
  await stage.clock.advance(7500);
  // On the line, which would answer this one at once, it would come before those that are asked for again.
  stage.isDeaf = false;
  stage.client.send(ROOM, 'four');
  await stage.clock.advance(30_000);
  assert.deepEqual(stage.entries.map(({ body }) => body), ['one', 'two', 'three', 'four']);
  assert.deepEqual([bodies(log), log.pending], [['one', 'two', 'three', 'four'], []]);
});

test('a draining server is left, and the next one is greeted from the same place', async () => {
  const stage = new Stage();
  stage.others(2);
  await stage.begin();
  stage.tell({ type: 'draining', afterSeconds: 4 });
  await stage.clock.advance(2100);
  assert.equal(stage.sockets.length, 2);
  assert.deepEqual(stage.socket.sent[0].rooms, [{ id: ROOM, afterSeq: 2 }]);
  assert.equal(stage.client.state, 'online');
});

test('the token is renewed on the line, and a refused one is not used again', async () => {
  const stage = new Stage({ tokenLife: 100_000 });
  await stage.begin();
  await stage.clock.advance(71_000);
  assert.deepEqual(stage.socket.sent.filter(({ type }) => type === 'hello').map(({ token }) => token), ['token 1', 'token 2']);
  stage.cut(4401);
  assert.equal(stage.client.connection.rejected, 'token 2');
  await stage.clock.advance(1000);
  assert.equal(stage.client.state, 'online');
  stage.cut(4403);
  await stage.clock.advance(60_000);
  assert.equal(stage.client.state, 'refused');
});

test('typing lasts some seconds and ends with the message', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.tell({ type: 'typing', roomId: ROOM, userId: 'bob' });
  stage.tell({ type: 'typing', roomId: ROOM, userId: 'ada' });
  assert.deepEqual([...log.typing], ['bob']);
  await stage.clock.advance(5100);
  assert.deepEqual([...log.typing], []);
  stage.tell({ type: 'typing', roomId: ROOM, userId: 'bob' });
  stage.others(1);
  stage.tell({ type: 'message', ...entry(1) });
  assert.deepEqual([...log.typing], []);
});

test('cut at random moments, every message arrives once and in order', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    let state = seed * 7919;
    const random = () => { state = (state * 1103515245 + 12345) % 2147483648; return state / 2147483648; };
    const stage = new Stage();
    const log = await stage.begin();
    let sent = 0;
    for (let step = 0; step < 60; step += 1) {
      const dice = random();
      if (dice < 0.35) { stage.client.send(ROOM, `own ${sent += 1}`); }
      else if (dice < 0.6) { stage.others(1); if (random() < 0.7 && stage.client.state === 'online') stage.tell({ type: 'message', ...stage.entries.at(-1) }); }
      else if (dice < 0.7) { stage.loseAcks = !stage.loseAcks; }
      else if (dice < 0.8 && stage.client.state === 'online') { stage.cut(); }
      else { await stage.clock.advance(Math.floor(random() * 1500)); }
    }
    stage.loseAcks = false;
    await stage.clock.advance(60_000);
    if (stage.client.state === 'online') stage.cut();
    await stage.clock.advance(60_000);
    assert.deepEqual(seqs(log), stage.entries.map(({ seq }) => seq), `seed ${seed}`);
    assert.deepEqual(log.pending, [], `seed ${seed}`);
    assert.equal(stage.entries.filter(({ author }) => author === 'ada').length, sent, `seed ${seed}`);
  }
});

test('markers and typing go over the line only where the room is heard on it', async () => {
  const stage = new Stage();
  stage.others(2);
  stage.isDeaf = true;
  stage.client.start('ada');
  await settle();
  stage.tell({ type: 'welcome', heartbeatSeconds: 20, rooms: [] });
  stage.client.follow(ROOM);
  await stage.client.load(ROOM);
  const told = () => stage.socket.sent.map(({ type }) => type).filter((type) => type === 'read' || type === 'typing');
  stage.client.read(ROOM, 1);
  stage.client.typing(ROOM);
  assert.deepEqual([told(), stage.marks], [[], [1]]);
  stage.tell({ type: 'subscribed', roomId: ROOM, lastSeq: 2 });
  await stage.clock.advance(1000);
  stage.client.read(ROOM, 2);
  stage.client.read(ROOM, 2);
  stage.client.typing(ROOM);
  assert.deepEqual([told(), stage.marks], [['read', 'typing'], [1]]);
});

test('who reads along in a busy room says so once a second, and the last mark is not lost', async () => {
  const stage = new Stage();
  stage.others(30);
  await stage.begin();
  const marks = () => stage.socket.sent.filter(({ type }) => type === 'read').map(({ seq }) => seq);
  for (let seq = 1; seq <= 20; seq += 1) {
    stage.client.read(ROOM, seq);
    await stage.clock.advance(100);
  }
  assert.deepEqual(marks(), [1, 10, 20]);
  await stage.clock.advance(5000);
  stage.client.read(ROOM, 21);
  assert.deepEqual(marks(), [1, 10, 20, 21]);
});

test('a refused message holds back what was written after it in its room', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.isDeaf = true;
  for (const body of ['one', 'two']) stage.client.send(ROOM, body);
  stage.tell({ type: 'error', code: 'rate_limited', roomId: ROOM, clientId: 'c1' });
  stage.tell({ type: 'error', code: 'rate_limited', roomId: ROOM, clientId: 'c2' });
  stage.isDeaf = false;
  stage.client.send(ROOM, 'three');
  assert.deepEqual(stage.entries, []);
  await stage.clock.advance(10_000);
  assert.deepEqual(bodies(log), ['one', 'two', 'three']);
});

test('a long queue goes out a few at a time, in order', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.isUp = false;
  stage.cut();
  for (let number = 1; number <= 50; number += 1) stage.client.send(ROOM, `${number}`);
  stage.isReachable = false;
  stage.isUp = true;
  stage.isDeaf = true;
  stage.client.connection.hurry();
  await settle();
  stage.tell({ type: 'welcome', heartbeatSeconds: 20, rooms: [{ id: ROOM, lastSeq: 0 }] });
  const sent = () => stage.socket.sent.filter(({ type }) => type === 'send').length;
  assert.equal(sent(), 8);
  stage.tell({ type: 'ack', roomId: ROOM, ...stage.store({ clientId: 'c1', body: '1' }) });
  assert.equal(sent(), 9);
  stage.isDeaf = false;
  stage.isReachable = true;
  stage.cut();
  await stage.clock.advance(60_000);
  assert.deepEqual(bodies(log), Array.from({ length: 50 }, (_, index) => `${index + 1}`));
});

test('over HTTP too, a refused message holds back what was written after it', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  stage.isUp = false;
  stage.cut();
  for (const body of ['one', 'two', 'three']) stage.client.send(ROOM, body);
  // The second is given up while the first is on its way.
  stage.client.discard(ROOM, 'c2');
  const { post } = stage.client.outbox;
  let refusals = 1;
  stage.client.outbox.post = async (...content) => { if (refusals > 0) { refusals -= 1; throw Object.assign(new Error('busy'), { status: 503 }); } return post(...content); };
  await stage.clock.advance(4500);
  assert.deepEqual(stage.entries, []);
  await stage.clock.advance(30_000);
  assert.deepEqual(stage.entries.map(({ body }) => body), ['one', 'three']);
  assert.deepEqual([bodies(log), log.pending], [['one', 'three'], []]);
});

test('what is discarded while another message is on its way over HTTP is not sent', async () => {
  const stage = new Stage();
  await stage.begin();
  stage.isUp = false;
  stage.cut();
  for (const body of ['one', 'two', 'three']) stage.client.send(ROOM, body);
  const { post } = stage.client.outbox;
  stage.client.outbox.post = async (roomId, message) => { if (message.body === 'one') stage.client.discard(ROOM, 'c2'); return post(roomId, message); };
  await stage.clock.advance(9000);
  assert.deepEqual(stage.entries.map(({ body }) => body), ['one', 'three']);
});

test('a room that was heard live and fell behind has no hole when it is opened', async () => {
  const stage = new Stage();
  stage.others(100);
  stage.client.start('ada');
  await settle();
  stage.client.follow(ROOM, 100);
  await settle();
  for (let count = 0; count < 3; count += 1) { stage.others(1); stage.tell({ type: 'message', ...stage.entries.at(-1) }); }
  const log = stage.client.log(ROOM);
  assert.deepEqual(seqs(log), [101, 102, 103]);
  stage.isUp = false;
  stage.cut();
  stage.others(97);
  await stage.client.load(ROOM);
  assert.deepEqual([seqs(log)[0], log.position], [151, 200]);
  while (log.hasOlder) await stage.client.loadOlder(ROOM);
  assert.deepEqual(seqs(log), Array.from({ length: 200 }, (_, index) => index + 1));
});

test('the newest page leaves what lies behind it, and what it adjoins', () => {
  const page = (first, last) => ({ items: Array.from({ length: last - first + 1 }, (_, index) => entry(first + index)), lastSeq: last, hasMore: true });
  const ahead = new RoomLog(ROOM, 3);
  ahead.apply(entry(4));
  ahead.add('own', 'mine', null, 'sending');
  ahead.acknowledge({ clientId: 'own', seq: 21, id: 'm21' }, 'ada', 'now');
  ahead.load(page(11, 20));
  assert.deepEqual([seqs(ahead)[0], seqs(ahead).at(-1), ahead.message('m4'), ahead.message('m21').body], [11, 21, undefined, 'mine']);
  const whole = new RoomLog(ROOM, 3);
  whole.apply(entry(4));
  whole.load(page(5, 9));
  assert.deepEqual(seqs(whole), [4, 5, 6, 7, 8, 9]);
});

test('a hole in a room that is gone is not asked for again, nor one of somebody who left', async () => {
  for (const [status, asked] of [[404, 1], [403, 1], [503, 4]]) {
    const stage = new Stage();
    await stage.begin();
    let count = 0;
    stage.client.gaps.history = async () => { count += 1; throw Object.assign(new Error('no'), { status }); };
    stage.tell({ type: 'gap', roomId: ROOM, fromSeq: 1 });
    await stage.clock.advance(13_000);
    assert.equal(count, asked, status);
  }
  const stage = new Stage();
  await stage.begin();
  let count = 0;
  let fail;
  stage.client.gaps.history = () => { count += 1; return new Promise((resolve, reject) => { fail = reject; }); };
  stage.tell({ type: 'gap', roomId: ROOM, fromSeq: 1 });
  stage.client.stop();
  fail(new Error('signed out'));
  await stage.clock.advance(13_000);
  assert.equal(count, 1);
});

test('who is taken out of a room is not in it any more, and is told why', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  const told = [];
  stage.client.on('trouble', ({ code }) => told.push(code));
  stage.tell({ type: 'error', roomId: ROOM, code: 'unavailable', detail: 'A mark was not taken.' });
  assert.equal(log.isLive, true);
  stage.tell({ type: 'error', roomId: ROOM, code: 'not_found', detail: 'No such room.' });
  assert.equal(log.isLive, false);
  const before = stage.socket.sent.length;
  stage.client.typing(ROOM);
  assert.equal(stage.socket.sent.length, before);
  assert.deepEqual(told, ['unavailable', 'not_found']);
});

test('a room that the server has let go of is asked for again, and nobody reads of subscriptions', async () => {
  const stage = new Stage();
  const log = await stage.begin();
  const told = [];
  stage.client.on('trouble', ({ code }) => told.push(code));
  stage.isDeaf = true;
  const { length } = stage.socket.sent;
  stage.tell({ type: 'error', roomId: ROOM, code: 'not_subscribed', detail: 'Please subscribe first.' });
  assert.deepEqual([log.isLive, stage.socket.sent.slice(length)], [false, [{ type: 'subscribe', roomId: ROOM, afterSeq: 0 }]]);
  stage.tell({ type: 'subscribed', roomId: ROOM, lastSeq: 0 });
  assert.equal(log.isLive, true);
  stage.tell({ type: 'error', roomId: 'left', code: 'not_subscribed', detail: 'Please subscribe first.' });
  assert.deepEqual([stage.socket.sent.length, told], [length + 1, []]);
});

test('what passes over HTTP passes over the line', async () => {
  const table = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const codes = table.split('\n').filter((line) => /^\| `(limited|overloaded|timeout|internal)`/.test(line))
    .flatMap((line) => [...line.split('|')[3].split('never answered')[0].matchAll(/`([a-z_]+)`/g)].map(([, code]) => code));
  assert.ok(codes.length > 12, `${codes}`);
  for (const code of codes) {
    const stage = new Stage();
    const log = await stage.begin();
    stage.isDeaf = true;
    stage.client.send(ROOM, 'words');
    stage.tell({ type: 'error', roomId: ROOM, clientId: 'c1', code, detail: 'Not now.' });
    assert.equal(log.pending[0].state, 'waiting', code);
    stage.client.stop();
  }
});
