// Who is in a room at this moment.
import { fill, h } from '../dom.js';
import { avatar } from '../people/avatar.js';
import { people } from '../people/people.js';

const SHOWN = 5;

/** {element, draw({present, presentCount})}; those in a video's room are watching it. */
export function presenceBar(isWatching) {
  const element = h('div.present', { role: 'status' });
  let drawn = '';

  function draw({ present, presentCount }) {
    const key = `${present} ${presentCount} ${present.map((id) => people.name(id))}`;
    if (key === drawn) return;
    drawn = key;
    const words = isWatching ? (presentCount === 1 ? 'Only you are watching' : `${presentCount} watching now`) : `${presentCount} online`;
    fill(element, present.length > 0 && [
      h('span.present-faces', present.slice(0, SHOWN).map((id) => avatar(people.name(id), id, 'small'))), h('span', words)]);
  }

  return { element, draw };
}
