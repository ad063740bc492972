// What becomes of an upload that the server refuses, from the file to the words of its row.
import assert from 'node:assert/strict';
import test from 'node:test';
import { settle } from './clock.mjs';
import { server, signIn } from './page.mjs';

const { ApiError } = await import('../../web/api.js');
const { uploads } = await import('../../web/upload/manager.js');
const { refusalOf } = await import('../../web/upload/refusal.js');
await signIn();

const GONE = 'The server no longer keeps this upload. Choose the file again to start over.';

/** Every part is answered as `part` says: {status, body}. */
globalThis.XMLHttpRequest = class {
  static part;
  upload = {};
  open() {}
  abort() {}
  setRequestHeader() {}
  getResponseHeader(name) { return name === 'ETag' && this.status === 200 ? '"e"' : null; }
  send() {
    const { status, body = {} } = XMLHttpRequest.part;
    Object.assign(this, { status, responseText: JSON.stringify(body) });
    queueMicrotask(() => this.onload());
  }
};

const refusal = (status, code, detail = 'Words of the server.') => ({ status, body: { code, detail } });
const upload = (more = {}) => ({ id: 'u', videoId: 'v', state: 'open', bytes: 4, partBytes: 4, partCount: 1, received: [], parts: [{ number: 1, url: '/p/1', headers: {} }], ...more });

/** One file on its way; `answers` by what is asked: create, sync, ask, complete, part. Its row in the end: {message, again}. */
async function send({ part = { status: 200 }, create = { status: 201, body: { video: { id: 'v' }, upload: upload() } }, ...answers }) {
  XMLHttpRequest.part = part;
  server.answer = (method, path) => {
    const what = path === '/v1/videos' ? 'create' : path.endsWith('/parts') ? 'ask' : path.endsWith('/complete') ? 'complete' : 'sync';
    return { create, ...answers }[what] ?? { status: 204 };
  };
  uploads.add([{ name: 'a.mp4', size: 4, lastModified: 1, type: 'video/mp4', slice: () => 'data' }]);
  for (let turn = 0; turn < 6; turn += 1) await settle();
  const { state } = uploads.list.at(-1);
  uploads.dismiss(state.key);
  await settle();
  return state.error ?? state.phase;
}

test('an upload that the server has removed says so, whatever was asked of it', async () => {
  const nobody = { status: 201, body: { video: { id: 'v' }, upload: upload({ parts: [] }) } };
  const rows = [
    { complete: refusal(404, 'not_found') }, { complete: refusal(409, 'upload_expired') },
    { create: nobody, ask: refusal(404, 'not_found') }, { create: nobody, ask: refusal(409, 'upload_expired') },
    { part: refusal(404, 'not_found'), sync: refusal(404, 'not_found') },
  ];
  for (const row of rows) assert.deepEqual(await send(row), { message: GONE, again: false }, JSON.stringify(row));
});

test('a part of an upload that was completed meanwhile ends well', async () => {
  assert.equal(await send({ part: refusal(404, 'not_found'), sync: { body: upload({ state: 'completed' }) } }), 'done');
});

test('a refusal that would only be repeated offers no other try', async () => {
  for (const [status, code] of [[400, 'invalid_request'], [403, 'forbidden'], [404, 'not_found'], [409, 'too_many_versions'], [413, 'too_large']]) {
    assert.deepEqual(await send({ create: refusal(status, code) }), { message: 'Words of the server.', again: false }, code);
  }
  assert.deepEqual(await send({ complete: refusal(403, 'forbidden') }), { message: 'Words of the server.', again: false });
});

test('which refusals may be tried again', () => {
  const rows = [[403, 'quota_exceeded', true], [401, 'token_expired', true], [429, 'too_many_uploads', true], [500, 'internal', true], [503, 'disk_full', true],
    [409, 'part_mismatch', true], [409, 'upload_completed', true], [409, 'idempotency_key_reused', false], [415, 'unsupported_media_type', false]];
  for (const [status, code, again] of rows) assert.equal(refusalOf(new ApiError(status, { code }), { isKnown: true }).again, again, code);
  assert.equal(refusalOf(new TypeError('unreachable'), { isKnown: true }).again, true);
});
