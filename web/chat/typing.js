// Who is typing where: told rarely, believed for a few seconds.
const EVERY_MS = 2500;
const LASTS_MS = 5000;

export class Typing {
  #toldAt = -Infinity;

  /** `changed(roomId)` hears when somebody begins or ends. */
  constructor({ clock, timers, changed }) { Object.assign(this, { clock, timers, changed }); }

  /** Whether it is time to tell that the person types. */
  isDue() {
    if (this.clock.now() - this.#toldAt < EVERY_MS) return false;
    this.#toldAt = this.clock.now();
    return true;
  }

  begin(log, userId) {
    log.typing.add(userId);
    this.timers.after(`typing ${log.id} ${userId}`, LASTS_MS, () => this.end(log, userId));
    this.changed(log.id);
  }

  end(log, userId) { if (log.typing.delete(userId)) this.changed(log.id); }
}
