// What this page knows of one room: its messages, up to where nothing is missing, and what is still on its way. Pure.

const FIELDS = ['id', 'seq', 'clientId', 'author', 'body', 'parentId', 'sentAt', 'mentions', 'editedAt', 'deletedAt', 'revises'];

/**
 * messages: originals by sequence, with the body they have now; pending: own ones that the server has not taken yet,
 * {clientId, body, parentId, state: 'sending' | 'waiting' | 'failed', reason}.
 */
export class RoomLog {
  messages = [];
  pending = [];
  hasOlder = false;
  isLoaded = false;
  #byId = new Map();

  /** `position`: every entry up to this sequence is known here; null until the room was asked for. */
  constructor(id, position = null) {
    this.id = id;
    this.position = position;
  }

  /** The newest page of the history. */
  load({ items, lastSeq, hasMore }) {
    if (hasMore && items.length && items[0].seq > (this.position ?? 0) + 1) this.#dropBefore(items[0].seq);
    for (const item of items) this.#put(item);
    this.position = Math.max(this.position ?? 0, lastSeq);
    this.hasOlder = hasMore;
    this.isLoaded = true;
  }

  loadOlder({ items, hasMore }) {
    for (const item of items) this.#put(item);
    this.hasOlder = hasMore;
  }

  /** 'applied', 'known' when it was here before, 'gap' when entries before it are missing. */
  apply(entry) {
    if (this.position === null || entry.seq > this.position + 1) return 'gap';
    if (entry.seq <= this.position) {
      this.#confirm(entry);
      return 'known';
    }
    this.position = entry.seq;
    this.#take(entry);
    return 'applied';
  }

  message(id) { return this.#byId.get(id); }

  add(clientId, body, parentId, state) {
    const message = { clientId, body, parentId: parentId ?? null, state, reason: '' };
    this.pending.push(message);
    return message;
  }

  sending(clientId) { return this.pending.find((each) => each.clientId === clientId); }

  /** The server has the message: it gets its place. 'gap' when it lies behind entries that are not here. */
  acknowledge({ clientId, seq, id }, author, now) {
    const own = this.sending(clientId);
    if (!own) return 'known';
    this.drop(clientId);
    this.#put({ id, seq, clientId, author, body: own.body, parentId: own.parentId, sentAt: now, mentions: [], editedAt: null, deletedAt: null, revises: null });
    this.#byId.get(id).isGuess = true;
    if (this.position === null || seq > this.position + 1) return 'gap';
    this.position = Math.max(this.position, seq);
    return 'applied';
  }

  drop(clientId) { this.pending = this.pending.filter((each) => each.clientId !== clientId); }

  get oldestSeq() { return this.messages[0]?.seq ?? null; }
  get newestSeq() { return this.messages.at(-1)?.seq ?? 0; }

  /** What lies before a hole is let go, and comes back with the page of earlier messages. */
  #dropBefore(seq) {
    this.messages = this.messages.filter((message) => message.seq >= seq);
    this.#byId = new Map(this.messages.map((message) => [message.id, message]));
  }

  /** An own message was shown before the server's words on it came: its time is the server's. */
  #confirm(entry) {
    const known = this.#byId.get(entry.id);
    if (known?.isGuess && known.version === entry.seq) Object.assign(known, pick(entry), { isGuess: false });
  }

  #take(entry) {
    if (entry.revises === null || entry.revises === undefined) return this.#put(entry);
    const original = this.#byId.get(entry.id);
    // Older than what is loaded: its page brings the present body.
    if (!original || original.version >= entry.seq) return;
    Object.assign(original, { body: entry.body, mentions: entry.mentions, editedAt: entry.editedAt, deletedAt: entry.deletedAt, version: entry.seq });
  }

  #put(entry) {
    if (entry.clientId) this.drop(entry.clientId);
    const known = this.#byId.get(entry.id);
    if (known) {
      if (known.version <= entry.seq) Object.assign(known, pick(entry));
      return;
    }
    const message = { ...pick(entry), version: entry.seq };
    this.#byId.set(message.id, message);
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].seq > message.seq) at -= 1;
    this.messages.splice(at, 0, message);
  }
}

const pick = (entry) => Object.fromEntries(FIELDS.map((name) => [name, entry[name] ?? null]));
