// The rooms of the person, what was said last in each, and what is unread.
import { api } from '../api.js';
import { Emitter } from '../emitter.js';
import { inbox } from '../notifications/inbox.js';
import { people } from '../people/people.js';
import { session } from '../session.js';
import { chat } from './live.js';

/** Rooms that are heard live. Who hears a video's room counts as there, so those are only heard where they are open. */
const LIVE = 50;
const RELOAD_MS = 60_000;
const MOST_UNREAD = 100;
const GONE = new Set(['not_found', 'forbidden', 'room_closed']);

class Rooms extends Emitter {
  #rooms = new Map();
  #following = new Map();
  /** Of the last list. */
  #listed = new Set();
  #loading = null;

  constructor() {
    super();
    chat.on('message', ({ roomId, entry }) => this.#heard(roomId, entry));
    chat.on('read', ({ roomId, seq, userId }) => { if (userId === session.me?.user.id) this.#read(roomId, seq); });
    // Taken out of it, or it was closed. That somebody may not do one thing in a room has another code.
    chat.on('trouble', ({ roomId, code, detail }) => { if (this.get(roomId) && GONE.has(code)) this.remove(roomId, code === 'room_closed' ? detail : undefined); });
    people.on('change', () => this.tell('change'));
    // A room that others made shows itself when the person is added to it, a direct one by its first message.
    inbox.on('arrived', ({ roomId }) => { if (roomId && !this.get(roomId)) this.load().catch(() => {}); });
    setInterval(() => { if (session.me && this.isLoaded && !document.hidden) this.load().catch(() => {}); }, RELOAD_MS);
  }

  /** Newest first. */
  get list() {
    const at = (room) => room.lastMessage?.sentAt ?? room.createdAt;
    return [...this.#rooms.values()].sort((a, b) => (at(a) < at(b) ? 1 : -1));
  }

  get unread() { return this.list.reduce((sum, { unread }) => sum + unread, 0); }

  get(id) { return this.#rooms.get(id); }

  load() {
    if (this.#loading) return this.#loading;
    const loading = (async () => {
      const userId = session.me?.user.id;
      const { items, nextCursor } = await api.get('/v1/rooms?limit=100');
      // Somebody else may have logged in meanwhile.
      if (session.me?.user.id !== userId) return;
      items.forEach((room) => this.put(room));
      this.#leaveOut(new Set(items.map(({ id }) => id)), nextCursor);
      this.isLoaded = true;
    })().finally(() => { if (this.#loading === loading) this.#loading = null; });
    this.#loading = loading;
    return loading;
  }

  /** The room, asked for if it is not known here. */
  async open(id) {
    return this.get(id) ?? this.put(await api.get(`/v1/rooms/${id}`));
  }

  /** The room of a video, made when it is needed first. */
  async ofVideo(videoId) { return this.get(videoId) ?? this.create({ kind: 'video', videoId }); }

  async create(room) { return this.put(await api.post('/v1/rooms', room)); }

  put(room) {
    const readSeq = Math.max(room.readSeq ?? 0, this.get(room.id)?.readSeq ?? 0);
    // The answer may be older than what was read here since.
    this.#rooms.set(room.id, { ...room, readSeq, unread: readSeq >= (room.lastMessage?.seq ?? 0) ? 0 : room.unread });
    if (room.kind !== 'video' && !this.#following.has(room.id) && this.#following.size < LIVE) {
      this.#following.set(room.id, chat.follow(room.id, room.lastSeq));
    }
    this.tell('change');
    return this.get(room.id);
  }

  /** Who shows the room hears of it, with the reason where one is known. */
  remove(id, reason) {
    this.#following.get(id)?.();
    this.#following.delete(id);
    this.#rooms.delete(id);
    this.tell('change');
    this.tell('removed', { id, reason });
  }

  clear() {
    this.#following.clear();
    this.#rooms.clear();
    this.#listed.clear();
    this.#loading = null;
    this.isLoaded = false;
  }

  /** Rooms that were listed and are not any more; where there are further pages nobody knows. */
  #leaveOut(listed, nextCursor) {
    if (!nextCursor) for (const id of this.#listed) if (!listed.has(id)) this.remove(id);
    this.#listed = listed;
  }

  #heard(roomId, entry) {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    room.lastSeq = Math.max(room.lastSeq, entry.seq);
    if (entry.revises === null) {
      room.lastMessage = entry;
      if (entry.author !== session.me?.user.id && entry.seq > (room.readSeq ?? 0)) room.unread = Math.min(MOST_UNREAD, room.unread + 1);
    } else if (room.lastMessage?.id === entry.id) {
      room.lastMessage = { ...room.lastMessage, body: entry.body, deletedAt: entry.deletedAt };
    }
    this.tell('change');
  }

  #read(roomId, seq) {
    const room = this.#rooms.get(roomId);
    if (!room || seq <= (room.readSeq ?? 0)) return;
    room.readSeq = seq;
    if (seq >= (room.lastMessage?.seq ?? 0)) room.unread = 0;
    this.tell('change');
  }
}

export const rooms = new Rooms();

/** What a room is called: a direct one by the other person. */
export function titleOfRoom(room) {
  if (room.kind !== 'direct') return room.title || 'Untitled room';
  const other = room.members.find((id) => id !== session.me?.user.id);
  return other ? people.name(other) : 'Notes to yourself';
}
