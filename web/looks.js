/** `look`, once at a time: whoever asks while it runs is answered by one more behind it, unless `isOver()`. */
export function oneAtATime(look, isOver) {
  let isRunning = false;
  let isStale = false;
  return async () => {
    isStale = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isStale && !isOver()) {
        isStale = false;
        await look();
      }
    } finally {
      isRunning = false;
    }
  };
}
