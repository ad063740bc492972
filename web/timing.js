/** Exponential with full jitter above a floor, so that many clients do not come back together. `random` is in 0..<1. */
export function backoff(attempt, random, { base = 500, most = 20_000 } = {}) {
  const ceiling = Math.min(most, base * 2 ** (attempt - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Resolves after `ms`; rejects with the signal's reason when that comes first. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
