// Fetches playlists and segments: retries what may pass, and asks for a new signed address when the old one has expired.
import { backoff, pause } from '../timing.js';

const ATTEMPTS = 5;
const TIMEOUT_MS = 20_000;
const EXPIRED = new Set([401, 403, 410]);

export class LoadError extends Error {
  constructor(status) {
    super(status ? `The video could not be loaded (${status}).` : 'The video could not be loaded. Check the connection.');
    this.name = 'LoadError';
    this.status = status;
  }

  get isExpired() { return EXPIRED.has(this.status); }
}

export class Loader {
  /** `renew` replaces all signed addresses, and resolves with false where none will be given any more; `meter` learns the throughput. */
  constructor({ renew, meter }) {
    Object.assign(this, { renew, meter });
  }

  text(addressOf, signal) { return this.#load(addressOf, signal, (response) => response.text()); }

  bytes(addressOf, signal) {
    return this.#load(addressOf, signal, async (response, asked) => {
      const body = await response.arrayBuffer();
      this.meter.note(body.byteLength, performance.now() - asked);
      return body;
    });
  }

  /** The address is asked for on every attempt: it may have been renewed in between. */
  async #load(addressOf, signal, read) {
    for (let attempt = 1; ; attempt += 1) {
      let failure;
      try {
        return await this.#attempt(addressOf(), signal, read);
      } catch (error) {
        signal?.throwIfAborted();
        failure = new LoadError(error.status ?? 0);
      }
      if (failure.status === 404 || attempt >= ATTEMPTS) throw failure;
      if (failure.isExpired && await this.renew() === false) throw failure;
      await pause(backoff(attempt, Math.random(), { base: 400, most: 5000 }), signal);
    }
  }

  async #attempt(address, signal, read) {
    const controller = new AbortController();
    const stop = () => controller.abort();
    const timer = setTimeout(stop, TIMEOUT_MS);
    signal?.addEventListener('abort', stop);
    const asked = performance.now();
    try {
      const response = await fetch(address, { signal: controller.signal });
      if (!response.ok) throw new LoadError(response.status);
      return await read(response, asked);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }
}
