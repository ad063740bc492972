import { api } from '../api.js';
import { h } from '../dom.js';
import { go } from '../routes.js';
import { session } from '../session.js';
import { uploads } from '../upload/manager.js';
import { entry } from './entry.js';
import { field, form } from './form.js';
import { PASSWORD } from './signup.js';

export function accept({ token }) {
  const fields = [
    field({ label: 'Your name', name: 'name', type: 'text', autocomplete: 'name', maxlength: 100, autofocus: true }),
    field(PASSWORD),
  ];
  const element = entry('Join your team', 'You have been invited to CloudStream. Choose a name and a password.',
    session.me && h('p.notice', `You are logged in as ${session.me.user.name}. Accepting logs you in as the invited person instead.`),
    form({
      fields,
      action: 'Join team',
      submit: async ({ name, password }) => {
        session.start(await api.post('/v1/invitations/accept', { token, name: name.trim(), password }, { auth: false }));
        uploads.restore();
        go('#/');
      },
    }),
    h('p.entry-switch', 'Already have an account? ', h('a', { href: '#/login' }, 'Log in')));
  return { element, title: 'Join your team' };
}
