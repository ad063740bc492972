// Forms: labelled fields, errors at the field they belong to, and no second submit while one is under way.
import { sentence } from '../api.js';
import { h, setText } from '../dom.js';

let count = 0;

/** {element, input, fail(text)} */
export function field({ label, hint, ...properties }) {
  const id = `field-${count += 1}`;
  const input = h('input', { id, required: true, 'aria-describedby': `${id}-note`, ...properties });
  const note = h('p.field-note', { id: `${id}-note` }, hint);
  const element = h('div.field', h('label', { for: id }, label), input, note);
  const fail = (text) => {
    element.classList.toggle('has-error', Boolean(text));
    input.setAttribute('aria-invalid', String(Boolean(text)));
    setText(note, text || hint || '');
  };
  input.addEventListener('input', () => fail(''));
  return { element, input, fail, name: properties.name };
}

/** `submit(values)` may throw; `fieldOf` maps the server's field names to the form's. */
export function form({ fields, action, submit, fieldOf = (name) => name, extra }) {
  const error = h('p.form-error', { role: 'alert' });
  const button = h('button.button.primary.wide', { type: 'submit' }, h('span', action));
  const element = h('form', { novalidate: true, onsubmit: send }, error, fields.map((each) => each.element), extra, button);

  function firstInvalid() {
    for (const each of fields) each.fail(each.input.validity.valid ? '' : each.input.validationMessage);
    return fields.find((each) => !each.input.validity.valid);
  }

  async function send(event) {
    event.preventDefault();
    setText(error, '');
    const invalid = firstInvalid();
    if (invalid) return invalid.input.focus();
    button.disabled = true;
    button.classList.add('is-busy');
    try {
      await submit(Object.fromEntries(fields.map(({ name, input }) => [name, input.value])));
    } catch (failure) {
      show(failure);
    } finally {
      button.disabled = false;
      button.classList.remove('is-busy');
    }
  }

  function show(failure) {
    let first = null;
    for (const [name, detail] of Object.entries(failure.fields ?? {})) {
      const found = fields.find((each) => each.name === fieldOf(name));
      found?.fail(detail);
      first ??= found;
    }
    if (first) first.input.focus();
    else setText(error, sentence(failure));
  }

  return element;
}
