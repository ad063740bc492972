// Where comments come from and what may be done with them: for the team here, for guests in the page of a shared link.
import { api } from '../api.js';
import { allPages } from '../pages.js';
import { people } from '../people/people.js';
import { mayModerate, mayTakePart } from '../roles.js';
import { randomKey, session } from '../session.js';

export function teamComments(videoId) {
  const { user } = session.me;
  const isMine = (comment) => comment.author?.userId === user.id;
  return {
    canComment: mayTakePart(user),
    canResolve: mayTakePart(user),
    mentions: true,
    me: { userId: user.id, name: null },
    newKey: randomKey,
    list: (signal) => allPages(`/v1/videos/${videoId}/comments`, (path) => api.get(path, { signal })),
    add: (comment, key) => api.post(`/v1/videos/${videoId}/comments`, comment, { key }),
    change: (id, change) => api.patch(`/v1/comments/${id}`, change),
    remove: (id) => api.delete(`/v1/comments/${id}`),
    mayEdit: isMine,
    mayRemove: (comment) => isMine(comment) || mayModerate(user),
    nameOf: (author) => (author?.userId ? people.name(author.userId) : author?.name || 'Guest'),
    isGuest: (author) => !author?.userId,
  };
}
