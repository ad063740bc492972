// One SourceBuffer, used by one caller at a time: a SourceBuffer refuses everything while it works.

/** Encoders leave gaps of a frame between segments; anything smaller than this plays through. */
const GAP = 0.3;

export class Lane {
  #buffer;
  #tail = Promise.resolve();

  constructor(mediaSource, mime) {
    this.mediaSource = mediaSource;
    this.mime = mime;
    this.#buffer = mediaSource.addSourceBuffer(mime);
  }

  append(data) { return this.#queue(() => this.#buffer.appendBuffer(data)); }

  remove(start, end) {
    // Behind the end there is nothing, and a browser refuses to be asked.
    if (end <= start || start >= this.mediaSource.duration) return this.idle();
    return this.#queue(() => this.#buffer.remove(start, end));
  }

  changeType(mime) {
    if (mime === this.mime) return Promise.resolve();
    this.mime = mime;
    // Finishes at once and fires no event.
    this.#tail = this.#tail.then(() => this.#buffer.changeType(mime));
    return this.#tail;
  }

  /** Resolves when nothing is under way. */
  idle() { return this.#tail; }

  get isBusy() { return this.#buffer.updating; }

  get ranges() { return rangesOf(this.#safely()); }

  /** Where playable data that holds `time` ends, or `time` itself when nothing is there. */
  endAfter(time) {
    const range = this.ranges.find(({ start, end }) => start - GAP <= time && time < end);
    return range ? range.end : time;
  }

  #safely() {
    try {
      return this.#buffer.buffered;
    } catch {
      // The media source was detached while a step was waiting.
      return { length: 0 };
    }
  }

  #queue(start) {
    const turn = this.#tail.then(() => this.#operate(start));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  #operate(start) {
    return new Promise((resolve, reject) => {
      const buffer = this.#buffer;
      const end = (settle, value) => {
        buffer.removeEventListener('updateend', good);
        buffer.removeEventListener('error', bad);
        settle(value);
      };
      const good = () => end(resolve);
      const bad = () => end(reject, new Error('The browser could not decode a part of the video.'));
      buffer.addEventListener('updateend', good);
      buffer.addEventListener('error', bad);
      try {
        start();
      } catch (error) {
        end(reject, error);
      }
    });
  }
}

/** TimeRanges as [{start, end}], with unnoticeable gaps closed. */
export function rangesOf(ranges) {
  const merged = [];
  for (let index = 0; index < ranges.length; index += 1) {
    const start = ranges.start(index);
    const end = ranges.end(index);
    const last = merged[merged.length - 1];
    if (last && start - last.end <= GAP) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
