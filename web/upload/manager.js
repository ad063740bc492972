// Carries out what the state machine asks for, and shares the connection among the files.
import { api, ApiError } from '../api.js';
import { titleOf } from '../format.js';
import { randomKey, session } from '../session.js';
import { backoff } from '../timing.js';
import { claim } from './claim.js';
import { appetite, sentBytes } from './parts.js';
import { refusalOf } from './refusal.js';
import { Speedometer } from './speed.js';
import { store } from './store.js';
import { putPart } from './transport.js';
import { newUpload, PARALLEL_PARTS, restoredUpload, transition } from './uploader.js';

/** Fires 'change' (an upload moved on) and 'uploaded' (detail: the video as the server sees it). */
class UploadManager extends EventTarget {
  #entries = new Map();

  constructor() {
    super();
    addEventListener('online', () => this.#entries.forEach((_, key) => this.dispatch(key, { type: 'online' })));
    addEventListener('beforeunload', (event) => { if (this.busy) event.preventDefault(); });
    session.onChange(() => { if (!session.exists) this.#stopAll(); });
  }

  /** Oldest first: {state, speed} */
  get list() { return [...this.#entries.values()]; }

  get busy() {
    return this.list.some(({ state }) => ['creating', 'syncing', 'sending', 'completing'].includes(state.phase));
  }

  /** Files of any number; one that belongs to an unfinished upload goes on with it. `versionOf`: a video they follow. */
  add(files, { handles = new Map(), versionOf } = {}) {
    for (const file of files) {
      const known = this.list.find(({ state }) => state.phase === 'choosing' && isSame(state.file, file));
      if (known) this.give(known.state.key, file);
      else this.#create(file, handles.get(file), versionOf);
    }
  }

  /** The file of an upload from before a reload; false when it is another file. */
  give(key, file) {
    const entry = this.#entries.get(key);
    if (!entry || !isSame(entry.state.file, file)) return false;
    entry.file = file;
    this.dispatch(key, { type: 'chosen' });
    return true;
  }

  /** Asks the kept handle, where the browser has one, instead of the person. Needs a click to be allowed to. */
  async reopen(key) {
    const handle = this.#entries.get(key)?.handle;
    if (!handle?.requestPermission) return false;
    try {
      if (await handle.requestPermission({ mode: 'read' }) !== 'granted') return false;
      return this.give(key, await handle.getFile());
    } catch {
      return false;
    }
  }

  dismiss(key) {
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (entry.state.phase === 'failed') this.dispatch(key, { type: 'cancel' });
    entry.releaseLock?.();
    this.#entries.delete(key);
    this.#changed();
  }

  /** Brings back what a reload or a closed tab left unfinished. */
  async restore() {
    for (const record of await store.all()) {
      if (record.userId !== session.me?.user.id || this.#entries.has(record.key)) continue;
      const releaseLock = await claim(record.key);
      // Another tab is sending it.
      if (!releaseLock) continue;
      this.#entries.set(record.key, entryOf(restoredUpload(record), { handle: record.handle, releaseLock }));
    }
    this.#changed();
  }

  dispatch(key, event) {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const { state, actions } = transition(entry.state, event);
    entry.state = state;
    entry.speed.note(sentBytes(state), performance.now());
    if (['pause', 'resume', 'chosen', 'retry'].includes(event.type)) entry.speed.reset();
    for (const action of actions) this.#perform(entry, action);
    if (event.type !== 'slots') this.#shareSlots();
    this.#changed();
  }

  async #create(file, handle, versionOf) {
    const { name, size, lastModified, type } = file;
    const state = newUpload(randomKey(), titleOf(name), { name, size, lastModified, type }, versionOf);
    const entry = entryOf(state, { file, handle });
    this.#entries.set(state.key, entry);
    entry.releaseLock = await claim(state.key);
    this.dispatch(state.key, { type: 'begin' });
  }

  /** Earlier files first: one that is finished can already be processed while the next is sent. */
  #shareSlots() {
    let free = PARALLEL_PARTS;
    for (const { state } of this.list) {
      const count = Math.min(free, appetite(state));
      free -= count;
      if (state.slots !== count) this.dispatch(state.key, { type: 'slots', count });
    }
  }

  #perform(entry, action) {
    const { key } = entry.state;
    const tell = (event) => this.dispatch(key, event);
    const refuse = (type) => (error) => tell({ type, ...refusalOf(error, { isKnown: action.type !== 'create' }) });
    switch (action.type) {
      case 'create': {
        const { name, size, type } = entry.state.file;
        if (size === 0) return tell({ type: 'refused', message: 'The file is empty.', again: false });
        const body = { title: entry.state.title, filename: name, bytes: size, contentType: type || 'application/octet-stream', versionOf: entry.state.versionOf };
        // One key for all tries: an answer that was lost must not reserve the space twice.
        api.post('/v1/videos', body, { key })
          .then(({ video, upload }) => tell({ type: 'described', upload: { ...upload, videoId: upload.videoId ?? video.id } }))
          .catch(refuse('refused'));
        return;
      }
      case 'sync':
        api.get(`/v1/uploads/${action.uploadId}`).then((upload) => tell({ type: 'described', upload })).catch(refuse('refused'));
        return;
      case 'ask':
        api.post(`/v1/uploads/${action.uploadId}/parts`, { numbers: action.numbers })
          .then(({ parts }) => tell({ type: 'addresses', parts }))
          .catch(refuse('addressesRefused'));
        return;
      case 'send': return this.#send(entry, action);
      case 'release': return entry.release(action);
      case 'wait': {
        const ms = Math.max(action.afterMs, backoff(action.attempt, Math.random()));
        const timer = setTimeout(() => tell({ type: 'due', number: action.number, run: action.run }), ms);
        entry.stops.set(`${action.number}/${action.run}`, () => clearTimeout(timer));
        return;
      }
      case 'complete':
        api.post(`/v1/uploads/${entry.state.uploadId}/complete`, { parts: action.parts })
          .then((video) => { entry.video = video; tell({ type: 'completed' }); })
          .catch((error) => {
            const missing = error instanceof ApiError && ['upload_incomplete', 'part_mismatch'].includes(error.code);
            refuse(missing ? 'incomplete' : 'refused')(error);
          });
        return;
      case 'discard': return void api.delete(`/v1/uploads/${action.uploadId}`).catch(() => {});
      case 'persist': return void store.put(recordOf(entry));
      case 'forget': return void store.remove(key);
      case 'announce': return this.dispatchEvent(new CustomEvent('uploaded', { detail: { key, videoId: action.videoId, video: entry.video, versionOf: entry.state.versionOf } }));
    }
  }

  #send(entry, { number, run, url, headers, start, end }) {
    const controller = new AbortController();
    entry.stops.set(`${number}/${run}`, () => controller.abort());
    const tell = (event) => this.dispatch(entry.state.key, { number, run, ...event });
    putPart({
      url, headers, body: entry.file.slice(start, end), signal: controller.signal,
      onProgress: (loaded) => tell({ type: 'progress', loaded }),
    }).then(
      (etag) => tell({ type: 'sent', etag }),
      (error) => controller.signal.aborted
        || tell({ type: 'lost', reason: error.reason ?? 'network', message: error.message, afterMs: error.afterMs }),
    );
  }

  #stopAll() {
    for (const entry of this.#entries.values()) {
      entry.stops.forEach((stop) => stop());
      entry.releaseLock?.();
    }
    this.#entries.clear();
    this.#changed();
  }

  #changed() { this.dispatchEvent(new Event('change')); }
}

function entryOf(state, extra) {
  const stops = new Map();
  const release = ({ number, run }) => {
    stops.get(`${number}/${run}`)?.();
    stops.delete(`${number}/${run}`);
  };
  return { state, speed: new Speedometer(), stops, release, ...extra };
}

function recordOf({ state, handle }) {
  const { key, title, file, uploadId, videoId } = state;
  return { key, title, file, uploadId, videoId, userId: session.me.user.id, ...(handle && { handle }) };
}

function isSame(kept, file) {
  return kept.name === file.name && kept.size === file.size && kept.lastModified === file.lastModified;
}

export const uploads = new UploadManager();
