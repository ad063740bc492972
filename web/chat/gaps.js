// Entries that the line did not bring, fetched over HTTP.

const PAGE = 100;
const AGAIN_MS = 4000;

export class Gaps {
  #filling = new Map();

  /** `history(roomId, query)` gives pages; `applied(roomId, entry)` hears of each entry that was missing. */
  constructor({ history, timers, applied }) { Object.assign(this, { history, timers, applied }); }

  /** What is under way ends without a further word. */
  clear() { this.#filling = new Map(); }

  /** Page after page; asked for while it is under way, once more afterwards. Whether all is here then. */
  async fill(log) {
    const filling = this.#filling;
    if (filling.has(log.id)) return filling.set(log.id, true) && false;
    let isWhole = log.position !== null;
    try {
      do {
        filling.set(log.id, false);
        for (let more = isWhole; more;) {
          const page = await this.history(log.id, { afterSeq: log.position, limit: PAGE });
          if (filling !== this.#filling) return false;
          for (const entry of page.items) if (log.apply(entry) === 'applied') this.applied(log.id, entry);
          more = page.hasMore && page.items.length > 0;
        }
      } while (filling.get(log.id));
    } catch (error) {
      isWhole = false;
      // A room that is not there any more does not come back by asking.
      const isOver = filling !== this.#filling || error.status === 404 || error.status === 403;
      if (!isOver) this.timers.after(`fill ${log.id}`, AGAIN_MS, () => this.fill(log));
    }
    filling.delete(log.id);
    return isWhole;
  }
}
