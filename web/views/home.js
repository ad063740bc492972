// The first screen: what is new for the person, in one answer of the server. Parts that failed say so.
import { api, sentence } from '../api.js';
import { rooms, titleOfRoom } from '../chat/rooms.js';
import { fill, h } from '../dom.js';
import { ago, badgeCount } from '../format.js';
import { icon } from '../icons.js';
import { isSettled, LiveVideos } from '../live.js';
import { inbox } from '../notifications/inbox.js';
import { activityRow } from '../notifications/list.js';
import { avatar } from '../people/avatar.js';
import { people } from '../people/people.js';
import { mayUpload } from '../roles.js';
import { session } from '../session.js';
import { plain } from '../text.js';
import { uploads } from '../upload/manager.js';
import { VideoCard } from './card.js';

const VIDEOS = 6;
const ROOMS = 5;

export function home() {
  const view = new Home();
  return { element: view.element, title: 'Home', dispose: () => view.dispose() };
}

class Home {
  #lifetime = new AbortController();
  #cards = new Map();
  #ends;

  constructor() {
    this.lead = h('p.lead', 'Here is what your team is working on.');
    this.videos = h('ul.grid.compact', { 'aria-label': 'Recent videos' });
    this.rooms = h('ul.room-list.framed');
    this.feed = h('ul.happenings.framed');
    this.element = h('div.page.home',
      h('div.page-head', h('div', h('h1', `Hello, ${session.me.user.name.split(' ')[0]}`), this.lead)),
      h('div.home-columns',
        h('div', section('Recent videos', '#/library', 'All videos', this.videos), section('Activity', '#/feed', 'All activity', this.feed)),
        section('Conversations', '#/rooms', 'All rooms', this.rooms)));
    this.live = new LiveVideos((video) => this.#update(video));
    const { signal } = this.#lifetime;
    uploads.addEventListener('uploaded', () => this.#load(), { signal });
    this.#ends = [inbox.on('change', () => this.#greet()), rooms.on('change', () => { this.#drawRooms(); this.#greet(); }), people.on('change', () => { this.#drawFeed(); this.#drawRooms(); })];
    fill(this.videos, Array.from({ length: 3 }, () => h('li.card.skeleton', { 'aria-hidden': true }, h('div.card-picture'), h('i'), h('i'))));
    people.load();
    this.#load();
  }

  dispose() {
    this.#lifetime.abort();
    this.live.dispose();
    this.#ends.forEach((end) => end());
  }

  async #load() {
    const { signal } = this.#lifetime;
    let answer;
    try {
      answer = await api.get('/v1/home', { signal });
    } catch (error) {
      if (signal.aborted) return;
      answer = await this.#apart(error, signal);
      if (signal.aborted) return;
    }
    const failed = new Set(answer.failed ?? []);
    this.answer = answer;
    if (answer.unread) inbox.unread = answer.unread.notifications ?? inbox.unread;
    this.#drawVideos(failed.has('videos') || !answer.videos);
    if (answer.rooms) answer.rooms.items.forEach((room) => rooms.put(room));
    else rooms.load().catch(() => { this.areRoomsAway = true; this.#drawRooms(); });
    this.#drawRooms();
    this.#drawFeed();
    this.#greet();
  }

  /** Without the one answer, its most important part is asked for by itself. */
  async #apart(error, signal) {
    const parts = { feed: null, rooms: null, videos: null, failed: [], reason: sentence(error) };
    try {
      parts.videos = await api.get(`/v1/videos?limit=${VIDEOS}`, { signal });
    } catch (failure) {
      parts.reason = sentence(failure);
    }
    return parts;
  }

  #greet() {
    if (!this.answer) return;
    const messages = rooms.unread;
    const parts = [
      inbox.unread > 0 && h('a', { href: '#/notifications' }, `${badgeCount(inbox.unread)} ${inbox.unread === 1 ? 'notification' : 'notifications'}`),
      messages > 0 && h('a', { href: '#/rooms' }, `${badgeCount(messages)} unread ${messages === 1 ? 'message' : 'messages'}`),
    ].filter(Boolean);
    if (parts.length) fill(this.lead, 'You have ', parts[0], parts[1] && [' and ', parts[1]], '.');
    else fill(this.lead, 'You are up to date. Here is what your team is working on.');
  }

  #drawVideos(isFailed) {
    if (isFailed) return fill(this.videos, h('li.part-failed', icon('alert'), `Videos are not available now. ${this.answer.reason ?? ''}`));
    const items = this.answer.videos.items.slice(0, VIDEOS);
    if (!items.length) return fill(this.videos, h('li.empty', icon('film'), h('h2', 'No videos yet'), mayUpload(session.me.user)
      ? [h('p', 'Drop a video anywhere on this page. It can be watched moments after the upload, while it is still being processed.'),
        h('button.button.primary', { type: 'button', onclick: () => this.element.dispatchEvent(new Event('pick-files', { bubbles: true })) }, icon('upload'), 'Choose files')]
      : h('p', 'Videos that your team uploads appear here.')));
    this.#cards.clear();
    for (const video of items) {
      this.#cards.set(video.id, new VideoCard(video));
      if (!isSettled(video)) this.live.add(video.id);
    }
    fill(this.videos, [...this.#cards.values()].map(({ element }) => element));
  }

  #update(video) { this.#cards.get(video.id)?.update(video); }

  #drawRooms() {
    if (!this.answer) return;
    const isFailed = this.areRoomsAway && !rooms.list.length;
    const list = rooms.list.filter((room) => room.lastMessage).slice(0, ROOMS);
    fill(this.rooms, isFailed ? h('li.part-failed', icon('alert'), 'Conversations are not available now.') : list.map(roomRow),
      !isFailed && !list.length && h('li.muted.padded', 'Nobody has said anything yet. ', h('a', { href: '#/rooms' }, 'Start a conversation')));
  }

  #drawFeed() {
    if (!this.answer) return;
    const { feed } = this.answer;
    fill(this.feed, !feed ? h('li.part-failed', icon('alert'), 'The activity is not available now.') : feed.items.slice(0, 8).map(activityRow),
      feed?.items.length === 0 && h('li.muted.padded', 'Nothing happened yet.'));
  }
}

function section(title, href, all, content) {
  return h('section.home-part', h('div.part-head', h('h2', title), h('a', { href }, all)), content);
}

function roomRow(room) {
  const title = titleOfRoom(room);
  const { lastMessage: last } = room;
  const other = room.kind === 'direct' ? room.members.find((id) => id !== session.me.user.id) : null;
  const said = last.deletedAt ? 'Message deleted' : plain(last.body, (id) => people.name(id));
  return h('li', h('a.room-link', { href: `#/rooms/${room.id}`, class: room.unread ? 'is-unread' : '' },
    other ? avatar(title, other) : h('span.room-icon', icon(room.kind === 'video' ? 'film' : 'hash')),
    h('span.room-what', h('span.room-title', title), h('span.room-said', `${people.name(last.author).split(' ')[0]}: ${said}`)),
    h('span.room-end', h('time', ago(last.sentAt)), room.unread > 0 && h('span.count', { 'aria-label': `${room.unread} unread` }, badgeCount(room.unread)))));
}
