// One video: the player, or how far it is, or why it failed; beside it what people say about it.
import { api } from '../api.js';
import { rooms } from '../chat/rooms.js';
import { ChatTab } from '../chat/tab.js';
import { fill, h } from '../dom.js';
import { badgeCount, bytes, clock, fullTime } from '../format.js';
import { icon } from '../icons.js';
import { watchVideo } from '../live.js';
import { HELP } from '../player/keys.js';
import { people } from '../people/people.js';
import { Approval } from '../review/approval.js';
import { exportMenu } from '../review/export.js';
import { ReviewPanel } from '../review/panel.js';
import { teamComments } from '../review/source.js';
import { Versions } from '../review/versions.js';
import { mayEdit, mayTakePart } from '../roles.js';
import { go } from '../routes.js';
import { session } from '../session.js';
import { showShares } from '../share/dialog.js';
import { pause } from '../timing.js';
import { toast } from '../toast.js';
import { confirmAction, showDialog } from './dialog.js';
import { drop, dropItem } from './drop.js';
import { Stage } from './stage.js';
import { Tabs } from './tabs.js';
import { TitleEditor } from './title.js';

/** Without a stream the video is looked at this often. */
const LOOK_AGAIN_MS = 10_000;
/** What others changed may reach the replica that is asked a little after the hint. */
const LOOKS_MS = [0, 2000, 6000];
const isGone = ({ status }) => status === 404 || status === 403;
const REVIEW_HELP = [['C', 'Write a comment'], ['N P', 'Next or previous open comment']];

export function watch({ id }, query) {
  const view = new Watch(id, query);
  return {
    element: view.element, title: 'Video', dispose: () => view.dispose(),
    onTitle: (listener) => { view.onTitle = listener; },
  };
}

class Watch {
  #lifetime = new AbortController();
  #ends = [];

  constructor(id, query) {
    Object.assign(this, { id, query });
    this.stage = new Stage({
      renew: async () => (await api.get(`/v1/videos/${id}`)).playback,
      help: () => showDialog('Keyboard shortcuts', h('dl.keys', [...HELP, ...REVIEW_HELP].map(([keys, what]) => [h('dt', keys), h('dd', what)]))),
      retry: () => this.#start(),
    });
    this.title = new TitleEditor({ save: (title) => this.#rename(title) });
    this.tools = h('div.watch-tools');
    this.state = h('div.watch-review');
    this.facts = h('dl.facts');
    this.side = h('aside.watch-side', { 'aria-label': 'Review' }, this.#panels());
    this.element = h('div.page.watch',
      h('a.back', { href: '#/library' }, icon('chevronLeft'), 'Library'),
      h('div.watch-columns',
        h('div.watch-main', this.stage.element, h('div.watch-head', this.title.element, this.tools), this.state, this.stage.state, this.facts),
        this.side));
    this.#start();
  }

  dispose() {
    this.#lifetime.abort();
    this.#ends.forEach((end) => end());
    this.review.dispose();
    this.chat.dispose();
    this.versions?.dispose();
    this.stage.dispose();
  }

  #panels() {
    this.review = new ReviewPanel({
      source: teamComments(this.id), focusOn: this.query.get('comment'),
      tools: exportMenu(this.id, () => this.video?.title ?? 'Video'),
      changed: (open, count) => this.tabs?.count('comments', badgeCount(count), `${count} comments, ${open} open`),
    });
    this.chat = new ChatTab({ videoId: this.id, seek: (time) => this.stage.player?.seek(time), focusOn: this.query.get('message') });
    const unread = () => this.tabs?.count('chat', this.tabs.current === 'chat' ? '' : badgeCount(rooms.get(this.id)?.unread ?? 0), 'unread');
    this.tabs = new Tabs({
      label: 'Review', chosen: (name) => { if (name === 'chat') this.chat.open(); unread(); },
      tabs: [{ name: 'comments', label: 'Comments', panel: this.review.element }, { name: 'chat', label: 'Chat', panel: this.chat.element }],
    });
    this.review.element.addEventListener('show-comments', () => this.tabs.choose('comments'));
    this.#ends.push(rooms.on('change', unread));
    rooms.load().then(unread, () => {});
    if (this.query.has('message') || this.query.get('tab') === 'chat') this.tabs.choose('chat');
    return this.tabs.element;
  }

  async #start() {
    const { signal } = this.#lifetime;
    people.load();
    try {
      this.#show(await api.get(`/v1/videos/${this.id}`, { signal }));
    } catch (error) {
      if (signal.aborted) return;
      return isGone(error) ? this.#showGone() : this.stage.showTrouble(error);
    }
    while (!signal.aborted) {
      await watchVideo(this.id, { onVideo: (next) => this.#show(next), onComments: () => this.#commented() }, signal).catch(() => {});
      // A stream that ended for good: the video may be gone, or streams are not offered now.
      await pause(LOOK_AGAIN_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        this.#show(await api.get(`/v1/videos/${this.id}`, { signal }));
        this.#commented();
      } catch (error) {
        if (!signal.aborted && isGone(error)) return this.#showGone();
      }
    }
  }

  async #commented() {
    this.hint = (this.hint ?? 0) + 1;
    const mine = this.hint;
    const { signal } = this.#lifetime;
    for (const wait of LOOKS_MS) {
      await pause(wait, signal).catch(() => {});
      if (signal.aborted || mine !== this.hint) return;
      this.review.reload();
      this.approval?.reload();
    }
  }

  #show(video) {
    const before = this.video;
    this.video = video;
    this.title.update(video.title, mayEdit(session.me.user, video));
    this.onTitle?.(video.title);
    this.stage.show(video);
    this.review.attach(this.stage.player);
    if (!before) this.#showTools(video);
    // The stream may have missed what its first word tells.
    else if (before.commentCount !== video.commentCount || before.openCommentCount !== video.openCommentCount || before.approval !== video.approval) this.#commented();
    this.#showFacts(video);
  }

  #showTools(video) {
    const { user } = session.me;
    this.versions = new Versions(video);
    this.approval = new Approval(this.id);
    this.#ends.push(people.on('change', () => this.#showFacts(this.video)));
    fill(this.state, this.versions.element, this.approval.element);
    fill(this.tools,
      mayTakePart(user) && h('button.button', { type: 'button', onclick: () => showShares(this.video) }, icon('share'), h('span', 'Share')),
      mayEdit(user, video) && drop(h('summary.icon-button', { 'aria-label': 'More', title: 'More' }, icon('more')),
        h('div.drop-list', dropItem(icon('trash'), 'Delete video', () => this.#confirmDelete()))));
  }

  #showFacts(video) {
    const best = Math.min(video.width ?? 0, video.height ?? 0);
    const facts = [
      ['Length', video.durationSeconds && clock(video.durationSeconds)],
      ['Picture', video.width && `${video.width} × ${video.height}`],
      ['Qualities', video.renditions?.length && best && video.renditions.map(({ name }) => name).join(', ')],
      ['Size', bytes(video.bytes)],
      ['File', video.filename],
      ['Uploaded', `${fullTime(video.createdAt)}${people.list.length ? ` by ${people.name(video.createdBy)}` : ''}`],
    ].filter(([, value]) => value);
    const drawn = JSON.stringify(facts);
    if (drawn === this.drawnFacts) return;
    this.drawnFacts = drawn;
    fill(this.facts, facts.map(([name, value]) => h('div', h('dt', name), h('dd', value))));
  }

  async #rename(title) {
    this.video = await api.patch(`/v1/videos/${this.id}`, { title });
    this.title.update(this.video.title, true);
    this.onTitle?.(this.video.title);
  }

  #confirmDelete() {
    confirmAction({
      title: 'Delete this video?',
      text: `“${this.video.title}” is removed for the whole team. This cannot be undone.`,
      action: 'Delete video',
      act: async () => {
        await api.delete(`/v1/videos/${this.id}`);
        toast('The video is deleted.');
        go('#/library');
      },
    });
  }

  #showGone() {
    this.dispose();
    fill(this.element, h('div.empty-page',
      h('h1', 'This video does not exist'),
      h('p', 'It may have been deleted, or it belongs to another team.'),
      h('a.button.primary', { href: '#/library' }, 'Go to the library')));
  }
}
