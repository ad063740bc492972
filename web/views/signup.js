import { api } from '../api.js';
import { h } from '../dom.js';
import { session } from '../session.js';
import { entry } from './entry.js';
import { field, form } from './form.js';

export const PASSWORD = {
  label: 'Password', name: 'password', type: 'password', autocomplete: 'new-password', minlength: 8, maxlength: 256,
  hint: 'At least 8 characters.',
};

export function signup() {
  const fields = [
    field({ label: 'Team name', name: 'team', type: 'text', autocomplete: 'organization', maxlength: 100, autofocus: true }),
    field({ label: 'Your name', name: 'name', type: 'text', autocomplete: 'name', maxlength: 100 }),
    field({ label: 'Email', name: 'email', type: 'email', autocomplete: 'username' }),
    field(PASSWORD),
  ];
  // The server names nested fields by path; the team's own name is the only one outside `owner`.
  const fieldOf = (name) => (name === 'name' ? 'team' : name.replace(/^owner\./, ''));
  const element = entry('Create your team', 'Upload a video and watch it together in a minute.',
    form({
      fields,
      fieldOf,
      action: 'Create team',
      submit: async ({ team, name, email, password }) => {
        const owner = { email: email.trim(), name: name.trim(), password };
        session.start(await api.post('/v1/tenants', { name: team.trim(), owner }, { auth: false }));
      },
    }),
    h('p.entry-switch', 'Already have a team? ', h('a', { href: '#/login' }, 'Log in')));
  return { element, title: 'Create your team' };
}
