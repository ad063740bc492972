// Which quality comes next. Pure: measurements in, an index out.

/** Share of the measured throughput that a quality may need: the rest is for audio and bad moments. */
const USABLE = 0.75;
/** Going up needs a reserve, or a lucky moment would end in a stall. */
const RESERVE_TO_RISE = 8;
/** With this much in hand a slower moment is sat out at the present quality. */
const RESERVE_TO_STAY = 15;

/** Two moving averages; the lower one is believed, so drops count at once and rises only when they last. */
export class ThroughputMeter {
  #fast = new Average(2);
  #slow = new Average(5);

  constructor(assumed = 2_500_000) { this.assumed = assumed; }

  /** Bits per second. */
  get estimate() {
    return this.#fast.weight < 0.1 ? this.assumed : Math.min(this.#fast.value, this.#slow.value);
  }

  note(bytes, ms) {
    // Small answers measure latency and not throughput; answers out of the cache measure neither.
    if (bytes < 16_000) return;
    const seconds = Math.max(ms, 20) / 1000;
    // One lucky answer out of a cache must not count as the line's speed.
    const most = this.#fast.weight ? this.estimate * 3 : Infinity;
    const rate = Math.min((bytes * 8) / seconds, most);
    // Fast answers take next to no time, and would count for next to nothing after a slow stretch.
    const weight = Math.max(seconds, 1);
    this.#fast.note(rate, weight);
    this.#slow.note(rate, weight);
  }
}

class Average {
  #sum = 0;
  weight = 0;

  constructor(halfLifeSeconds) { this.decay = 0.5 ** (1 / halfLifeSeconds); }

  get value() { return this.weight ? this.#sum / this.weight : 0; }

  note(value, seconds) {
    const kept = this.decay ** seconds;
    this.#sum = this.#sum * kept + value * (1 - kept);
    this.weight = this.weight * kept + (1 - kept);
  }
}

/**
 * levels: [{bandwidth, width, height}] from low to high; blocked: set of indexes that cannot be loaded now.
 * maxLines: shorter side that the screen can show; a bigger picture would be fetched only to be shrunk.
 */
export function chooseLevel({ levels, estimate, reserve, current = -1, maxLines = Infinity, blocked = new Set() }) {
  const usable = levels.map((_, index) => index).filter((index) => !blocked.has(index));
  if (!usable.length) return 0;
  const lines = (index) => Math.min(levels[index].width, levels[index].height);
  const enough = usable.find((index) => lines(index) >= maxLines) ?? usable[usable.length - 1];
  const fitting = usable.filter((index) => index <= enough && levels[index].bandwidth <= estimate * USABLE);
  const best = fitting.length ? fitting[fitting.length - 1] : usable[0];
  if (current < 0 || blocked.has(current)) return best;
  if (best > current && reserve < RESERVE_TO_RISE) return current;
  if (best < current && reserve > RESERVE_TO_STAY && levels[current].bandwidth <= estimate && current <= enough) return current;
  return best;
}
