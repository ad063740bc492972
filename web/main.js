// Starts the page and shows the screen that the address names.
import { api, sentence } from './api.js';
import { chat } from './chat/live.js';
import { rooms as roomStore } from './chat/rooms.js';
import { fill, h } from './dom.js';
import { inbox } from './notifications/inbox.js';
import { people } from './people/people.js';
import { go, matchRoute, sharedToken } from './routes.js';
import { session, SignedOut } from './session.js';
import { guestPage } from './share/guest.js';
import { uploads } from './upload/manager.js';
import { accept } from './views/accept.js';
import { compare } from './views/compare.js';
import { feed } from './views/feed.js';
import { home } from './views/home.js';
import { login } from './views/login.js';
import { library } from './views/library.js';
import { notFound } from './views/notfound.js';
import { notifications } from './views/notifications.js';
import { rooms } from './views/rooms.js';
import { search } from './views/search.js';
import { settings } from './views/settings.js';
import { signup } from './views/signup.js';
import { Shell } from './views/shell.js';
import { team } from './views/team.js';
import { watch } from './views/watch.js';

const VIEWS = { accept, compare, feed, home, library, login, notFound, notifications, rooms, search, settings, signup, team, watch };
const OPEN_TO_ALL = new Set(['accept', 'login', 'signup']);

const app = document.getElementById('app');
let shell = null;
let shown = null;
/** Where somebody who was not signed in wanted to go. */
let wanted = null;

function show() {
  const route = matchRoute(location.hash);
  if (!session.me && !OPEN_TO_ALL.has(route.name)) {
    wanted = location.hash;
    return go('#/login', true);
  }
  if (session.me && (route.name === 'login' || route.name === 'signup')) {
    const next = wanted ?? '#/';
    wanted = null;
    return go(next, true);
  }
  // What a dialog asks is about the screen, and the person, that it was opened on.
  for (const each of document.querySelectorAll('dialog[open]')) each.close();
  shown?.dispose?.();
  shown = VIEWS[route.name](route.parameters, route.query);
  document.title = `${shown.title} · CloudStream`;
  if (shown.onTitle) shown.onTitle((title) => { document.title = `${title} · CloudStream`; });
  place(route);
  // A new screen is read from its heading; without this the focus stays on a link that is gone.
  const heading = shown.element.querySelector('h1');
  heading?.setAttribute('tabindex', '-1');
  (shown.element.querySelector('[autofocus]') ?? heading)?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function place(route) {
  if (OPEN_TO_ALL.has(route.name)) {
    shell?.dispose();
    shell = null;
    fill(app, shown.element);
    return;
  }
  if (!shell) {
    shell = new Shell();
    fill(app, shell.element);
  }
  shell.show(route.name, shown);
}

/** What hears from the server all the time runs as long as somebody is signed in. */
function listen() {
  const userId = session.me?.user.id ?? null;
  if (listen.userId === userId) return;
  listen.userId = userId;
  for (const each of [chat, inbox]) each.stop();
  for (const each of [people, roomStore]) each.clear();
  if (!userId) return;
  chat.start(userId);
  inbox.start();
  roomStore.load().catch(() => {});
}

async function start() {
  const token = sharedToken(location.pathname);
  if (token) return fill(app, guestPage(token));
  addEventListener('hashchange', show);
  session.onChange(() => {
    listen();
    const { name } = matchRoute(location.hash);
    if (!session.exists ? shell : session.me && (name === 'login' || name === 'signup')) show();
  });
  if (session.exists) {
    try {
      session.me = await api.get('/v1/me');
      uploads.restore();
    } catch (error) {
      if (!(error instanceof SignedOut)) return showOutage(error);
    }
  }
  show();
}

function showOutage(error) {
  fill(app, h('main.outage',
    h('h1', 'CloudStream is not reachable'),
    h('p', sentence(error)),
    h('button.button.primary', { type: 'button', onclick: () => location.reload() }, 'Try again')));
}

start();
