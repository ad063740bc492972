// One poll: the question, what can be chosen, and how many chose it.
import { fill, h, setText } from '../dom.js';
import { ago, fullTime } from '../format.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { shareOf } from './log.js';

const counted = (votes) => `${votes} ${votes === 1 ? 'vote' : 'votes'}`;
let count = 0;

export class PollCard {
  #options = [];
  #isChoosable = null;

  /** acts: {vote(option), close(), mayVote, mayClose(poll)} */
  constructor(acts) {
    this.acts = acts;
    const id = `poll-${count += 1}`;
    this.who = h('strong');
    this.time = h('time');
    this.badge = h('span.badge', 'Closed');
    this.question = h('h3.poll-question', { id });
    this.options = h('div.poll-options', { role: 'group', 'aria-labelledby': id });
    this.total = h('span');
    this.state = h('span.poll-state', { role: 'status' });
    this.problem = h('p.room-trouble', { role: 'alert' });
    this.close = h('button.button.small', { type: 'button', hidden: true, 'aria-haspopup': 'dialog', onclick: () => this.acts.close() }, 'Close poll');
    // Takes the focus where what had it is gone.
    this.element = h('li.poll', { tabindex: '-1', 'aria-labelledby': id },
      h('p.poll-head', h('span', this.who, ' asks'), this.time, this.badge), this.question, this.options, this.problem,
      h('div.poll-foot', h('p', this.total, this.state), this.close));
  }

  update(poll) {
    const hadFocus = document.activeElement !== this.element && this.element.contains(document.activeElement);
    const mayClose = !poll.isClosed && this.acts.mayClose(poll);
    this.element.dataset.state = poll.isClosed ? 'closed' : 'open';
    setText(this.who, people.name(poll.createdBy));
    setText(this.time, ago(poll.createdAt));
    this.time.setAttribute('datetime', poll.createdAt);
    this.time.setAttribute('title', fullTime(poll.createdAt));
    this.badge.hidden = !poll.isClosed;
    setText(this.question, poll.question);
    this.#build(poll);
    poll.options.forEach((option, index) => this.#show(this.#options[index], option, { total: poll.total, isMine: poll.choice === index }));
    this.options.setAttribute('aria-busy', String(poll.isSaving));
    setText(this.total, poll.isClosed ? `Result of ${counted(poll.total)}` : poll.total ? counted(poll.total) : 'No votes yet');
    setText(this.state, poll.isSaving ? ' · Saving your vote…' : '');
    const isNews = poll.problem !== '' && poll.problem !== this.problem.textContent;
    setText(this.problem, poll.problem);
    if (isNews) this.problem.scrollIntoView({ block: 'nearest' });
    this.close.hidden = !mayClose;
    if (hadFocus && (!this.element.contains(document.activeElement) || document.activeElement.hidden)) this.element.focus();
  }

  /** Once, and anew when it is closed: what has the focus stays otherwise. */
  #build({ options, isClosed }) {
    const isChoosable = this.acts.mayVote && !isClosed;
    if (isChoosable === this.#isChoosable) return;
    this.#isChoosable = isChoosable;
    this.#options = options.map((each, index) => {
      const parts = { bar: h('span.poll-bar', { 'aria-hidden': true }), votes: h('span.poll-votes'), mine: h('span.visually-hidden') };
      const inside = [parts.bar, h('span.poll-mark', { 'aria-hidden': true }, icon('check')), h('span.poll-text', each.text), ' ', parts.votes, parts.mine];
      const node = isChoosable ? h('button.poll-option', { type: 'button', onclick: () => this.acts.vote(index) }, inside) : h('div.poll-option', inside);
      return { ...parts, node };
    });
    fill(this.options, this.#options.map(({ node }) => node));
  }

  #show({ node, bar, votes, mine }, option, { total, isMine }) {
    const share = shareOf(option.votes, total);
    const said = `${counted(option.votes)} · ${share} %`;
    bar.style.width = `${share}%`;
    node.classList.toggle('is-mine', isMine);
    setText(votes, said);
    if (!this.#isChoosable) return setText(mine, isMine ? ', your vote' : '');
    node.setAttribute('aria-pressed', String(isMine));
    node.setAttribute('aria-label', `${option.text}, ${counted(option.votes)}, ${share} %`);
  }
}
