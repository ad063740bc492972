/** One tab sends an upload. Resolves with the function that gives it up, or null when another tab has it. */
export function claim(key) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    navigator.locks.request(`cloudstream.upload.${key}`, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(release));
    });
  });
}
