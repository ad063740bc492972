// The rooms at the side: teams, people, videos, each with what is unread.
import { fill, h } from '../dom.js';
import { ago, badgeCount } from '../format.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { people } from '../people/people.js';
import { session } from '../session.js';
import { plain } from '../text.js';
import { rooms, titleOfRoom } from './rooms.js';

const GROUPS = [['team', 'Team rooms'], ['direct', 'Direct messages'], ['video', 'Videos']];

export class RoomList {
  #rows = new Map();

  /** `acts`: {newRoom, newDirect}, left out for those who may not. */
  constructor(acts) {
    const adders = { team: ['New room', acts.newRoom], direct: ['New message', acts.newDirect] };
    this.lists = new Map(GROUPS.map(([kind]) => [kind, h('ul.room-list')]));
    this.element = h('nav.rooms-side', { 'aria-label': 'Rooms' }, GROUPS.map(([kind, label]) => h('section.room-group', { dataset: { kind } },
      h('div.room-group-head', h('h2', label), adders[kind]?.[1] && h('button.icon-button', { type: 'button', 'aria-label': adders[kind][0], title: adders[kind][0], onclick: adders[kind][1] }, icon('plus'))),
      this.lists.get(kind))));
    this.draw();
  }

  set current(id) {
    this.currentId = id;
    this.draw();
  }

  draw() {
    for (const [kind, list] of this.lists) {
      const found = rooms.list.filter((room) => room.kind === kind);
      const nodes = found.map((room) => this.#row(room));
      if (!nodes.length && rooms.isLoaded) nodes.push(h('li.muted', { team: 'No rooms yet', direct: 'No messages yet', video: 'No conversations yet' }[kind]));
      // Left alone where nothing moved: the focus would be lost.
      if (nodes.length !== list.children.length || nodes.some((node, index) => list.children[index] !== node)) fill(list, nodes);
    }
  }

  #row(room) {
    const title = titleOfRoom(room);
    const last = room.lastMessage;
    const isCurrent = room.id === this.currentId;
    const said = !last ? '' : last.deletedAt ? 'Message deleted' : `${last.author === session.me.user.id ? 'You' : people.name(last.author).split(' ')[0]}: ${plain(last.body, (id) => people.name(id))}`;
    const key = JSON.stringify([title, said, room.unread, isCurrent, room.private, last && ago(last.sentAt)]);
    const known = this.#rows.get(room.id);
    if (known?.key === key) return known.node;
    const unread = isCurrent ? '' : badgeCount(room.unread);
    const other = room.kind === 'direct' ? room.members.find((id) => id !== session.me.user.id) ?? session.me.user.id : null;
    const node = h('li', h('a.room-link', { href: `#/rooms/${room.id}`, 'aria-current': isCurrent ? 'page' : null, class: unread ? 'is-unread' : '' },
      other ? avatar(title, other) : h('span.room-icon', icon(room.kind === 'video' ? 'film' : room.private ? 'lock' : 'hash')),
      h('span.room-what', h('span.room-title', title), h('span.room-said', said)),
      h('span.room-end', last && h('time', ago(last.sentAt).replace(' ago', '')), unread && h('span.count', { 'aria-label': `${room.unread} unread` }, unread))));
    const hadFocus = known?.node.contains(document.activeElement);
    known?.node.replaceWith(node);
    if (hadFocus) node.firstChild.focus();
    this.#rows.set(room.id, { key, node });
    return node;
  }
}
