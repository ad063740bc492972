// The conversation about a video, beside it. Its room is made when somebody first looks into it.
import { sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { ChatPanel } from './panel.js';
import { rooms } from './rooms.js';

export class ChatTab {
  element = h('div.chat-holder');
  #isOpening = false;
  #isGone = false;

  constructor({ videoId, seek, focusOn }) { Object.assign(this, { videoId, seek, focusOn }); }

  /** The tab came into view. */
  async open() {
    if (this.panel) return this.panel.shown();
    if (this.#isOpening) return;
    this.#isOpening = true;
    fill(this.element, h('div.room-wait', h('div.spinner')));
    try {
      const room = await rooms.ofVideo(this.videoId);
      if (this.#isGone) return;
      this.panel = new ChatPanel(room, { seek: this.seek, focusOn: this.focusOn, emptyText: 'Talk about this video with whoever is watching.' });
      fill(this.element, this.panel.element);
    } catch (error) {
      fill(this.element, h('div.room-empty', icon('alert'), h('p', `The chat is not available. ${sentence(error)}`),
        h('button.button.small', { type: 'button', onclick: () => this.open() }, 'Try again')));
    }
    this.#isOpening = false;
  }

  dispose() {
    this.#isGone = true;
    this.panel?.dispose();
  }
}
