// One upload as a pure state machine: transition(state, event) -> {state, actions}.
// Nothing here touches network, clock or file, so every interleaving can be tested; the manager carries actions out.
//
// phases: creating -> sending <-> paused -> completing -> done
//         choosing (after a reload: the file is needed again) -> syncing -> sending
//         failed -> creating or syncing (retry);  cancelled

import { change, describeParts } from './parts.js';

export const PARALLEL_PARTS = 3;
export const MAX_ATTEMPTS = 6;
/** The server hands out at most this many part addresses at once. */
const ADDRESSES_AT_ONCE = 50;
/** The server may find parts missing on completion; past this many rounds that is no accident. */
const MAX_SYNCS = 3;

export function newUpload(key, title, file, versionOf) {
  return {
    key, title, file, versionOf, phase: 'creating', held: false, slots: 0, uploadId: null, videoId: null,
    partBytes: 0, parts: [], asking: false, syncs: 0, error: null,
  };
}

export function restoredUpload({ key, title, file, uploadId, videoId }) {
  return { ...newUpload(key, title, file), phase: 'choosing', uploadId, videoId };
}

export function transition(before, event) {
  const handle = Object.hasOwn(handlers, event.type) ? handlers[event.type] : null;
  // States are never changed in place: whoever drew the last one may still be reading it.
  const draft = { state: { ...before, parts: before.parts.slice() }, actions: [] };
  if (!handle || handle(draft, event) === false) return { state: before, actions: [] };
  if (draft.state.phase === 'sending') advance(draft);
  return draft;
}

const handlers = {
  begin: ({ state, actions }) => state.phase === 'creating' && actions.push({ type: 'create' }) > 0,

  /** The server told what it has: after creating, or asked again after a reload or an error. */
  described({ state, actions }, { upload }) {
    if (state.phase === 'cancelled') {
      if (!state.uploadId) actions.push({ type: 'discard', uploadId: upload.id });
      state.uploadId = upload.id;
      return true;
    }
    if (state.phase !== 'creating' && state.phase !== 'syncing') return false;
    Object.assign(state, { uploadId: upload.id, videoId: upload.videoId, partBytes: upload.partBytes, asking: false, error: null });
    if (upload.state === 'completed') return finish({ state, actions });
    state.parts = describeParts(state, upload);
    state.phase = state.held ? 'paused' : 'sending';
    actions.push({ type: 'persist' });
    return true;
  },

  refused: (draft, refusal) => ['creating', 'syncing', 'completing'].includes(draft.state.phase) && refuse(draft, refusal),

  slots({ state }, { count }) {
    state.slots = count;
  },

  addresses({ state }, { parts }) {
    if (!state.asking) return false;
    state.asking = false;
    for (const { number, url, headers } of parts) {
      change(state, number, (part) => part.status !== 'sent' && { url, headers: headers ?? {} });
    }
  },

  addressesRefused({ state, actions }, refusal) {
    if (!state.asking) return false;
    state.asking = false;
    if (state.phase !== 'sending' && state.phase !== 'paused') return true;
    halt({ state, actions });
    return refuse({ state, actions }, refusal);
  },

  progress: ({ state }, { number, run, loaded }) =>
    change(state, number, (part) => part.status === 'sending' && part.run === run
      && { loaded: Math.min(part.bytes, Math.max(part.loaded, loaded)) }),

  /** Accepted even when the run was given up meanwhile: the server has the part, and that is what counts. */
  sent({ state, actions }, { number, etag }) {
    const part = state.parts[number - 1];
    if (!part || part.status === 'sent') return false;
    if (state.phase !== 'sending' && state.phase !== 'paused' && state.phase !== 'failed') return false;
    if (part.status === 'sending') actions.push({ type: 'release', number, run: part.run });
    return change(state, number, () => ({ status: 'sent', loaded: part.bytes, etag, url: null }));
  },

  lost({ state, actions }, { number, run, reason, message, afterMs = 0 }) {
    const part = state.parts[number - 1];
    if (!part || part.status !== 'sending' || part.run !== run) return false;
    const attempt = part.attempt + 1;
    const stale = reason === 'stale';
    // Whether it has ended, or was completed behind the back of this page, the upload itself tells.
    if (reason === 'gone' && state.syncs < MAX_SYNCS) {
      halt({ state, actions });
      return sync({ state, actions });
    }
    if (reason === 'fatal' || reason === 'gone' || attempt >= MAX_ATTEMPTS) {
      change(state, number, () => ({ status: 'missing', loaded: 0 }));
      halt({ state, actions });
      return fail(state, message, true);
    }
    actions.push({ type: 'wait', number, run, attempt, afterMs });
    return change(state, number, () => ({ status: 'waiting', loaded: 0, attempt, url: stale ? null : part.url }));
  },

  due: ({ state }, { number, run }) =>
    change(state, number, (part) => part.status === 'waiting' && part.run === run && { status: 'missing' }),

  /** The connection is back: nobody has to sit out a pause that was meant for its absence. */
  online({ state }) {
    state.parts.forEach((part, index) => {
      if (part.status === 'waiting') state.parts[index] = { ...part, status: 'missing', attempt: 0 };
    });
  },

  pause({ state, actions }) {
    if (!['creating', 'syncing', 'sending'].includes(state.phase)) return false;
    state.held = true;
    if (state.phase === 'sending') {
      halt({ state, actions });
      state.phase = 'paused';
    }
  },

  resume({ state }) {
    if (!state.held) return false;
    state.held = false;
    if (state.phase === 'paused') state.phase = 'sending';
  },

  /** After a reload the person gave the same file again; only then can the missing parts be read. */
  chosen: ({ state, actions }) => state.phase === 'choosing' && sync({ state, actions }),

  retry({ state, actions }) {
    if (state.phase !== 'failed' || !state.error.again) return false;
    state.syncs = 0;
    if (state.uploadId) return sync({ state, actions });
    Object.assign(state, { phase: 'creating', error: null });
    actions.push({ type: 'create' });
  },

  cancel({ state, actions }) {
    if (['cancelled', 'completing', 'done'].includes(state.phase)) return false;
    halt({ state, actions });
    state.phase = 'cancelled';
    if (state.uploadId) actions.push({ type: 'discard', uploadId: state.uploadId });
    actions.push({ type: 'forget' });
  },

  completed: ({ state, actions }) => state.phase === 'completing' && finish({ state, actions }),

  /** The server misses parts that were reported as sent: ask it which, and send those. */
  incomplete({ state, actions }, { message }) {
    if (state.phase !== 'completing') return false;
    if (state.syncs >= MAX_SYNCS) return fail(state, message, true);
    return sync({ state, actions });
  },
};

/** Starts whatever may start now. */
function advance({ state, actions }) {
  if (state.parts.every((part) => part.status === 'sent')) {
    state.phase = 'completing';
    actions.push({ type: 'complete', parts: state.parts.map(({ number, etag }) => ({ number, etag })) });
    return;
  }
  const open = state.parts.filter((part) => part.status === 'missing');
  const ready = open.filter((part) => part.url);
  let free = state.slots - state.parts.filter((part) => part.status === 'sending').length;
  for (const part of ready.slice(0, Math.max(0, free))) {
    const run = part.run + 1;
    change(state, part.number, () => ({ status: 'sending', run, loaded: 0 }));
    const start = (part.number - 1) * state.partBytes;
    actions.push({ type: 'send', number: part.number, run, url: part.url, headers: part.headers, start, end: start + part.bytes });
    free -= 1;
  }
  const nameless = open.filter((part) => !part.url).slice(0, ADDRESSES_AT_ONCE);
  if (!state.asking && nameless.length && ready.length <= PARALLEL_PARTS) {
    state.asking = true;
    actions.push({ type: 'ask', uploadId: state.uploadId, numbers: nameless.map((part) => part.number) });
  }
}

function halt({ state, actions }) {
  state.parts.forEach((part, index) => {
    if (part.status === 'sending' || part.status === 'waiting') {
      actions.push({ type: 'release', number: part.number, run: part.run });
      state.parts[index] = { ...part, status: 'missing', loaded: 0 };
    }
  });
}

function sync({ state, actions }) {
  Object.assign(state, { phase: 'syncing', error: null, syncs: state.syncs + 1 });
  actions.push({ type: 'sync', uploadId: state.uploadId });
  return true;
}

/** One that the server no longer has is not offered again after a reload. */
function refuse({ state, actions }, { message, again = true, gone = false }) {
  if (gone) actions.push({ type: 'forget' });
  return fail(state, message, again);
}

function fail(state, message, again) {
  Object.assign(state, { phase: 'failed', error: { message, again } });
  return true;
}

function finish({ state, actions }) {
  state.phase = 'done';
  actions.push({ type: 'forget' }, { type: 'announce', videoId: state.videoId });
  return true;
}
