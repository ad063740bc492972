// How fast bytes move, over the last seconds only: an average since the start would hide a change for minutes.

const WINDOW_MS = 8000;

export class Speedometer {
  #samples = [];

  /** `total` may fall when a part is sent again; the window then starts anew. */
  note(total, now) {
    const last = this.#samples[this.#samples.length - 1];
    if (last && total < last.total) this.#samples = [];
    this.#samples.push({ total, now });
    while (this.#samples.length > 2 && now - this.#samples[0].now > WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second, or 0 while too little is known. */
  rate(now) {
    const [first] = this.#samples;
    const last = this.#samples[this.#samples.length - 1];
    if (!first || now - first.now < 500) return 0;
    return (last.total - first.total) / ((now - first.now) / 1000);
  }

  reset() { this.#samples = []; }
}
