import { ApiError, problemOf } from '../api.js';

const TIMEOUT_MS = 30_000;

/** One request without a session; throws ApiError unless the answer is good. */
export async function request(path, { method = 'GET', headers = {}, body, signal } = {}) {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(path, {
    method, signal: signal ? AbortSignal.any([signal, limit]) : limit,
    headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  return response.json();
}
