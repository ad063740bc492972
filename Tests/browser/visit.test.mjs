// Guests: what they ask for, what their player does when its address has run out, and the links that let them in.
import assert from 'node:assert/strict';
import test from 'node:test';
import { settle } from './clock.mjs';
import { server, signIn } from './page.mjs';

globalThis.window ??= { cloudstreamTheme: {} };
Object.assign(Element.prototype, { paused: true, buffered: { length: 0 }, pause() {}, load() {} });
const { ApiError } = await import('../../web/api.js');
const { HlsEngine } = await import('../../web/player/hls.js');
const { Player } = await import('../../web/player/player.js');
const { showShares } = await import('../../web/share/dialog.js');
const { guestPage } = await import('../../web/share/guest.js');
const { Visit } = await import('../../web/share/visit.js');

const ENDED = 'This link has expired, was used up or was revoked.';
const ended = { status: 410, body: { code: 'share_ended', detail: ENDED } };
const link = (more = {}) => ({ title: 'Cut', hasPassword: false, allowComments: false, expiresAt: '2030-01-01T00:00:00Z', viewsLeft: 1, ...more });
const entry = { video: { id: 'v', title: 'Cut', state: 'processing' }, guestToken: 'pass', expiresAt: '2030-01-01T00:00:00Z' };

/** Speaks for the server; keeps {method, path, key, guest} of all that was asked. */
function listen(answer) {
  const asked = [];
  server.answer = (method, path, body, { headers = {} }) => {
    asked.push({ method, path, key: headers['Idempotency-Key'], guest: headers.Authorization });
    return answer(method, path, body);
  };
  return asked;
}

test('a view whose answer was lost is asked for under the same key, another one under another', async () => {
  let isLost = true;
  const asked = listen(() => { if (isLost) throw new TypeError('lost'); return { status: 201, body: entry }; });
  const visit = new Visit('t');
  await assert.rejects(visit.enter({ name: 'Cy' }));
  await assert.rejects(visit.enter({ name: 'Cy' }));
  await assert.rejects(visit.enter({ name: 'Di' }));
  isLost = false;
  await visit.enter({ name: 'Di' });
  await visit.enter({ name: 'Di' });
  const keys = asked.map(({ key }) => key);
  assert.ok(keys.every((key) => /^[0-9a-f]{32}$/.test(key)), `${keys}`);
  assert.deepEqual([keys[0] === keys[1], keys[1] === keys[2], keys[2] === keys[3], keys[3] === keys[4]], [true, false, true, false]);
});

test('a visit that is over is not entered under its old key again', async () => {
  const asked = listen(() => ({ status: 401, body: { code: 'unauthenticated', detail: 'Over.' } }));
  const visit = new Visit('t');
  await assert.rejects(visit.enter({}));
  await assert.rejects(visit.enter({}));
  assert.notEqual(asked[0].key, asked[1].key);
});

test('trying again on the page of a link counts no second view, and does not ask whether there is one left', async () => {
  let isUp = false;
  const asked = listen((method) => {
    if (method === 'GET') return { body: link() };
    if (!isUp) throw new TypeError('lost');
    return { status: 201, body: { ...entry, expiresAt: '2020-01-01T00:00:00Z' } };
  });
  const page = guestPage('t');
  await settle();
  isUp = true;
  page.querySelector('button.button').click();
  await settle();
  assert.deepEqual(asked.map(({ method, path }) => `${method} ${path}`), ['GET /v1/shared/t', 'POST /v1/shared/t/views', 'POST /v1/shared/t/views']);
  assert.equal(asked[1].key, asked[2].key);
  assert.match(page.textContent, /not ready/);
});

test('a new address is asked for with the pass, and counts no view', async () => {
  const asked = listen((method, path) => (path.endsWith('/views') ? { status: 201, body: entry } : { body: { id: 'v', playback: { hls: '/new' } } }));
  const visit = new Visit('t');
  await visit.enter({});
  assert.equal((await visit.video()).playback.hls, '/new');
  assert.deepEqual(asked[1], { method: 'GET', path: '/v1/shared/t/video', key: undefined, guest: 'Guest pass' });
});

/** An engine whose address is refused; what it says in the end, and how often it asked for another. */
async function play(renew) {
  let renewals = 0;
  server.answer = () => ({ status: 403 });
  const engine = new HlsEngine(document.createElement('video'), '/old', async () => { renewals += 1; return renew(); });
  const end = new Promise((resolve) => { engine.addEventListener('fatal', ({ detail }) => resolve(detail)); });
  engine.start();
  return { ...await end, renewals };
}

test('an address that ran out and is not renewed says why, at once, and offers nothing that cannot help', async () => {
  assert.deepEqual(await play(() => { throw new ApiError(410, ended.body); }), { message: ENDED, again: false, renewals: 1 });
  assert.deepEqual(await play(() => { throw new ApiError(401, { detail: 'This visit is over.' }); }), { message: 'This visit is over.', again: false, renewals: 1 });
});

test('a server that fails while an address is renewed is asked again, and the person may too', async () => {
  for (const failure of [new ApiError(500, { detail: 'It failed.' }), new SyntaxError('cut')]) {
    const end = await play(() => { throw failure; });
    assert.ok(end.again && end.renewals > 1, `${failure.name}: ${JSON.stringify(end)}`);
  }
});

test('a player without an address to be had shows the reason and no button', async () => {
  globalThis.window.MediaSource = class {};
  server.answer = () => ({ status: 403 });
  const player = new Player({ title: 'Cut', renew: async () => { throw new ApiError(410, ended.body); }, help() {} });
  player.playback = { hls: '/old' };
  await new Promise((resolve) => { player.engine.addEventListener('fatal', resolve); });
  player.video.dispatchEvent(new Event('progress'));
  assert.deepEqual([player.message.textContent, player.retry.hidden], [ENDED, true]);
  // What was loaded before goes on playing; where it ends the reason is there again.
  player.video.dispatchEvent(new Event('playing'));
  assert.equal(player.message.textContent, '');
  Object.assign(player.video, { paused: false, readyState: 0 });
  player.video.dispatchEvent(new Event('waiting'));
  assert.deepEqual([player.message.textContent, player.retry.hidden], [ENDED, true]);
  player.destroy();
  delete globalThis.window.MediaSource;
});

test('the guest of a link that was revoked reads that it has ended', async () => {
  globalThis.window.MediaSource = class {};
  const ready = { ...entry, video: { id: 'v', title: 'Cut', state: 'ready', playback: { hls: '/old' } } };
  const asked = listen((method, path) => {
    if (path === '/old') return { status: 403 };
    if (path.endsWith('/video')) return ended;
    return path.endsWith('/views') ? { status: 201, body: ready } : { body: link() };
  });
  const page = guestPage('t');
  await settle();
  await settle();
  delete globalThis.window.MediaSource;
  assert.match(page.querySelector('.player-message').textContent, /revoked/);
  assert.deepEqual(asked.at(-1), { method: 'GET', path: '/v1/shared/t/video', key: undefined, guest: 'Guest pass' });
});

test('all links of a video are listed, however many', async () => {
  await signIn();
  const share = (id) => ({ id, createdAt: '2026-05-10T12:00:00Z', expiresAt: '2030-01-01T00:00:00Z', views: 0, maximumViews: null, allowComments: false, hasPassword: false, revokedAt: null });
  const asked = listen((method, path) => {
    const cursor = new URLSearchParams(path.split('?')[1]).get('cursor');
    return { body: cursor ? { items: [share('last')], nextCursor: null } : { items: Array.from({ length: 100 }, (_, at) => share(`s${at}`)), nextCursor: 'more' } };
  });
  showShares({ id: 'v', title: 'Cut' });
  const { attributes } = document.querySelectorAll('input').find((each) => each.attributes.get('name') === 'password');
  assert.equal(attributes.get('maxlength'), '256');
  await settle();
  await settle();
  assert.equal(document.querySelectorAll('li.share').length, 101);
  assert.deepEqual(asked.map(({ path }) => path), ['/v1/videos/v/shares?limit=100', '/v1/videos/v/shares?limit=100&cursor=more']);
});
