import { api } from '../api.js';
import { h } from '../dom.js';
import { session } from '../session.js';
import { uploads } from '../upload/manager.js';
import { entry } from './entry.js';
import { field, form } from './form.js';

export function login() {
  const fields = [
    field({ label: 'Email', name: 'email', type: 'email', autocomplete: 'username', autofocus: true }),
    field({ label: 'Password', name: 'password', type: 'password', autocomplete: 'current-password' }),
  ];
  const element = entry('Log in', 'Welcome back.',
    form({
      fields,
      action: 'Log in',
      submit: async ({ email, password }) => {
        session.start(await api.post('/v1/sessions', { email: email.trim(), password }, { auth: false }));
        uploads.restore();
      },
    }),
    h('p.entry-switch', 'New here? ', h('a', { href: '#/signup' }, 'Create a team')));
  return { element, title: 'Log in' };
}
