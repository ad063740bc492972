// What surrounds every screen of a signed-in person: navigation, account menu, uploads.
import { api } from '../api.js';
import { rooms } from '../chat/rooms.js';
import { fill, h, setText } from '../dom.js';
import { badgeCount } from '../format.js';
import { icon, logo } from '../icons.js';
import { Bell } from '../notifications/bell.js';
import { avatar } from '../people/avatar.js';
import { mayUpload } from '../roles.js';
import { go } from '../routes.js';
import { SearchField } from '../search/field.js';
import { session } from '../session.js';
import { uploads } from '../upload/manager.js';
import { Dropzone } from '../upload/dropzone.js';
import { UploadPanel } from '../upload/panel.js';
import { confirmAction } from './dialog.js';
import { drop, dropItem } from './drop.js';

export class Shell {
  #ends = [];

  constructor() {
    const canUpload = mayUpload(session.me.user);
    this.picker = h('input.visually-hidden', {
      type: 'file', multiple: true, accept: 'video/*,.mkv,.mov,.ts', tabindex: '-1', 'aria-hidden': true, id: 'file-input',
      onchange: () => { uploads.add(this.picker.files); this.picker.value = ''; },
    });
    this.main = h('main.main', { id: 'main' });
    this.links = [link('#/', 'home', 'Home', ['home', 'feed']), link('#/library', 'library', 'Library', ['library', 'watch', 'compare']),
      link('#/rooms', 'chat', 'Rooms', ['rooms']), link('#/team', 'team', 'Team', ['team'])];
    this.search = new SearchField();
    this.bell = new Bell();
    this.account = this.#accountMenu();
    this.panel = new UploadPanel();
    this.dropzone = canUpload ? new Dropzone((files, handles) => uploads.add(files, { handles })) : null;
    this.element = h('div.shell',
      h('a.skip-link', { href: '#main', onclick: (event) => { event.preventDefault(); this.#skip(); } }, 'Skip to content'),
      h('header.header',
        h('a.brand', { href: '#/', 'aria-label': 'CloudStream, home' }, logo(), h('span', 'CloudStream')),
        h('nav.nav', { 'aria-label': 'Main' }, this.links.map((each) => each.element)),
        this.search.element,
        h('div.header-end',
          h('a.icon-button.search-button', { href: '#/search', 'aria-label': 'Search' }, icon('search')), this.bell.element,
          canUpload && h('button.button.primary.upload-button', { type: 'button', onclick: () => this.picker.click() }, icon('upload'), h('span', 'Upload')),
          this.account)),
      this.main, this.picker, this.panel.element, this.dropzone?.element);
    // Screens without a file input of their own ask for this one.
    this.element.addEventListener('pick-files', () => this.picker.click());
    this.element.addEventListener('log-out', () => this.#logOut());
    this.#ends = [rooms.on('change', () => this.#showUnread()), () => this.search.dispose(), () => this.bell.dispose(),
      session.onChange(() => { if (session.me) this.#showName(); })];
    this.#showUnread();
  }

  /** `view` may say that it fills the window by itself. */
  show(name, { element, isApplication = false }) {
    for (const each of this.links) {
      if (each.names.includes(name)) each.element.setAttribute('aria-current', 'page');
      else each.element.removeAttribute('aria-current');
    }
    this.account.open = false;
    // The list would lie over the player's controls, or over the field where one writes.
    const isFull = name === 'watch' || isApplication;
    if (isFull) this.panel.open = false;
    this.panel.element.classList.toggle('is-aside', isFull);
    this.element.classList.toggle('is-application', isApplication);
    fill(this.main, element);
  }

  dispose() {
    this.#ends.forEach((end) => end());
    this.dropzone?.dispose();
    this.panel.dispose();
  }

  /** Headings take the focus only by their tabindex, and a screen may have made its own since it was shown. */
  #skip() {
    const target = this.main.querySelector('h1') ?? this.main;
    target.setAttribute('tabindex', '-1');
    target.focus();
  }

  #accountMenu() {
    const { user, tenant } = session.me;
    this.face = h('span', avatar(user.name, user.id));
    this.name = h('strong', user.name);
    const theme = () => window.cloudstreamTheme.toggle();
    return drop(h('summary', { 'aria-label': `Account of ${user.name}` }, this.face),
      h('div.drop-list.account-list',
        h('div.account-who', this.name, h('span', user.email), h('span.account-team', tenant.name)),
        dropItem(icon('settings'), 'Settings', () => go('#/settings')),
        dropItem(icon('activity'), 'Activity', () => go('#/feed')),
        dropItem(icon('moon'), 'Dark or light', theme),
        dropItem(icon('logout'), 'Log out', () => this.#logOut())));
  }

  #showName() {
    const { user } = session.me;
    setText(this.name, user.name);
    fill(this.face, avatar(user.name, user.id));
  }

  #showUnread() {
    const { unread } = rooms;
    const link = this.links.find(({ names }) => names.includes('rooms'));
    link.badge.hidden = unread === 0;
    setText(link.badge, badgeCount(unread));
    link.badge.setAttribute('aria-label', `${unread} unread`);
  }

  #logOut() {
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
  const badge = h('span.count', { hidden: true });
  return { names, badge, element: h('a.nav-link', { href }, icon(iconName), h('span', label), badge) };
}
