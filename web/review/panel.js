// The comments of a video: a list along its time, a place to write, and marks for the scrub bar.
import { sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { oneAtATime } from '../looks.js';
import { people } from '../people/people.js';
import { isTaken } from '../player/keys.js';
import { plain } from '../text.js';
import { confirmAction } from '../views/dialog.js';
import { filterBar } from '../views/filters.js';
import { CommentComposer } from './composer.js';
import { Drafts } from './drafts.js';
import { DrawingLayer } from './layer.js';
import { CommentThreads } from './threads.js';
import { ThreadRow } from './thread.js';

const FILTERS = [['all', 'All'], ['open', 'Open'], ['resolved', 'Resolved']];
/** How long a drawing of one moment stays while the video plays on. */
const DRAWING_STAYS = 1.5;

export class ReviewPanel {
  threads = new CommentThreads();
  #rows = new Map();
  #filter = 'all';
  #selected = null;
  #lifetime = new AbortController();

  /** Many comments take many requests. */
  reload = oneAtATime(() => this.#read(), () => this.#lifetime.signal.aborted);

  /** `changed(openCount, count)` hears of every change; `focusOn`: a comment to show first; `tools` stand beside the filter. */
  constructor({ source, changed, focusOn, tools }) {
    Object.assign(this, { source, changed, focusOn });
    this.drafts = new Drafts(source, this.threads, () => this.draw());
    this.filters = filterBar({ label: 'Show comments', options: FILTERS, kind: 'small', choose: (filter) => { this.#filter = filter; this.draw(); } });
    this.list = h('ol.threads', { 'aria-label': 'Comments' });
    this.empty = h('div.room-empty', { hidden: true }, icon('comment'), h('p'));
    this.trouble = h('p.room-trouble', { role: 'alert' });
    this.composer = source.canComment ? new CommentComposer({
      send: (comment) => this.#add(comment), mentions: source.mentions,
      moment: { time: () => this.player?.video.currentTime ?? 0, pause: () => this.player?.video.pause(), layer: () => this.layer },
    }) : null;
    this.element = h('section.review', { 'aria-label': 'Comments' },
      h('div.review-head', this.filters.element, tools), this.trouble,
      h('div.review-scroll', { tabindex: '0', role: 'group', 'aria-label': 'Comments' }, this.empty, this.list),
      this.composer?.element ?? h('p.composer-note', 'Comments can be read here.'));
    this.#end = people.on('change', () => this.draw());
    document.addEventListener('keydown', (event) => this.#key(event), { signal: this.#lifetime.signal });
    this.reload();
  }

  #end = null;

  dispose() {
    this.#lifetime.abort();
    this.#end();
    this.layer?.dispose();
  }

  /** The player the comments are about; it may come late, while the video is processed. */
  attach(player) {
    if (this.player === player) return;
    this.layer?.dispose();
    this.player = player;
    this.layer = player ? new DrawingLayer(player) : null;
    if (!player) return;
    const { signal } = this.#lifetime;
    for (const name of ['timeupdate', 'seeking', 'seeked', 'pause', 'play']) player.video.addEventListener(name, () => this.#tick(), { signal });
    player.controls.scrubber.onMark = (id) => this.show(id);
    this.draw();
  }

  async #read() {
    // A comment on its way may be in the list already, and would be seen twice.
    if (this.drafts.isBusy) return this.drafts.whenDone(() => this.reload());
    try {
      const comments = await this.source.list(this.#lifetime.signal);
      this.threads.replace(comments);
      this.drafts.keep();
      this.isLoaded = true;
      setText(this.trouble, '');
    } catch (error) {
      if (this.#lifetime.signal.aborted) return;
      if (!this.isLoaded) fill(this.trouble, icon('alert'), `The comments could not be loaded. ${sentence(error)} `, h('button.link-button', { type: 'button', onclick: () => this.reload() }, 'Try again'));
      return;
    }
    this.draw();
    if (this.focusOn) this.show(this.focusOn);
    this.focusOn = null;
  }

  /** Goes to the comment, in the video and in the list. */
  show(id) {
    const comment = this.threads.get(this.threads.get(id)?.parentId ?? id);
    if (!comment) return;
    if (this.#filter !== 'all' && !this.#rows.has(comment.id)) this.filters.choose('all');
    this.#select(comment);
    this.#rows.get(comment.id)?.element.scrollIntoView({ block: 'nearest' });
  }

  draw() {
    const list = this.threads.list(this.#filter);
    const nodes = list.map((thread) => {
      const key = thread.comment.id;
      if (!this.#rows.has(key)) this.#rows.set(key, new ThreadRow(this.#acts, this.source));
      const row = this.#rows.get(key);
      row.update(thread);
      row.isSelected = key === this.#selected;
      return row.element;
    });
    const kept = new Set(nodes);
    for (const child of [...this.list.children]) if (!kept.has(child)) child.remove();
    for (const [key, row] of this.#rows) if (!kept.has(row.element)) this.#rows.delete(key);
    nodes.forEach((node, index) => { if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null); });
    this.empty.hidden = !this.isLoaded || list.length > 0;
    setText(this.empty.lastChild, this.#filter === 'all' ? 'No comments yet. Pause where something matters and write what you see.' : `No ${this.#filter} comments.`);
    if (this.player) this.player.controls.scrubber.marks = this.threads.markers().map((mark) => ({ ...mark, label: `${this.source.nameOf(mark.author)}: ${plain(mark.body ?? '', (id) => people.name(id)).slice(0, 80)}` }));
    this.changed?.(this.threads.openCount, this.threads.list().length);
    this.#tick();
  }

  get #acts() {
    return {
      seek: (time) => this.player?.seek(time),
      select: (comment) => this.#select(comment),
      reply: (comment, body) => this.#add({ body, parentId: comment.id }),
      // Why not stands above the list.
      resolve: (comment, resolved) => this.#change(comment, { resolved }).catch(() => {}),
      edit: (comment, body) => this.#change(comment, { body }),
      remove: (comment) => this.#remove(comment),
      retry: (id) => this.drafts.send(id),
      discard: (id) => this.drafts.discard(id),
    };
  }

  #select(comment) {
    this.#selected = comment.id;
    for (const [id, row] of this.#rows) row.isSelected = id === comment.id;
    if (this.player && Number.isFinite(comment.atSeconds)) {
      this.player.video.pause();
      this.player.seek(comment.atSeconds);
    }
    this.#tick();
  }

  #add(content) {
    const id = this.drafts.add(content);
    this.#rows.get(id)?.element.scrollIntoView({ block: 'nearest' });
  }

  /** Shown at once, and taken back when the server refuses; then it throws. */
  async #change(comment, change) {
    const before = comment;
    const now = new Date().toISOString();
    this.threads.put({ ...comment, ...(change.body && { body: change.body }), ...('resolved' in change && { resolvedAt: change.resolved ? now : null }) });
    this.draw();
    try {
      this.threads.put(await this.source.change(comment.id, change));
    } catch (error) {
      this.threads.put(before);
      setText(this.trouble, sentence(error));
      throw error;
    } finally {
      this.draw();
    }
  }

  #remove(comment) {
    confirmAction({
      title: 'Delete this comment?', text: plain(comment.body, (id) => people.name(id)), action: 'Delete',
      act: async () => {
        await this.source.remove(comment.id);
        this.threads.remove(comment.id, new Date().toISOString());
        this.draw();
      },
    });
  }

  #tick() {
    if (!this.player) return;
    const { currentTime: time, paused } = this.player.video;
    this.composer?.tick(time);
    const end = ({ atSeconds, untilSeconds }) => untilSeconds ?? atSeconds + (paused ? 0.05 : DRAWING_STAYS);
    const shown = this.threads.list().map(({ comment }) => comment)
      .filter((comment) => comment.drawing && !comment.deletedAt && time >= comment.atSeconds - 0.05 && time <= end(comment));
    this.layer.show(shown.map(({ drawing }) => drawing));
  }

  #key(event) {
    if (isTaken(event) || event.ctrlKey || event.metaKey || event.altKey || !this.element.isConnected) return;
    const key = event.key.toLowerCase();
    if (key === 'c' && this.composer) {
      this.element.dispatchEvent(new Event('show-comments', { bubbles: true }));
      this.composer.focus();
    } else if ((key === 'n' || key === 'p') && this.player) {
      const next = this.threads.neighbour(this.player.video.currentTime, key === 'n' ? 1 : -1);
      if (next) this.show(next.id);
    } else {
      return;
    }
    event.preventDefault();
  }
}
