// New rooms, direct messages, and who belongs to a private room.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { matching, people } from '../people/people.js';
import { go } from '../routes.js';
import { session } from '../session.js';
import { confirmAction, showDialog } from '../views/dialog.js';
import { field, form } from '../views/form.js';
import { rooms, titleOfRoom } from './rooms.js';

const MOST_SHOWN = 50;

export function newRoom() {
  const title = field({ label: 'Name', name: 'title', type: 'text', maxlength: 100, autocomplete: 'off', autofocus: true });
  const isPrivate = h('input', { type: 'checkbox', id: 'room-private', onchange: () => { chooser.element.hidden = !isPrivate.checked; } });
  const chooser = peopleChooser({ isMany: true });
  chooser.element.hidden = true;
  const dialog = showDialog('New room', form({
    fields: [title], action: 'Create room',
    extra: [h('label.check', isPrivate, h('span', 'Private: only the people you choose')), chooser.element],
    submit: async (values) => {
      const room = await rooms.create({ kind: 'team', title: values.title.trim(), ...(isPrivate.checked && { private: true, userIds: chooser.chosen }) });
      dialog.close();
      go(`#/rooms/${room.id}`);
    },
  }));
}

export function newDirect() {
  const problem = h('p.form-error', { role: 'alert' });
  const chooser = peopleChooser({
    choose: async ({ id }) => {
      try {
        const room = await rooms.create({ kind: 'direct', userIds: [id] });
        dialog.close();
        go(`#/rooms/${room.id}`);
      } catch (error) {
        setText(problem, sentence(error));
      }
    },
  });
  const dialog = showDialog('New message', problem, chooser.element);
}

export function showMembers(room) {
  const list = h('ul.choices');
  const problem = h('p.form-error', { role: 'alert' });
  const mayChange = room.createdBy === session.me.user.id || ['owner', 'admin'].includes(session.me.user.role);
  const attempt = (work) => work().catch((error) => setText(problem, sentence(error)));
  const draw = () => fill(list, room.members.map((id) => h('li.choice', avatar(people.name(id), id, 'small'), h('span', people.name(id)),
    mayChange && id !== session.me.user.id && h('button.button.small', { type: 'button', onclick: () => attempt(async () => { await api.delete(`/v1/rooms/${room.id}/members/${id}`); update({ ...room, members: room.members.filter((each) => each !== id) }); }) }, 'Remove'))));
  const chooser = mayChange && peopleChooser({
    leaveOut: () => room.members,
    choose: ({ id }) => attempt(async () => update(await api.post(`/v1/rooms/${room.id}/members`, { userIds: [id] }))),
  });

  function update(next) {
    room = rooms.put(next);
    draw();
    if (chooser) chooser.draw();
  }

  const dialog = showDialog(`People in ${titleOfRoom(room)}`, problem, list, chooser && [h('h3', 'Add somebody'), chooser.element],
    h('button.button.small.leave', { type: 'button', onclick: () => { dialog.close(); leave(room); } }, icon('logout'), 'Leave this room'));
  draw();
}

function leave(room) {
  confirmAction({
    title: `Leave ${titleOfRoom(room)}?`, text: 'Only somebody in the room can bring you back.', action: 'Leave',
    act: async () => {
      await api.delete(`/v1/rooms/${room.id}/members/${session.me.user.id}`);
      // First, or the room that is shown would be told as one that is not there.
      go('#/rooms');
      rooms.remove(room.id);
    },
  });
}

/** {element, chosen, draw}; with `choose(person)` one press is the choice, with `isMany` boxes are ticked. */
function peopleChooser({ isMany = false, choose, leaveOut = () => [] }) {
  const ticked = new Set();
  const search = h('input', { type: 'search', placeholder: 'Find somebody', 'aria-label': 'Find somebody', oninput: draw });
  const list = h('ul.choices', { 'aria-label': 'People' });

  function draw() {
    const out = new Set([session.me.user.id, ...leaveOut()]);
    const found = matching(people.list.filter(({ id }) => !out.has(id)), search.value.trim(), MOST_SHOWN);
    fill(list, found.length === 0 && h('li.muted', 'Nobody found.'), found.map((person) => {
      const who = [avatar(person.name, person.id, 'small'), h('span', person.name), h('small', person.email)];
      if (!isMany) return h('li', h('button.choice', { type: 'button', onclick: () => choose(person) }, who));
      const box = h('input', { type: 'checkbox', checked: ticked.has(person.id), onchange: () => { if (box.checked) ticked.add(person.id); else ticked.delete(person.id); } });
      return h('li', h('label.choice', box, who));
    }));
  }

  people.load().then(draw);
  draw();
  return { element: h('div.chooser', search, list), draw, get chosen() { return [...ticked]; } };
}
