// Modal dialogs on the native element: it keeps the focus inside and gives it back.
import { sentence } from '../api.js';
import { h, setText } from '../dom.js';

function open(dialog) {
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  // A press on the backdrop arrives at the dialog itself.
  dialog.addEventListener('pointerdown', (event) => { if (event.target === dialog) dialog.close(); });
  dialog.showModal();
}

/** `act` runs when confirmed; the dialog stays open with the reason when that fails. */
export function confirmAction({ title, text, action, act }) {
  const error = h('p.form-error', { role: 'alert' });
  const confirm = h('button.button.danger', { type: 'button', onclick: run }, action);
  const cancel = h('button.button', { type: 'button', autofocus: true, onclick: () => dialog.close() }, 'Cancel');
  const dialog = h('dialog.dialog', { 'aria-labelledby': 'dialog-title' },
    h('div.dialog-body', h('h2', { id: 'dialog-title' }, title), h('p', text), error, h('div.dialog-actions', cancel, confirm)));

  async function run() {
    confirm.disabled = true;
    try {
      await act();
      dialog.close();
    } catch (failure) {
      setText(error, sentence(failure));
      confirm.disabled = false;
    }
  }

  open(dialog);
}

export function showDialog(title, ...content) {
  const close = h('button.button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  const dialog = h('dialog.dialog', { 'aria-labelledby': 'dialog-title' },
    h('div.dialog-body', h('h2', { id: 'dialog-title' }, title), content, h('div.dialog-actions', close)));
  open(dialog);
  return dialog;
}
