// What a role may do on the page. The server decides; this only spares people buttons that would be refused.

export const ROLES = [
  ['owner', 'Owner', 'Everything, including other owners'],
  ['admin', 'Admin', 'Manage people and all videos'],
  ['member', 'Member', 'Upload, comment and chat'],
  ['viewer', 'Viewer', 'Watch and read only'],
];

const rank = (role) => ROLES.length - ROLES.findIndex(([name]) => name === role);

export const mayUpload = (user) => user.role !== 'viewer';
export const mayEdit = (user, video) => rank(user.role) >= rank('admin') || (user.role === 'member' && video.createdBy === user.id);
/** Writing, commenting, approving and sharing. */
export const mayTakePart = (user) => user.role !== 'viewer';
export const mayModerate = (user) => rank(user.role) >= rank('admin');
export const mayManage = (user) => rank(user.role) >= rank('admin');
/** Nobody changes a role above the own one, nor the own one. */
export const mayChange = (user, other) => mayManage(user) && user.id !== other.id && rank(other.role) <= rank(user.role);
export const grantable = (user) => ROLES.filter(([name]) => rank(name) <= rank(user.role));
