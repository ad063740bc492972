// Server-sent events over fetch: EventSource cannot send an Authorization header.
import { isPassing, send } from './api.js';
import { EventParser } from './eventparser.js';
import { backoff, pause } from './timing.js';

/** A stream that ended sooner is asked for again more and more slowly. */
const STEADY_MS = 5000;
/** A browser keeps few connections to one server, and all tabs share them: one that nobody sees lets go of its streams. */
const HIDDEN_MS = 20_000;
/** No line at all for this long means a dead connection: the server sends comments as keep-alive. */
const SILENCE_MS = 60_000;

/** Calls `onEvent` until the signal is aborted or it returns true; reconnects by itself. */
export async function follow(path, onEvent, signal) {
  for (let failures = 0; !signal.aborted; failures += 1) {
    await shown(signal);
    const began = Date.now();
    try {
      if (await readOnce(path, onEvent, signal)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error.name !== 'AbortError' && !isPassing(error)) throw error;
    }
    if (Date.now() - began > STEADY_MS) failures = 0;
    await pause(backoff(Math.min(failures + 1, 6), Math.random()), signal).catch(() => {});
  }
}

/** Resolves when the page is in view, or there is nothing to wait for any more. */
function shown(signal) {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

async function readOnce(path, onEvent, signal) {
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  signal.addEventListener('abort', stop);
  let watchdog;
  let unseen;
  const turned = () => {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(() => controller.abort(), HIDDEN_MS);
  };
  document.addEventListener('visibilitychange', turned);
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => controller.abort(new DOMException('silence', 'TimeoutError')), SILENCE_MS);
  };
  try {
    alive();
    const response = await send(path, { headers: { Accept: 'text/event-stream' }, signal: controller.signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      alive();
      for (const event of parser.push(value)) {
        if (onEvent(event)) return true;
      }
    }
  } finally {
    clearTimeout(watchdog);
    clearTimeout(unseen);
    document.removeEventListener('visibilitychange', turned);
    signal.removeEventListener('abort', stop);
    controller.abort();
  }
}
