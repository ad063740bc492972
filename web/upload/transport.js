// Sends one part. XMLHttpRequest, because fetch does not report how much of a body has gone out.

/** No byte moved for this long: the connection is taken for dead. */
const STALL_MS = 45_000;
/** Set by the browser alone; asking for them only fills the console with warnings. */
const FORBIDDEN = new Set(['host', 'content-length']);

/** Why a part did not arrive: 'network', 'busy', 'stale' (new address needed), 'gone' (nobody waits for it) or 'fatal'. */
export class PartError extends Error {
  constructor(reason, message, afterMs = 0) {
    super(message);
    this.reason = reason;
    this.afterMs = afterMs;
  }
}

/** Resolves with the part's ETag. */
export function putPart({ url, headers, body, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let watchdog;
    const end = (settle, value) => {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', abort);
      settle(value);
    };
    const abort = () => { request.abort(); end(reject, signal.reason); };
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => {
        request.abort();
        end(reject, new PartError('network', 'The connection stands still.'));
      }, STALL_MS);
    };

    request.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) {
      if (!FORBIDDEN.has(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => { alive(); onProgress(event.loaded); };
    request.onerror = () => end(reject, new PartError('network', 'The connection was lost.'));
    request.onload = () => {
      const etag = request.getResponseHeader('ETag');
      if (request.status >= 200 && request.status < 300 && etag) end(resolve, etag);
      else end(reject, partError(request));
    };
    signal.addEventListener('abort', abort);
    alive();
    request.send(body);
  });
}

function partError(request) {
  const { status } = request;
  const detail = detailOf(request);
  const afterMs = Number(request.getResponseHeader('Retry-After')) * 1000 || 0;
  if ([401, 403, 410].includes(status)) return new PartError('stale', detail ?? 'The address of the part has expired.');
  if (status === 404) return new PartError('gone', detail ?? 'The server does not expect this part.');
  // The server still holds the part for a connection that is gone; it lets go when that one times out.
  if (status === 409 && problemOf(request)?.code === 'part_busy') {
    return new PartError('busy', detail ?? 'The part is still being received.', 15_000);
  }
  // What object stores say with 400: the body came too slowly, or the address is too old.
  if (status === 400 && /<Code>RequestTimeout</.test(request.responseText)) {
    return new PartError('busy', 'The part came too slowly.', afterMs);
  }
  if (status === 400 && /expired/i.test(request.responseText)) {
    return new PartError('stale', 'The address of the part has expired.');
  }
  if ([408, 425, 429].includes(status) || status >= 500) {
    return new PartError('busy', detail ?? `The server could not take a part (${status}).`, afterMs);
  }
  return new PartError('fatal', detail ?? `The server refused a part (${status}).`);
}

function detailOf(request) {
  return problemOf(request)?.detail;
}

function problemOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return undefined;
  }
}
