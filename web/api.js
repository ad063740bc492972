// The one way to the server: authentication, retries and errors are dealt with here.
import { randomKey, session, SignedOut } from './session.js';
import { backoff, pause } from './timing.js';

const ATTEMPTS = 4;
const TIMEOUT_MS = 30_000;
/** Longer waits are told to the person instead of being sat out. */
const LONGEST_WAIT_MS = 10_000;
const PASSING = new Set([429, 502, 503, 504]);

/** What the server answered instead of what was asked for (RFC 9457). */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfterMs) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? 'unknown';
    this.requestId = problem.requestId;
    this.retryAfterMs = retryAfterMs;
    /** field name -> sentence */
    this.fields = Object.fromEntries((problem.errors ?? []).map((error) => [error.field, error.detail]));
  }
}

export const api = {
  get: (path, options) => call('GET', path, options),
  post: (path, body, options) => call('POST', path, { key: randomKey(), ...options, body }),
  put: (path, body, options) => call('PUT', path, { ...options, body }),
  patch: (path, body, options) => call('PATCH', path, { ...options, body }),
  delete: (path, options) => call('DELETE', path, options),
};

async function call(method, path, { body, key, auth = true, signal } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };

  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withTimeout(signal, async (limited) => {
        const response = await send(path, { ...init, signal: limited }, auth);
        return response.status === 204 ? null : await response.json();
      });
    } catch (error) {
      // Deleting twice is deleting once: the first answer may only have been lost.
      if (method === 'DELETE' && attempt > 1 && error.status === 404) return null;
      const wait = error.retryAfterMs ?? backoff(attempt, Math.random());
      if (signal?.aborted || attempt >= ATTEMPTS || !isPassing(error) || wait > LONGEST_WAIT_MS) throw error;
      await pause(wait, signal);
    }
  }
}

/** Fetches with the session's token; a refused token is renewed once. Throws ApiError unless the answer is good. */
export async function send(path, init, auth = true) {
  let token = auth ? await session.accessToken() : null;
  let response = await ask(path, init, token);
  if (auth && response.status === 401) {
    const problem = await problemOf(response);
    if (problem.code === 'session_revoked') {
      session.clear();
      throw new SignedOut(problem.detail);
    }
    token = await session.accessToken(token);
    response = await ask(path, init, token);
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response), retryAfter(response));
  return response;
}

/** A sentence for the person; what the server says where it said something, and where it failed, what to find it by in its log. */
export function sentence(error) {
  if (error instanceof ApiError) return error.status >= 500 && error.requestId ? `${error.message} (Request ${error.requestId})` : error.message;
  if (error?.name === 'TimeoutError') return 'The server did not answer in time.';
  if (error instanceof TypeError) return 'The server cannot be reached. Check the connection and try again.';
  return error?.message || 'Something went wrong.';
}

/** Whether the same request may succeed a little later. */
export function isPassing(error) {
  return error instanceof ApiError ? PASSING.has(error.status) : error instanceof TypeError || error?.name === 'TimeoutError';
}

/** Whether no later request like it can succeed: the server understood, and said no. */
export function isFinal(error) {
  return error instanceof SignedOut || error instanceof ApiError && error.status < 500 && error.status !== 408 && !isPassing(error);
}

/** How far this page has seen: no replica that serves it may be behind that. */
let seen = null;

async function ask(path, init, token) {
  if (!token) return fetch(path, init);
  const headers = { ...init.headers, Authorization: `Bearer ${token}` };
  if (seen) headers['Consistency-Token'] = seen;
  const response = await fetch(path, { ...init, headers });
  seen = response.headers.get('Consistency-Token') ?? seen;
  return response;
}

async function withTimeout(signal, work) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('no answer', 'TimeoutError')), TIMEOUT_MS);
  const forward = () => controller.abort(signal.reason);
  signal?.addEventListener('abort', forward);
  try {
    signal?.throwIfAborted();
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

export async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

function retryAfter(response) {
  const seconds = Number(response.headers.get('Retry-After'));
  return response.headers.has('Retry-After') && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
