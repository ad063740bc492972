// What surrounds every screen of a signed-in person: navigation, account menu, uploads.
import { api } from '../api.js';
import { fill, h } from '../dom.js';
import { initials } from '../format.js';
import { icon, logo } from '../icons.js';
import { mayUpload } from '../roles.js';
import { go } from '../routes.js';
import { session } from '../session.js';
import { uploads } from '../upload/manager.js';
import { Dropzone } from '../upload/dropzone.js';
import { UploadPanel } from '../upload/panel.js';
import { confirmAction, showDialog } from './dialog.js';
import { themeButton } from './entry.js';
import { field, form } from './form.js';

export class Shell {
  #closeMenu = (event) => {
    if (event.type === 'keydown' ? event.key === 'Escape' : !this.account.contains(event.target)) this.account.open = false;
  };

  constructor() {
    const canUpload = mayUpload(session.me.user);
    this.picker = h('input.visually-hidden', {
      type: 'file', multiple: true, accept: 'video/*,.mkv,.mov,.ts', tabindex: '-1', 'aria-hidden': true, id: 'file-input',
      onchange: () => { uploads.add(this.picker.files); this.picker.value = ''; },
    });
    this.main = h('main.main', { id: 'main' });
    this.links = [link('#/', 'library', 'Library', ['library', 'watch']), link('#/team', 'team', 'Team', ['team'])];
    this.account = this.#accountMenu();
    this.panel = new UploadPanel();
    this.dropzone = canUpload ? new Dropzone((files, handles) => uploads.add(files, handles)) : null;
    this.element = h('div.shell',
      h('a.skip-link', { href: '#main', onclick: (event) => { event.preventDefault(); this.main.querySelector('h1')?.focus(); } }, 'Skip to content'),
      h('header.header',
        h('a.brand', { href: '#/', 'aria-label': 'CloudStream, library' }, logo(), h('span', 'CloudStream')),
        h('nav.nav', { 'aria-label': 'Main' }, this.links.map((each) => each.element)),
        h('div.header-end',
          canUpload && h('button.button.primary.upload-button', { type: 'button', onclick: () => this.picker.click() }, icon('upload'), h('span', 'Upload')),
          themeButton(), this.account)),
      this.main, this.picker, this.panel.element, this.dropzone?.element);
    document.addEventListener('pointerdown', this.#closeMenu);
    document.addEventListener('keydown', this.#closeMenu);
    // Screens without a file input of their own ask for this one.
    this.element.addEventListener('pick-files', () => this.picker.click());
  }

  show(name, content) {
    for (const each of this.links) {
      if (each.names.includes(name)) each.element.setAttribute('aria-current', 'page');
      else each.element.removeAttribute('aria-current');
    }
    this.account.open = false;
    // Opened, the list would lie over the player's controls.
    if (name === 'watch') this.panel.open = false;
    fill(this.main, content);
  }

  dispose() {
    document.removeEventListener('pointerdown', this.#closeMenu);
    document.removeEventListener('keydown', this.#closeMenu);
    this.dropzone?.dispose();
    this.panel.dispose();
  }

  #accountMenu() {
    const { user, tenant } = session.me;
    const item = (name, label, act) => h('button.account-item', { type: 'button', onclick: act }, icon(name), label);
    const picture = h('span.avatar', initials(user.name));
    const name = h('strong', user.name);
    return h('details.account',
      h('summary', { 'aria-label': `Account of ${user.name}` }, picture),
      h('div.account-list',
        h('div.account-who', name, h('span', user.email), h('span.account-team', tenant.name)),
        item('user', 'Change name', () => this.#rename(name, picture)),
        item('logout', 'Log out', () => this.#logOut())));
  }

  #rename(shownName, picture) {
    this.account.open = false;
    const name = field({ label: 'Name', name: 'name', type: 'text', value: session.me.user.name, maxlength: 100, autocomplete: 'name' });
    const dialog = showDialog('Change name', form({
      fields: [name],
      action: 'Save',
      submit: async (values) => {
        session.me = await api.patch('/v1/me', { name: values.name.trim() });
        shownName.textContent = session.me.user.name;
        picture.textContent = initials(session.me.user.name);
        dialog.close();
      },
    }));
  }

  #logOut() {
    this.account.open = false;
    if (!uploads.busy) return leave();
    confirmAction({
      title: 'Log out while uploading?',
      text: 'Uploads stop. They can go on after the next log-in, when the same files are chosen again.',
      action: 'Log out',
      act: leave,
    });
  }
}

async function leave() {
  // Whatever the server says, this browser forgets the session; all other tabs follow.
  await Promise.race([api.delete('/v1/sessions/current').catch(() => {}), new Promise((done) => { setTimeout(done, 2000); })]);
  go('#/login');
  session.clear();
}

function link(href, iconName, label, names) {
  return { names, element: h('a.nav-link', { href }, icon(iconName), h('span', label)) };
}
