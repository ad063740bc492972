// The parts of one upload: {number, bytes, status, loaded, attempt, run, etag, url, headers}.
// status: missing -> sending -> sent; waiting after a failure. Pure.

export function sentBytes(state) {
  return state.parts.reduce((sum, part) => sum + (part.status === 'sent' ? part.bytes : part.loaded), 0);
}

/** How many more parts this upload could send at once; the manager shares slots out by it. */
export function appetite(state) {
  if (state.phase !== 'sending') return 0;
  return state.parts.reduce((count, part) => count + (part.status === 'sent' ? 0 : 1), 0);
}

/** The parts as the server tells them. */
export function describeParts(state, upload) {
  const received = new Map((upload.received ?? []).map((part) => [part.number, part]));
  const addresses = new Map((upload.parts ?? []).map((part) => [part.number, part]));
  return Array.from({ length: upload.partCount }, (_, index) => {
    const number = index + 1;
    const size = Math.min(upload.partBytes, upload.bytes - index * upload.partBytes);
    const has = received.get(number);
    // Runs go on counting, so that an answer to a run of before is never taken for one of now.
    const run = state.parts[index]?.run ?? 0;
    const common = { number, bytes: size, run, attempt: 0 };
    if (has) return { ...common, status: 'sent', loaded: size, etag: has.etag, url: null };
    const address = addresses.get(number);
    return { ...common, status: 'missing', loaded: 0, url: address?.url ?? null, headers: address?.headers ?? {} };
  });
}

/** Replaces one part by a changed copy; `how` gives the changes, or nothing. */
export function change(state, number, how) {
  const part = state.parts[number - 1];
  const changes = part && how(part);
  if (!changes) return false;
  state.parts[number - 1] = { ...part, ...changes };
  return true;
}
