// A clock that moves when told to; promises in between are waited for.
export class TestClock {
  time = 1_000_000;
  #timers = new Map();
  #next = 0;

  now = () => this.time;

  after = (ms, act) => {
    const id = this.#next += 1;
    this.#timers.set(id, { at: this.time + ms, act });
    return () => this.#timers.delete(id);
  };

  async advance(ms) {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const [id, due] = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0] ?? [];
      if (!due) break;
      this.#timers.delete(id);
      this.time = due.at;
      due.act();
      await settle();
    }
    this.time = end;
  }
}

/** Until all that was resolved has been heard of. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  await new Promise((resolve) => { setImmediate(resolve); });
}
