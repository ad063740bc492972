// Comments of a video as threads along its time. Pure.

export class CommentThreads {
  #byId = new Map();

  replace(comments) {
    this.#byId = new Map(comments.map((comment) => [comment.id, comment]));
  }

  put(comment) { this.#byId.set(comment.id, comment); }

  get(id) { return this.#byId.get(id); }

  /** Gone, unless replies hang on it: then its place stays. */
  remove(id, at) {
    const comment = this.#byId.get(id);
    if (!comment) return;
    const hasReplies = [...this.#byId.values()].some(({ parentId }) => parentId === id);
    if (hasReplies) this.#byId.set(id, { ...comment, body: null, drawing: null, deletedAt: at });
    else this.#byId.delete(id);
  }

  /** [{comment, replies}] by time in the video; filter: 'open' | 'resolved' | 'all' */
  list(filter = 'all') {
    const replies = new Map();
    const tops = [];
    for (const comment of this.#byId.values()) {
      if (comment.parentId && this.#byId.has(comment.parentId)) {
        if (!replies.has(comment.parentId)) replies.set(comment.parentId, []);
        replies.get(comment.parentId).push(comment);
      } else {
        tops.push(comment);
      }
    }
    const oldest = (a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1);
    return tops
      .map((comment) => ({ comment, replies: (replies.get(comment.id) ?? []).filter((each) => !each.deletedAt).sort(oldest) }))
      .filter(({ comment, replies: below }) => !comment.deletedAt || below.length > 0)
      .filter(({ comment }) => filter === 'all' || (filter === 'resolved') === Boolean(comment.resolvedAt))
      .sort((a, b) => (a.comment.atSeconds ?? 0) - (b.comment.atSeconds ?? 0) || oldest(a.comment, b.comment));
  }

  get openCount() { return this.list('open').length; }

  /** What stands on the scrub bar: [{id, at, until, isResolved}] */
  markers() {
    return this.list().filter(({ comment }) => Number.isFinite(comment.atSeconds))
      .map(({ comment }) => ({ id: comment.id, at: comment.atSeconds, until: comment.untilSeconds ?? null, isResolved: Boolean(comment.resolvedAt), author: comment.author, body: comment.body }));
  }

  /** The open thread next to `time` in a direction, for the keyboard. */
  neighbour(time, step) {
    const at = ({ comment }) => comment.atSeconds ?? 0;
    const threads = this.list('open');
    return step > 0 ? threads.find((each) => at(each) > time + 0.05)?.comment
      : threads.findLast((each) => at(each) < time - 0.05)?.comment;
  }
}
