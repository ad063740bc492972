// The page of a shared link: for people without an account.
import { ApiError, sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { fullTime } from '../format.js';
import { icon, logo } from '../icons.js';
import { isSettled } from '../live.js';
import { people } from '../people/people.js';
import { HELP } from '../player/keys.js';
import { ReviewPanel } from '../review/panel.js';
import { randomKey } from '../session.js';
import { pageClock } from '../timers.js';
import { showDialog } from '../views/dialog.js';
import { themeButton } from '../views/entry.js';
import { field, form } from '../views/form.js';
import { Stage } from '../views/stage.js';
import { Visit } from './visit.js';
import { untilReady } from './waiting.js';

const NAME_KEY = 'cloudstream.guest';
const LONGEST_NAME = 80;
const REFRESH_MS = 10_000;

export function guestPage(token) {
  const visit = new Visit(token);
  const main = h('main.guest-main', { id: 'main' });
  const element = h('div.guest', h('header.header', h('span.brand', logo(), h('span', 'CloudStream')), h('div.header-end', themeButton())), main);
  open();
  return element;

  async function open() {
    fill(main, h('div.guest-wait', h('div.spinner')));
    try {
      const link = await visit.link();
      document.title = `${link.title} · CloudStream`;
      if (!link.hasPassword && !link.allowComments) return watch(link, await visit.enter({}));
      ask(link);
    } catch (error) {
      fail(error);
    }
  }

  function ask(link) {
    const fields = [
      link.allowComments && field({ label: 'Your name', name: 'name', type: 'text', maxlength: LONGEST_NAME, autocomplete: 'name', value: recall(), hint: 'Shown beside your comments.', autofocus: true }),
      link.hasPassword && field({ label: 'Password', name: 'password', type: 'password', autocomplete: 'off' }),
    ].filter(Boolean);
    fill(main, h('div.guest-entry', icon(link.hasPassword ? 'lock' : 'film'), h('h1', link.title), h('p.lead', 'This video was shared with you.'),
      form({
        fields, action: 'Watch the video',
        submit: async ({ name = '', password }) => {
          if (name) remember(name.trim());
          watch(link, await visit.enter({ ...(password && { password }), ...(name && { name: name.trim() }) }), name.trim());
        },
      }),
      h('p.muted', [link.expiresAt && `The link ends ${fullTime(link.expiresAt)}.`, Number.isInteger(link.viewsLeft) && `${link.viewsLeft} ${link.viewsLeft === 1 ? 'view' : 'views'} left.`].filter(Boolean).join(' '))));
    main.querySelector('[autofocus], input')?.focus();
  }

  function watch(link, { video, expiresAt }, name) {
    let stage = null;
    const show = (now) => {
      if (stage) stage.show(now);
      else if (now.playback || now.state === 'failed') stage = showStage(link, now, name);
      else tellToWait(now.title ?? link.title);
    };
    show(video);
    if (isSettled(video)) return;
    untilReady({
      clock: pageClock, endsAt: Date.parse(expiresAt), isHidden: () => document.hidden, show,
      look: () => visit.video(),
      // What is there to be watched already stays.
      over: (error) => { if (!stage) error ? fail(error) : tellToComeBack(video.title ?? link.title); },
    });
  }

  function showStage(link, video, name) {
    const stage = new Stage({
      renew: async () => (await visit.video()).playback,
      help: () => showDialog('Keyboard shortcuts', h('dl.keys', HELP.map(([keys, what]) => [h('dt', keys), h('dd', what)]))),
    });
    const review = link.allowComments ? new ReviewPanel({ source: guestComments(name) }) : null;
    fill(main, h('div.page.watch', { class: review ? '' : 'is-alone' }, h('div.watch-columns',
      h('div.watch-main', stage.element, h('div.watch-head', h('div.title', h('h1', video.title ?? link.title), h('p.lead', 'Shared with you'))), stage.state),
      review && h('aside.watch-side', { 'aria-label': 'Comments' }, h('h2.side-title', 'Comments'), review.element))));
    stage.show(video);
    review?.attach(stage.player);
    if (review) setInterval(() => { if (!document.hidden) review.reload(); }, REFRESH_MS);
    return stage;
  }

  function tellToWait(title) {
    if (main.querySelector('.guest-later')) return;
    fill(main, h('div.guest-entry.guest-later', { role: 'status' }, icon('clock'), h('h1', title),
      h('p.lead', 'This video is not ready to be watched yet. It begins here as soon as it is.')));
  }

  function tellToComeBack(title) {
    fill(main, h('div.guest-entry', { role: 'status' }, icon('clock'), h('h1', title),
      h('p.lead', 'This video is not ready yet. Please open the link again a little later.')));
  }

  function guestComments(name) {
    return {
      canComment: true, canResolve: false, mentions: false, me: { userId: null, name: name || 'Guest' }, newKey: randomKey,
      list: async (signal) => {
        const items = await visit.comments(signal);
        for (const { author } of items) if (author?.userId && author.name) people.meet(author.userId, author.name);
        return items;
      },
      add: (comment, key) => visit.comment(comment, key),
      mayEdit: () => false, mayRemove: () => false,
      nameOf: (author) => author?.name || (author?.userId ? 'Team member' : 'Guest'),
      isGuest: (author) => !author?.userId,
    };
  }

  function fail(error) {
    const isOver = error instanceof ApiError && (error.status === 404 || error.status === 410);
    const text = error.status === 410 ? 'This link has ended.' : error.status === 404 ? 'This link does not exist.' : 'The video cannot be shown.';
    fill(main, h('div.guest-entry', icon('alert'), h('h1', text), h('p.lead', isOver ? 'Ask the person who sent it for a new one.' : sentence(error)),
      !isOver && h('button.button', { type: 'button', onclick: open }, 'Try again')));
    document.title = `${text} · CloudStream`;
  }
}

function recall() {
  try { return localStorage.getItem(NAME_KEY)?.slice(0, LONGEST_NAME) ?? ''; } catch { return ''; }
}

function remember(name) {
  try { localStorage.setItem(NAME_KEY, name); } catch { /* storage may be switched off: the name is asked for again */ }
}
