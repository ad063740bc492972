"""What people do beside the talk: versions, exports, who belongs to a room, choices, sign-in settings, a server that is too busy."""
import csv
import io
import os
import tempfile

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser import WIDE

# The page gets this answer for people until the real one is asked for again.
BUSY = """
const real = window.fetch;
window.fetch = (address, init) => (String(address).startsWith('/v1/users') ? Promise.resolve(new Response(
  JSON.stringify({ type: '/problems/overloaded', title: 'Service Unavailable', status: 503, code: 'overloaded', detail: 'Too much is being asked for right now.' }),
  { status: 503, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '30' } })) : real(address, init));
window.__calm = () => { window.fetch = real; };
"""
NEW_PASSWORD = 'battery staple wrong horse'
ROOM = 'Cutting room'


class Workshop:
    """Steps of the story; the one who tells it has `ada`, `ben`, `guest`, `video` and `both_see`."""

    def emoji_and_edits(self):
        ada, ben = self.ada, self.ben
        address = ada.js('return location.hash')
        for who in (ada, ben):
            who.open(address, '.room .message-input')
        ada.find('.room .emoji-button').click()
        ada.until('the emoji', 10, lambda: ada.js('return document.activeElement.title') == 'thumbs up')
        ada.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        chosen = ada.js('return document.activeElement.title')
        ada.driver.switch_to.active_element.send_keys(Keys.ENTER)
        self.check('emoji are chosen by keys', chosen == 'grin' and ada.js('return document.activeElement.className') == 'message-input', chosen)
        ada.find('.room .message-input').send_keys(' and cut', Keys.ENTER)
        ben.until('the emoji at the other', 20, lambda: '\U0001F604 and cut' in ben.texts('.message-body'))
        ada.js('[...document.querySelectorAll(".message")].at(-1).querySelector("[aria-label=Edit]").click()')
        field = ada.find('.room .message-input')
        field.send_keys(' it', Keys.ENTER)
        mark = ada.until('the mark of an edit', 20, lambda: ada.find('button.edited'))
        ben.until('the edit at the other', 20, lambda: any('and cut it' in text for text in ben.texts('.message-body')))
        mark.click()
        ada.until('the earlier texts', 20, lambda: len(ada.texts('.revision')) == 2)
        bodies = ada.texts('.revision .message-body')
        self.check('an edited message tells its author what it said before', bodies == ['\U0001F604 and cut it', '\U0001F604 and cut'], bodies)
        ada.click_text('dialog .dialog-actions button', 'Close')
        self.check('to others it only says that it was edited', ben.find('small.edited') is not None and ben.find('button.edited') is None)

    def members(self):
        ada, ben = self.ada, self.ben
        ben.open('#/rooms', '.rooms-side')
        ada.open('#/rooms', '.room-group[data-kind=team] button').click()
        ada.fill('title', ROOM)
        ada.find('#room-private').click()
        ada.find('dialog form button[type=submit]').click()
        ada.until('the room', 20, lambda: ada.find('.room .message-input'))

        def shown_to_ben():
            return ROOM in ben.texts('.room-title')
        self.check('a private room is not shown to others', not shown_to_ben())
        ada.until('the button', 10, lambda: ada.click_text('.room-head .button', 'People'))
        ada.until('whom to add', 20, lambda: ada.find('dialog[open] .chooser .choice')).click()
        ada.until('two members', 20, lambda: len(ada.texts('dialog > .dialog-body > .choices .choice')) == 2)
        # Much sooner than lists are read again by the clock.
        ben.until('the room', 15, shown_to_ben)
        self.check('who is added sees the room at once', True)
        ada.shot('members-1280')
        ada.click_text('dialog .choice button', 'Remove')
        ada.until('one member', 20, lambda: len(ada.texts('dialog > .dialog-body > .choices .choice')) == 1)
        ben.until('the room to go', 30, lambda: not shown_to_ben())
        self.check('who is removed sees it no longer', True)
        ada.click_text('dialog .dialog-actions button', 'Close')

    def version(self):
        ada = self.ada
        ada.open('#' + self.video, '.versions input[type=file]').send_keys(self.video_file)
        ada.until('two versions', self.playable_seconds, lambda: ada.find('.version-menu select'))
        labels = ada.texts('.version-menu option')
        self.check('a new version joins the first', len(labels) == 2 and any('(latest)' in text for text in labels), labels)
        newest = ada.js('return [...document.querySelectorAll(".version-menu option")].find((each) => each.textContent.includes("latest")).value')
        ada.go('#/videos/' + newest)
        ada.until('the new version to be playable', self.playable_seconds, lambda: ada.media('video.readyState >= 2'))
        self.check('comments stay on their version', ada.texts('.thread') == [])
        ada.until('the way to compare', 20, lambda: ada.click_text('.version-menu a', 'Compare'))

    def compare(self):
        ada = self.ada
        times = 'return [...document.querySelectorAll(".compare video")].map((video) => video.currentTime)'
        ada.until('both pictures', 60, lambda: ada.js('const all = [...document.querySelectorAll(".compare video")]; return all.length === 2 && all.every((video) => video.readyState >= 2 && video.duration > 4)'))
        ada.until('the comment', 20, lambda: ada.click_text('.compare-notes .timecode', '0:02'))
        ada.until('both at the comment', 20, lambda: all(abs(time - 2.4) < 0.06 for time in ada.js(times)))
        self.check('a comment leads both pictures to its frame', True)
        ada.find('.compare-controls button').click()
        ada.until('both to move', 20, lambda: min(ada.js(times)) > 3)
        ada.find('.compare-controls button').click()
        ada.until('both to stand', 10, lambda: ada.js('return [...document.querySelectorAll(".compare video")].every((video) => video.paused)'))

        def apart():
            one, other = ada.js(times)
            return abs(one - other)
        # They are brought together a few times a second, also where they stand.
        ada.until('both at one place', 10, lambda: apart() < 0.4)
        self.check('two versions move together', True, '%.3f s apart' % apart())
        ada.shot('compare-1280')

    def export(self):
        ada = self.ada
        # A new one: a file of an earlier run would be replaced, and look like no new file.
        folder = tempfile.mkdtemp(dir=os.path.abspath(self.out))
        ada.driver.execute_cdp_cmd('Browser.setDownloadBehavior', {'behavior': 'allow', 'downloadPath': folder})
        ada.open('#' + self.video, '.thread')

        def saved(label, ending):
            known = set(os.listdir(folder))
            ada.find('summary[aria-label="Export comments"]').click()
            ada.click_text('.drop-item', label)

            def new():
                return [name for name in os.listdir(folder) if name not in known and name.endswith(ending)]
            name = ada.until('the file ' + ending, 20, new)[0]
            with open(os.path.join(folder, name), encoding='utf-8', newline='') as file:
                return file.read()
        rows = list(csv.DictReader(io.StringIO(saved('Table', '.csv'))))
        told = {row['comment']: (row['author'], row['timecode'], bool(row['resolvedAt'])) for row in rows}
        self.check('the table has every comment with its author, frame and state',
                   len(rows) == 4 and told.get('The horizon is not level') == ('Ada Example', '00:00:02:10', True)
                   and told.get('From outside: lovely', ('',))[0] == 'Gina Guest (guest)', told)
        edl = saved('Markers', '.edl')
        self.check('the markers are an edit decision list', edl.startswith('TITLE: ') and '01:00:02:10' in edl
                   and '|M:The horizon is not level |D:1' in edl and 'Look here / Ben Example: I see it' in edl, edl[:80])

    def choices(self):
        ben = self.ben
        comment, mention = 'input[aria-label="Comments on your videos: in the app"]', 'select[aria-label="Somebody mentions you: by e-mail"]'
        ben.open('#/settings', '.choices-table')
        before = ben.find(comment).is_selected()
        ben.find(comment).click()
        Select(ben.find(mention)).select_by_value('digest')
        Select(ben.find('select[aria-label=Digest]')).select_by_value('weekly')
        ben.click_text('#notification-settings .button', 'Save choices')
        ben.until('the note', 20, lambda: any('choices are saved' in text for text in ben.texts('.toast')))
        ben.driver.refresh()
        ben.until('the choices again', 30, lambda: ben.find('.choices-table'))
        kept = [ben.find(comment).is_selected(), ben.find(mention).get_attribute('value'), ben.find('select[aria-label=Digest]').get_attribute('value')]
        self.check('choices of notifications are kept', kept == [not before, 'digest', 'weekly'], kept)

    def busy(self):
        ada = self.ada
        ada.js(BUSY)
        ada.open('#/team', '.library-status .icon')
        said = ada.texts('.library-status')
        self.check('a server that is too busy is told of in its own words', said == ['Too much is being asked for right now.'], said)
        ada.shot('busy-1280')
        ada.js('window.__calm()')
        ada.click_text('.more', 'Load more')
        ada.until('the people', 20, lambda: len(ada.texts('.person')) == 2)
        self.check('and asking again helps', ada.texts('.library-status') == [''])

    def sign_in_settings(self):
        ben, other = self.ben, self.guest
        other.resize(WIDE)
        other.log_in(self.emails[1])
        ben.open('#/nothing', '.empty-page')
        ben.open('#/settings', '.session')
        ben.until('both sessions', 20, lambda: len(ben.texts('.session')) == 2)
        ben.js('document.querySelector("#session-settings").scrollIntoView()')
        ben.shot('sessions-390')
        ben.js('document.querySelector(".session:not(:has(.you)) button").click()')
        ben.until('one session', 20, lambda: len(ben.texts('.session')) == 1)
        other.until('the log-in screen', 20, lambda: other.find('form input[name=password]') and other.js('return location.hash').startswith('#/login'))
        self.check('a session that is ended elsewhere ends at once', True)

        other.log_in(self.emails[1])
        ben.fill('currentPassword', 'not this one')
        ben.fill('newPassword', NEW_PASSWORD)
        submit = ben.find('#password-settings button[type=submit]')
        submit.click()
        ben.until('the refusal', 20, lambda: 'This is not your current password.' in ben.texts('#password-settings .field-note'))
        self.check('a password is not changed without the one there is', ben.find('#password-settings .has-error input[name=currentPassword]') is not None)
        ben.shot('password-390')
        ben.fill('currentPassword', self.password)
        submit.click()
        ben.until('the note', 20, lambda: any('password is changed' in text for text in ben.texts('.toast')))
        other.until('the log-in screen', 20, lambda: other.find('form input[name=password]') and other.js('return location.hash').startswith('#/login'))
        self.check('a new password ends all other sessions', len(ben.until('the list', 20, lambda: ben.texts('.session'))) == 1)
        other.fill('email', self.emails[1])
        other.fill('password', self.password)
        other.find('form button[type=submit]').click()
        other.until('the refusal', 20, lambda: other.texts('.form-error')[0])
        other.fill('password', NEW_PASSWORD)
        other.find('form button[type=submit]').click()
        other.until('being logged in', 30, lambda: other.find('.header .bell'))
        self.check('only the new password lets in', True)
        ben.open('#/feed', '.happening')
        ben.open('#/settings', '.session')
        ben.until('both sessions', 20, lambda: len(ben.texts('.session')) == 2)
        ben.click_text('#session-settings .button', 'Sign out everywhere else')
        ben.click_text('dialog .dialog-actions button', 'Sign out everywhere else')
        other.until('the log-in screen', 20, lambda: other.find('form input[name=password]') and other.js('return location.hash').startswith('#/login'))
        ben.until('one session', 20, lambda: len(ben.texts('.session')) == 1)
        self.check('everywhere else is signed out by one press', True)
