// A new poll: a question, and answers to choose from.
import { h } from '../dom.js';
import { randomKey } from '../session.js';
import { showDialog } from '../views/dialog.js';
import { field, form } from '../views/form.js';

const [LEAST, MOST] = [2, 10];
/** Characters of a question or an answer. */
const LONGEST = 200;

/** {draft, wrong}: what is asked, and a sentence for each field that is wrong. Answers that are empty are left out. Pure. */
export function draftOf(question, answers) {
  const texts = answers.map((text) => text.trim());
  const options = texts.filter(Boolean);
  const wrong = {};
  if (!question.trim()) wrong.question = 'What do you want to know?';
  const folded = texts.map((text) => text.normalize());
  folded.forEach((text, index) => { if (text && folded.indexOf(text) < index) wrong[`answer-${index}`] = 'This answer is there already.'; });
  const empty = texts.flatMap((text, index) => (text ? [] : [index]));
  for (const index of empty.slice(0, Math.max(0, LEAST - options.length))) wrong[`answer-${index}`] = 'A poll has at least two answers.';
  return { draft: { question: question.trim(), options }, wrong };
}

/** `create(draft, key)` may throw. */
export function newPoll(create) {
  const question = field({ label: 'Question', name: 'question', type: 'text', maxlength: LONGEST, autocomplete: 'off', autofocus: true });
  const answers = [];
  const holder = h('div.poll-answers', { role: 'group', 'aria-label': 'Answers' });
  // The form goes through them whenever it is sent: answers join it here.
  const fields = [question];
  let attempt = {};

  /** There is one more than is filled. */
  function grow() {
    while (answers.length < LEAST + 1 || answers.length < MOST && answers.at(-1).input.value.trim()) {
      const index = answers.length;
      const answer = field({
        label: `Answer ${index + 1}`, name: `answer-${index}`, type: 'text', maxlength: LONGEST, autocomplete: 'off', 'aria-required': index < LEAST,
        hint: index === LEAST ? `Up to ${MOST}; those that are empty are left out.` : undefined,
      });
      answer.input.required = false;
      answer.input.addEventListener('input', grow);
      answers.push(answer);
      fields.push(answer);
      holder.append(answer.element);
    }
  }

  /** The same words again are the same attempt: if the first answer was lost, there is still one poll. */
  function keyOf(draft) {
    const words = JSON.stringify(draft);
    if (attempt.words !== words) attempt = { words, key: randomKey() };
    return attempt.key;
  }

  const dialog = showDialog('New poll', form({
    fields, action: 'Start poll', extra: holder, fieldOf: (name) => (name === 'options' ? 'answer-0' : name),
    submit: async () => {
      const { draft, wrong } = draftOf(question.input.value, answers.map(({ input }) => input.value));
      if (Object.keys(wrong).length > 0) throw Object.assign(new Error('Something is missing.'), { fields: wrong });
      await create(draft, keyOf(draft));
      dialog.close();
    },
  }));
  // Behind the question, which the form has placed by now.
  grow();
}
