/** Timers by name: one of a name runs at a time. `clock` is {now, after}; `after(ms, act)` gives back what cancels it. */
export class Timers {
  #running = new Map();

  constructor(clock) { this.clock = clock; }

  has(name) { return this.#running.has(name); }

  after(name, ms, act) {
    this.cancel(name);
    this.#running.set(name, this.clock.after(ms, () => { this.#running.delete(name); act(); }));
  }

  cancel(name) {
    this.#running.get(name)?.();
    this.#running.delete(name);
  }

  clear() { for (const name of [...this.#running.keys()]) this.cancel(name); }
}

/** The clock of this page. */
export const pageClock = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};
