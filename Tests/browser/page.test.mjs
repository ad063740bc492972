// Modules that hold elements or ask the server, on the least of a page.
import assert from 'node:assert/strict';
import test from 'node:test';
import { settle } from './clock.mjs';
import { ADA, server, signIn, tick } from './page.mjs';

const { api, ApiError, sentence } = await import('../../web/api.js');
const { chat } = await import('../../web/chat/live.js');
const { ChatPanel } = await import('../../web/chat/panel.js');
const { rooms } = await import('../../web/chat/rooms.js');
const { LiveVideos } = await import('../../web/live.js');
const { People } = await import('../../web/people/people.js');
const { isTaken } = await import('../../web/player/keys.js');
const { ReviewPanel } = await import('../../web/review/panel.js');
const { teamComments } = await import('../../web/review/source.js');
const { hitRow } = await import('../../web/search/hits.js');
const { SearchField, stepped } = await import('../../web/search/field.js');
const { rooms: roomsView } = await import('../../web/views/rooms.js');
await signIn();

const refusal = (status = 403) => ({ status, body: { code: 'forbidden', detail: 'No.' } });
const room = (id, more = {}) => ({ id, kind: 'team', title: id, private: true, createdBy: 'ada', createdAt: '2026-05-10T12:00:00Z', members: ['ada', 'bob'], lastSeq: 0, lastMessage: null, readSeq: 0, unread: 0, ...more });
const message = (seq, more = {}) => ({ id: `m${seq}`, seq, clientId: `k${seq}`, author: 'ada', body: `body ${seq}`, parentId: null, sentAt: '2026-05-10T12:00:00Z', mentions: [], editedAt: null, deletedAt: null, revises: null, ...more });

test('what a screen asked for when it was left begins no stream', async () => {
  const streams = [];
  let answer;
  server.answer = (method, path, body, { signal }) => {
    if (!path.endsWith('/events')) return new Promise((resolve) => { answer = () => resolve({ body: { id: path.split('/').at(-1), state: 'processing' } }); });
    streams.push(signal);
    return new Promise((resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); });
  };
  const live = new LiveVideos((video) => live.add(video.id));
  live.add('v1');
  live.add('v2');
  await settle();
  tick();
  await settle();
  live.dispose();
  answer();
  await settle();
  assert.equal(streams.filter(({ aborted }) => !aborted).length, 0);
  live.add('v3');
  await settle();
  assert.equal(streams.length, 1);
});

test('a name that could not be asked for is asked for again; who is not in the list has left', async () => {
  const people = new People();
  let isUp = false;
  server.answer = () => { if (!isUp) return refusal(500); return { body: { items: [{ id: 'bob', name: 'Bob' }], nextCursor: null } }; };
  assert.equal(people.name('bob'), '…');
  await settle();
  assert.equal(people.name('bob'), '…');
  await settle();
  isUp = true;
  assert.equal(people.name('bob'), '…');
  await settle();
  assert.equal(people.name('bob'), 'Bob');
  assert.equal(people.name('carl'), '…');
  await settle();
  assert.equal(people.name('carl'), 'Former member');
});

test('a room that one may not hear any more goes, with its badge', async () => {
  for (const code of ['not_found', 'room_closed', 'forbidden']) {
    rooms.put(room('r1', { lastMessage: message(2, { author: 'bob' }), lastSeq: 2, unread: 2 }));
    assert.equal(rooms.unread, 2);
    chat.tell('trouble', { roomId: 'r1', code: 'not_subscribed' });
    assert.equal(rooms.unread, 2);
    chat.tell('trouble', { roomId: 'r1', code });
    assert.deepEqual([rooms.get('r1'), rooms.unread], [undefined, 0], code);
  }
});

test('the room that is shown closes when one is taken out of it, and says so', async () => {
  globalThis.matchMedia ??= () => ({ matches: false });
  const rows = [['not_found', /does not exist, or you do not belong to it/], ['room_closed', /^This room is closed/]];
  for (const [code, words] of rows) {
    server.answer = (method, path) => (path.includes('/messages') ? { body: { items: [], lastSeq: 0, hasMore: false } } : { body: { items: path.includes('/polls') ? [] : [room('r1')], nextCursor: null } });
    rooms.put(room('r1'));
    const view = roomsView({ id: 'r1' }, new URLSearchParams());
    await settle();
    const main = view.element.querySelector('.rooms-main');
    assert.ok(main.querySelector('textarea'));
    assert.equal(main.querySelector('.title-input').getAttribute('maxlength'), '100');
    chat.tell('trouble', { roomId: 'another', code, detail: 'This room is closed.' });
    assert.ok(main.querySelector('textarea'));
    chat.tell('trouble', { roomId: 'r1', code, detail: 'This room is closed.' });
    assert.equal(main.querySelector('textarea'), null, code);
    assert.match(main.textContent, words);
    view.dispose();
  }
  rooms.clear();
});

test('a room that is not listed any more goes, but only where the list is whole', async () => {
  let listed = [room('r1'), room('r2')];
  let nextCursor = null;
  server.answer = () => ({ body: { items: listed, nextCursor } });
  await rooms.load();
  rooms.put(room('made just now'));
  listed = [room('r2')];
  nextCursor = 'more';
  await rooms.load();
  assert.ok(rooms.get('r1'));
  [listed, nextCursor] = [[room('r1'), room('r2')], null];
  await rooms.load();
  listed = [room('r2')];
  await rooms.load();
  assert.deepEqual(rooms.list.map(({ id }) => id).sort(), ['made just now', 'r2']);
  rooms.clear();
});

test('an answer that is older than what was read brings no badge back', () => {
  const told = room('r1', { lastMessage: message(3, { author: 'bob' }), lastSeq: 3, readSeq: 0, unread: 3 });
  rooms.put(told);
  chat.tell('read', { roomId: 'r1', seq: 3, userId: 'ada' });
  assert.equal(rooms.put(told).unread, 0);
  assert.equal(rooms.put({ ...told, lastMessage: message(4, { author: 'bob' }), lastSeq: 4, unread: 4 }).unread, 4);
  rooms.clear();
});

async function openPanel() {
  server.answer = (method, path) => (path.startsWith('/v1/users') || path.includes('/polls') ? { body: { items: [], nextCursor: null } }
    : { body: { items: [message(1), message(2, { author: 'bob' })], lastSeq: 2, hasMore: false } });
  chat.rooms.clear();
  const panel = new ChatPanel(room('r1', { lastSeq: 2 }));
  await settle();
  return panel;
}

test('a refused edit of a message leaves its words in the field, to be saved again', async () => {
  const panel = await openPanel();
  panel.log.acts.edit(chat.log('r1').message('m1'));
  panel.field.input.value = 'better words';
  server.answer = () => refusal();
  panel.field.submit(panel.field.body);
  await settle();
  assert.deepEqual([panel.field.body, panel.context.hidden], ['better words', false]);
  assert.match(panel.trouble.textContent, /not changed/);
  const asked = [];
  server.answer = (method, path, body) => { asked.push([method, path, body.body]); return { body: message(3, { id: 'm1', body: body.body, revises: 1, editedAt: 'then' }) }; };
  panel.field.submit(panel.field.body);
  await settle();
  assert.deepEqual(asked, [['PATCH', '/v1/messages/m1', 'better words']]);
  assert.deepEqual([panel.field.body, panel.context.hidden, chat.log('r1').message('m1').body], ['', true, 'better words']);
  panel.dispose();
});

test('the words of an edit are not sent as a reply', async () => {
  const panel = await openPanel();
  panel.log.acts.edit(chat.log('r1').message('m1'));
  panel.log.acts.reply(chat.log('r1').message('m2'));
  assert.equal(panel.field.body, '');
  panel.field.input.value = 'a reply';
  panel.log.acts.reply(chat.log('r1').message('m1'));
  assert.equal(panel.field.body, 'a reply');
  panel.dispose();
});

test('a refused edit of a comment leaves its words in the field', async () => {
  const comment = { id: 'c1', atSeconds: null, untilSeconds: null, parentId: null, body: 'as it was', author: { userId: 'ada' }, createdAt: '2026-05-10T12:00:00Z', editedAt: null, deletedAt: null, resolvedAt: null };
  let isTaken = false;
  const source = {
    canComment: false, canResolve: true, mentions: false, list: async () => [comment], mayEdit: () => true, mayRemove: () => true,
    nameOf: () => 'Ada', isGuest: () => false,
    change: async (id, change) => { if (!isTaken) throw new Error('No.'); return { ...comment, ...change }; },
  };
  const panel = new ReviewPanel({ source });
  await settle();
  panel.element.querySelector('[aria-label=Edit]').click();
  const field = () => panel.element.querySelector('textarea');
  const save = () => panel.element.querySelectorAll('button').find(({ textContent }) => textContent === 'Save').click();
  field().value = 'as it should be';
  save();
  await settle();
  assert.equal(field()?.value, 'as it should be');
  assert.match(panel.trouble.textContent, /No/);
  assert.match(panel.list.textContent, /as it was/);
  isTaken = true;
  save();
  await settle();
  assert.equal(field(), null);
  assert.match(panel.list.textContent, /as it should be/);
  // One that is refused without a field says so, and nothing else breaks.
  isTaken = false;
  panel.element.querySelectorAll('button').find(({ textContent }) => textContent === 'Resolve').click();
  await settle();
  panel.dispose();
});

test('the newest comments of a video with as many as it may have are read too', async () => {
  const asked = [];
  server.answer = (method, path) => {
    const at = Number(new URLSearchParams(path.split('?')[1]).get('cursor') ?? 0);
    asked.push(at);
    return { body: { items: Array.from({ length: 100 }, (_, index) => ({ id: at * 100 + index })), nextCursor: at < 99 ? String(at + 1) : null } };
  };
  const comments = await teamComments('v').list();
  assert.deepEqual([comments.length, comments.at(-1).id, asked.length], [10_000, 9999, 100]);
  server.answer = () => { asked.push(0); return { body: { items: [], nextCursor: 'for ever' } }; };
  await teamComments('v').list();
  assert.ok(asked.length < 300, 'a list without an end is left');
});

test('comments are read once at a time, and once more for whoever asked meanwhile', async () => {
  const looks = [];
  const source = { canComment: false, mentions: false, me: { userId: 'ada' }, list: () => new Promise((resolve) => { looks.push(() => resolve([])); }), nameOf: () => 'Ada', isGuest: () => false };
  const panel = new ReviewPanel({ source });
  panel.reload();
  panel.reload();
  await settle();
  assert.equal(looks.length, 1);
  looks[0]();
  await settle();
  assert.equal(looks.length, 2);
  looks[1]();
  await settle();
  assert.equal(looks.length, 2);
  panel.dispose();
});

test('a failure of the server names the request by which it can be found, a refusal does not', () => {
  const problem = { detail: 'Something went wrong on our side.', requestId: '7f3a' };
  assert.equal(sentence(new ApiError(500, problem)), 'Something went wrong on our side. (Request 7f3a)');
  assert.equal(sentence(new ApiError(403, problem)), 'Something went wrong on our side.');
  assert.equal(sentence(new ApiError(502)), 'The server answered 502.');
});

test('an answer that stops half way ends with the wait of whoever asked', async () => {
  server.answer = (method, path, body, { signal }) => ({ ok: true, status: 200, headers: new Headers(), json: () => new Promise((resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); }) });
  const controller = new AbortController();
  let outcome = 'waits';
  api.get('/v1/me', { signal: controller.signal }).then(() => { outcome = 'done'; }, (error) => { outcome = error.name; });
  await settle();
  controller.abort();
  await settle();
  assert.equal(outcome, 'AbortError');
});

test('lists beside the video keep the keys that scroll them', () => {
  const target = (name) => { const node = document.createElement('div'); node.classList.add(name); const inner = document.createElement('p'); node.append(inner); return inner; };
  const rows = [['room-scroll', 'ArrowDown', true], ['room-scroll', 'ArrowUp', true], ['review-scroll', 'Home', true], ['review-scroll', ' ', true], ['room-scroll', 'ArrowLeft', false],
    ['room-scroll', 'k', false], ['other', 'ArrowDown', false], ['other', ' ', false]];
  for (const [name, key, taken] of rows) assert.equal(isTaken({ target: target(name), key, defaultPrevented: false }), taken, `${name} ${key}`);
});

test('a hit with a slip in it says so', () => {
  const hit = { kind: 'video', id: 'v', match: 'fuzzy', title: { text: 'marigold' }, createdAt: '2026-05-10T12:00:00Z' };
  assert.match(hitRow(hit).textContent, /similar spelling/);
  assert.doesNotMatch(hitRow({ ...hit, match: 'words' }).textContent, /similar spelling/);
});

test('results are walked both ways, and told to whoever only hears them', async () => {
  assert.deepEqual([[-1, 1], [2, 1], [-1, -1], [0, -1], [2, -1]].map(([at, by]) => stepped(at, by, 3)), [0, 0, 2, 2, 1]);
  server.answer = () => ({ body: { items: ['a', 'b'].map((id) => ({ kind: 'video', id, match: 'exact', title: { text: id }, createdAt: '2026-05-10T12:00:00Z' })), nextCursor: null } });
  const field = new SearchField();
  const press = (key) => field.input.dispatchEvent(Object.assign(new Event('keydown', { cancelable: true }), { key }));
  const marked = () => [field.input.getAttribute('aria-activedescendant'), field.list.querySelectorAll('.is-at').map((link) => [link.id, link.getAttribute('role'), link.getAttribute('aria-selected'), link.getAttribute('href')])];
  const type = (text) => { field.input.value = text; field.input.dispatchEvent(new Event('input')); };
  const { setTimeout: later } = globalThis;
  let ask;
  globalThis.setTimeout = (act) => { ask = act; };
  type('word');
  globalThis.setTimeout = later;
  ask();
  await settle();
  press('ArrowDown');
  assert.deepEqual(marked(), ['search-hit-0', [['search-hit-0', 'option', 'true', '#/videos/a']]]);
  press('ArrowDown');
  press('ArrowUp');
  assert.equal(marked()[0], 'search-hit-0');
  press('ArrowUp');
  assert.deepEqual(marked()[1][0][3], '#/search?q=word');
  // Before the answer to other words is there, Enter asks for these and does not open what was marked.
  type('words');
  assert.deepEqual(marked(), [null, []]);
  press('Enter');
  assert.equal(location.hash, '#/search?q=words');
  field.dispose();
});
