// Rooms of the team, direct messages, and conversations about videos.
import { api, sentence } from '../api.js';
import { newDirect, newRoom, showMembers } from '../chat/making.js';
import { ChatPanel } from '../chat/panel.js';
import { RoomList } from '../chat/roomlist.js';
import { rooms as store, titleOfRoom } from '../chat/rooms.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { mayModerate, mayTakePart } from '../roles.js';
import { session } from '../session.js';
import { TitleEditor } from './title.js';

const GONE = 'This room does not exist, or you do not belong to it.';
/** Characters of a room's title. */
const LONGEST_TITLE = 100;

export function rooms({ id }, query) {
  const view = new RoomsView(id, query);
  return {
    element: view.element, title: 'Rooms', dispose: () => view.dispose(), isApplication: true,
    onTitle: (listener) => { view.onTitle = listener; },
  };
}

class RoomsView {
  #ends = [];

  constructor(id, query) {
    Object.assign(this, { id, query });
    const mayMake = mayTakePart(session.me.user);
    this.list = new RoomList({ newRoom: mayMake && newRoom, newDirect: mayMake && newDirect });
    this.list.current = id;
    this.problem = h('p.room-trouble', { role: 'alert' });
    this.main = h('section.rooms-main', { 'aria-label': 'Conversation' });
    this.element = h('div.rooms', { class: id ? 'has-room' : '' },
      h('div.rooms-column', h('div.rooms-top', h(id ? 'h2' : 'h1', 'Rooms')), this.problem, this.list.element), this.main);
    this.#ends.push(store.on('change', () => { this.list.draw(); this.#retitle(); }));
    this.#ends.push(store.on('removed', ({ id: gone, reason = GONE }) => { if (gone === id) this.#showGone(reason); }));
    people.load();
    this.#load();
    if (id) this.#open();
    else this.#showNone(mayMake);
  }

  dispose() {
    this.#ends.forEach((end) => end());
    this.panel?.dispose();
  }

  async #load() {
    try {
      await store.load();
      this.list.draw();
    } catch (error) {
      fill(this.problem, icon('alert'), `The rooms could not be loaded. ${sentence(error)} `, h('button.link-button', { type: 'button', onclick: () => { setText(this.problem, ''); this.#load(); } }, 'Try again'));
    }
  }

  async #open() {
    try {
      const room = await store.open(this.id);
      if (this.#ends.length === 0) return;
      this.panel = new ChatPanel(room, { focusOn: this.query.get('message') });
      this.mayRename = room.kind === 'team' && mayTakePart(session.me.user) && (room.createdBy === session.me.user.id || mayModerate(session.me.user));
      this.heading = new TitleEditor({ longest: LONGEST_TITLE, save: async (title) => store.put(await api.patch(`/v1/rooms/${room.id}`, { title })) });
      fill(this.main, h('header.room-head',
        h('a.icon-button.room-back', { href: '#/rooms', 'aria-label': 'All rooms' }, icon('chevronLeft')),
        this.heading.element,
        room.private && room.kind === 'team' && h('button.button.small', { type: 'button', onclick: () => showMembers(store.get(room.id) ?? room) }, icon('team'), h('span', 'People')),
        room.videoId && h('a.button.small', { href: `#/videos/${room.videoId}?tab=chat` }, icon('film'), h('span', 'Open the video'))), this.panel.element);
      this.#retitle();
      // On a phone the keyboard would cover what one came to read.
      if (matchMedia('(pointer: fine)').matches) this.panel.field?.focus();
    } catch (error) {
      this.#showGone(error.status === 404 || error.status === 403 ? GONE : sentence(error));
    }
  }

  /** Nobody writes into a room that takes nothing any more. */
  #showGone(reason) {
    this.panel?.dispose();
    this.panel = null;
    this.heading = null;
    fill(this.main, h('div.room-empty', icon('alert'), h('p', reason), h('a.button.small', { href: '#/rooms' }, 'All rooms')));
  }

  #retitle() {
    const room = store.get(this.id);
    if (!room || !this.heading) return;
    this.heading.update(titleOfRoom(room), this.mayRename);
    this.onTitle?.(titleOfRoom(room));
  }

  #showNone(mayMake) {
    fill(this.main, h('div.room-empty', icon('chat'), h('h2', 'Choose a conversation'), h('p', 'Rooms are for your whole team, direct messages for two. Every video has a conversation of its own.'),
      mayMake && h('div.empty-actions', h('button.button.primary', { type: 'button', onclick: newRoom }, icon('plus'), 'New room'), h('button.button', { type: 'button', onclick: newDirect }, icon('chat'), 'New message'))));
  }
}
