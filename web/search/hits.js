// What a search found, as rows.
import { h } from '../dom.js';
import { ago } from '../format.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { rooms, titleOfRoom } from '../chat/rooms.js';
import { marksOf, plain } from '../text.js';

export const KINDS = [['', 'All'], ['video', 'Videos'], ['message', 'Messages'], ['comment', 'Comments'], ['person', 'People']];
const ICONS = { video: 'film', message: 'chat', comment: 'comment', person: 'user' };

export function hitRow(hit, opened) {
  const isText = hit.kind === 'message' || hit.kind === 'comment';
  const author = hit.authorId ? people.name(hit.authorId) : '';
  const room = hit.roomId ? rooms.get(hit.roomId) : null;
  const facts = [isText && author, room && titleOfRoom(room), hit.kind !== 'person' && ago(hit.createdAt), hit.match === 'fuzzy' && 'similar spelling'].filter(Boolean);
  const content = [h('span.happening-icon', icon(ICONS[hit.kind] ?? 'search')),
    h('span.hit-what', hit.title?.text && h('span.hit-title', marked(hit.title)),
      // What was said is all there is of a message.
      hit.excerpt?.text && h('span', { class: hit.title?.text ? 'excerpt' : 'hit-said' }, marked(hit.excerpt)), h('small', facts.join(' · ')))];
  const href = hitAddress(hit, room);
  return h('li.hit', href ? h('a', { href, onclick: opened }, content) : h('div', content));
}

/** Where a hit leads; the room of a comment is its video. */
function hitAddress({ kind, id, roomId }, room) {
  if (kind === 'video') return `#/videos/${id}`;
  if (kind === 'person') return '#/team';
  if (kind === 'comment') return roomId ? `#/videos/${roomId}?comment=${id}` : null;
  if (room?.videoId) return `#/videos/${room.videoId}?message=${id}`;
  return roomId ? `#/rooms/${roomId}?message=${id}` : null;
}

function marked(text) {
  return marksOf(text).map((part) => {
    const words = plain(part.text, (id) => people.name(id));
    // The spaces at the seams were trimmed away.
    const whole = `${/^\s/.test(part.text) ? ' ' : ''}${words}${/\s$/.test(part.text) && words ? ' ' : ''}`;
    return part.isMarked ? h('mark', whole) : whole;
  });
}
