// Entries that the line did not bring, fetched over HTTP.

const PAGE = 100;
const AGAIN_MS = 4000;

export class Gaps {
  #filling = new Map();

  /** `history(roomId, query)` gives pages; `applied(roomId, entry)` hears of each entry that was missing. */
  constructor({ history, timers, applied }) { Object.assign(this, { history, timers, applied }); }

  /** Page after page; asked for while it is under way, once more afterwards. Whether all is here then. */
  async fill(log) {
    if (this.#filling.has(log.id)) return this.#filling.set(log.id, true) && false;
    let isWhole = log.position !== null;
    try {
      do {
        this.#filling.set(log.id, false);
        for (let more = isWhole; more;) {
          const page = await this.history(log.id, { afterSeq: log.position, limit: PAGE });
          for (const entry of page.items) if (log.apply(entry) === 'applied') this.applied(log.id, entry);
          more = page.hasMore && page.items.length > 0;
        }
      } while (this.#filling.get(log.id));
    } catch {
      isWhole = false;
      this.timers.after(`fill ${log.id}`, AGAIN_MS, () => this.fill(log));
    }
    this.#filling.delete(log.id);
    return isWhole;
  }
}
