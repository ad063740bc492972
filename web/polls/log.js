// Polls of a room as they stand. Lists, answers and frames come in any order: the highest revision is the newest. Pure.

const FIELDS = ['id', 'roomId', 'revision', 'question', 'options', 'createdBy', 'createdAt', 'closedAt'];

export class PollLog {
  isLoaded = false;
  #byId = new Map();

  /** As everybody sees it; what one chose oneself is not told and stays. */
  hear(poll) {
    const known = this.#byId.get(poll.id);
    if (!known) this.#byId.set(poll.id, { poll: pick(poll), choice: null, choiceRevision: 0, wanted: null, wantedAt: 0, problem: '' });
    else if (poll.revision > known.poll.revision) known.poll = pick(poll);
  }

  /** An answer, with what one chose oneself; that is kept by the revision of the answer, as a frame may have been ahead of it. */
  take(poll) {
    this.hear(poll);
    const known = this.#byId.get(poll.id);
    if (poll.revision >= known.choiceRevision) Object.assign(known, { choice: poll.choice ?? null, choiceRevision: poll.revision });
  }

  /** Chosen here, not taken by the server yet. Whether that is something to ask of it. */
  want(id, option) {
    const known = this.#byId.get(id);
    if (!known || known.poll.closedAt || (known.wanted ?? known.choice) === option) return false;
    // Changed while an earlier one is on its way: what came since may count that one.
    if (known.wanted === null) known.wantedAt = known.poll.revision;
    Object.assign(known, { wanted: option, problem: '' });
    return true;
  }

  /** What is to be asked of the server, or null. */
  wanted(id) { return this.#byId.get(id)?.wanted ?? null; }

  /** The server has taken the option; another that was chosen meanwhile is wanted still. */
  settle(id, option) {
    const known = this.#byId.get(id);
    if (known.wanted === option) known.wanted = null;
    known.wantedAt = known.poll.revision;
  }

  /** The choice is again what the server knows. */
  refuse(id, problem) { Object.assign(this.#byId.get(id), { wanted: null, problem }); }

  get(id) { return this.#byId.has(id) ? shown(this.#byId.get(id)) : undefined; }

  /** Open ones first, then those that were closed; the newest of each first. */
  get list() {
    const at = ({ closedAt, createdAt }) => closedAt ?? createdAt;
    return [...this.#byId.values()].map(shown).sort((a, b) => a.isClosed - b.isClosed || (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : a.id < b.id ? 1 : -1));
  }

  get openCount() { return this.list.filter(({ isClosed }) => !isClosed).length; }
}

/** 2 of 3 -> 67 */
export const shareOf = (votes, total) => (total > 0 ? Math.round((100 * votes) / total) : 0);

const pick = (poll) => Object.fromEntries(FIELDS.map((name) => [name, poll[name] ?? null]));

/** With the vote that is on its way; results that came since it was cast may count it already, and are shown as they are. */
function shown({ poll, choice, wanted, wantedAt, problem }) {
  const moved = wanted === null || poll.revision !== wantedAt ? 0 : 1;
  const options = poll.options.map(({ text, votes }, index) => ({ text, votes: Math.max(0, votes + moved * ((index === wanted) - (index === choice))) }));
  return {
    ...poll, options, problem, choice: wanted ?? choice, isSaving: wanted !== null, isClosed: Boolean(poll.closedAt),
    total: options.reduce((sum, { votes }) => sum + votes, 0),
  };
}
