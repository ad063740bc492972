// The chat of this page: one line for all rooms, as long as somebody is signed in.
import { api } from '../api.js';
import { randomKey, session, SignedOut } from '../session.js';
import { pageClock } from '../timers.js';
import { ChatClient } from './client.js';
import { ChatConnection } from './connection.js';

const address = () => `${location.origin.replace(/^http/, 'ws')}/v1/chat`;

export const chat = new ChatClient({
  clock: pageClock,
  key: randomKey,
  history: (roomId, query) => api.get(`/v1/rooms/${roomId}/messages?${new URLSearchParams(query)}`),
  post: (roomId, message) => api.post(`/v1/rooms/${roomId}/messages`, message),
  markRead: (roomId, seq) => api.post(`/v1/rooms/${roomId}/read`, { seq }),
  connect: (handlers) => new ChatConnection({
    ...handlers,
    clock: pageClock,
    random: Math.random,
    open: () => new WebSocket(address()),
    isFinal: (error) => error instanceof SignedOut,
    token: async (rejected) => ({ token: await session.accessToken(rejected), expiresAt: session.accessEndsAt }),
  }),
});

addEventListener('online', () => chat.connection.hurry());
document.addEventListener('visibilitychange', () => { if (!document.hidden) chat.connection.hurry(); });
