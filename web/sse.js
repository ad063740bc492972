// Server-sent events over fetch: EventSource cannot send an Authorization header.
import { isPassing, send } from './api.js';
import { EventParser } from './eventparser.js';
import { backoff, pause } from './timing.js';

/** No line at all for this long means a dead connection: the server sends comments as keep-alive. */
const SILENCE_MS = 60_000;

/** Calls `onEvent` until the signal is aborted or it returns true; reconnects by itself. */
export async function follow(path, onEvent, signal) {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const finished = await readOnce(path, (event) => { failures = 0; return onEvent(event); }, signal);
      if (finished) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
    }
    await pause(backoff(Math.min(failures + 1, 6), Math.random()), signal).catch(() => {});
  }
}

async function readOnce(path, onEvent, signal) {
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  signal.addEventListener('abort', stop);
  let watchdog;
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
    signal.removeEventListener('abort', stop);
    controller.abort();
  }
}
