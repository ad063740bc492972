import assert from 'node:assert/strict';
import test from 'node:test';
import { settle } from './clock.mjs';

// The module reaches for the session of a page when it is loaded.
globalThis.addEventListener ??= () => {};
globalThis.document ??= { addEventListener() {}, hidden: false };
globalThis.localStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const { Inbox } = await import('../../web/notifications/inbox.js');

const item = (id, more = {}) => ({ id: `n${id}`, kind: 'mention', at: `2026-05-10T12:00:0${id}Z`, readAt: null, ...more });

function stage({ page = { items: [], nextCursor: null, unread: 0 }, answer = { unread: 0 } } = {}) {
  const heard = { posts: [], arrived: [] };
  const inbox = new Inbox({
    get: async () => structuredClone(page),
    post: async (path, body) => { heard.posts.push(body); return answer; },
    stream: (path, onEvent, signal) => { heard.event = (event, data) => onEvent({ event, data: JSON.stringify(data) }); return new Promise((resolve) => { signal.addEventListener('abort', resolve); }); },
  });
  inbox.on('arrived', ({ id }) => heard.arrived.push(id));
  return { inbox, heard };
}

test('what arrives is told once, newest first', async () => {
  const { inbox, heard } = stage({ page: { items: [item(2), item(1, { readAt: 'x' })], nextCursor: null, unread: 1 } });
  inbox.start();
  await inbox.load();
  heard.event('notification', item(3));
  heard.event('unread', { unread: 2 });
  heard.event('notification', item(3));
  assert.deepEqual(inbox.items.map(({ id }) => id), ['n3', 'n2', 'n1']);
  assert.deepEqual(heard.arrived, ['n3']);
  assert.equal(inbox.unread, 2);
  inbox.stop();
  assert.equal(inbox.items.length, 0);
});

test('reading is shown at once, and the server has the last word', async () => {
  const { inbox, heard } = stage({ page: { items: [item(2), item(1)], nextCursor: null, unread: 5 }, answer: { unread: 3 } });
  await inbox.load();
  const reading = inbox.read(['n1']);
  assert.equal(inbox.unread, 4);
  await reading;
  assert.equal(inbox.unread, 3);
  await inbox.read(['n1']);
  assert.deepEqual(heard.posts, [{ ids: ['n1'] }]);
  await inbox.readAll();
  assert.deepEqual(heard.posts.at(-1), { through: 'n2' });
});

test('without the list the reason is kept, and the next try clears it', async () => {
  let isUp = false;
  const inbox = new Inbox({ get: async () => { if (!isUp) throw new Error('away'); return { items: [], nextCursor: null, unread: 0 }; } });
  await inbox.load();
  assert.equal(inbox.failure.message, 'away');
  isUp = true;
  await inbox.load();
  await settle();
  assert.equal(inbox.failure, null);
  assert.equal(inbox.isLoaded, true);
});

test('the list grows by what is asked for, and by itself only to a bound', async () => {
  const at = (number) => new Date(Date.UTC(2026, 4, 10) + number * 1000).toISOString();
  let next = 1000;
  const inbox = new Inbox({ get: async () => ({ items: Array.from({ length: 30 }, () => ({ ...item(0), id: `old${next -= 1}`, at: at(next) })), nextCursor: 'more', unread: 0 }) });
  await inbox.load();
  for (let number = 1001; number <= 1300; number += 1) inbox.take({ ...item(0), id: `new${number}`, at: at(number) });
  assert.deepEqual([inbox.items.length, inbox.items[0].id], [100, 'new1300']);
  await inbox.load(true);
  assert.equal(inbox.items.length, 130);
});
