#!/usr/bin/python3
"""Two people and a guest in real browsers: they watch one video, chat, comment on frames, decide, search, and are told.

usage: collaboration.py BASE_URL VIDEO_FILE OUT_DIR [RESTART_COMMAND]

RESTART_COMMAND ends the server that holds the chat and starts it again: what was said around it must be there once.
Needs the Debian packages chromium, chromium-driver and python3-selenium.
Prints one line per check, then `N passed, M failed`; exit code 0 when nothing failed.
"""
import json
import os
import secrets
import shlex
import subprocess
import sys
import time
import traceback
import urllib.request

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser import Browser, Checks, NARROW, OVERFLOW, WIDE
from workshop import Workshop

PASSWORD = 'correct horse battery'
PLAYABLE_SECONDS = 300
ADA, BEN = 'Ada Example', 'Ben Example'
BODIES = '.tab-panel:not([hidden]) .message:not([data-state=failed]) .message-body'
MARK = '.scrub-mark'
QUESTION, ANSWERS = 'Which cut goes out?', ['The long one', 'The short one', 'Neither']


class Person(Browser):
    def log_in(self, email):
        self.driver.get(self.base + '/#/login')
        self.fill('email', email)
        self.fill('password', PASSWORD)
        self.find('form button[type=submit]').click()
        self.until('being logged in', 30, lambda: self.find('.header .bell'))

    def go(self, address):
        self.js('location.hash = arguments[0]', address)

    def open(self, address, ready):
        self.go(address)
        return self.until(address, 30, lambda: self.find(ready))

    def say(self, text):
        field = self.find('.room .message-input')
        field.send_keys(text)
        field.send_keys(Keys.ENTER)

    def click_text(self, selector, text):
        return self.js('const found = [...document.querySelectorAll(arguments[0])].find((node) => node.textContent.trim().startsWith(arguments[1]));'
                       'found?.click(); return Boolean(found)', selector, text)

    def unread(self):
        return int((self.texts('.bell-count') or ['0'])[0] or 0)


class Story(Checks, Workshop):
    password = PASSWORD
    playable_seconds = PLAYABLE_SECONDS

    def __init__(self, base, video, out, restart=None):
        super().__init__()
        self.base, self.video_file, self.out, self.restart = base.rstrip('/'), os.path.abspath(video), out, restart
        self.ada, self.ben, self.guest = (Person(base, out) for _ in range(3))

    def call(self, path, body, token=None):
        headers = {'Content-Type': 'application/json', 'Idempotency-Key': secrets.token_hex(16)}
        if token:
            headers['Authorization'] = 'Bearer ' + token
        request = urllib.request.Request(self.base + path, None if body is None else json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def answers(self):
        try:
            with urllib.request.urlopen(self.base + '/livez', timeout=2):
                return True
        except OSError as error:
            # Slow is not away.
            return isinstance(getattr(error, 'reason', error), TimeoutError)

    def both_see(self, what, selector, expected, seconds=20):
        for who in (self.ada, self.ben):
            try:
                who.until(what, seconds, lambda: who.texts(selector) == expected)
            except TimeoutError:
                pass
        seen = [who.texts(selector) for who in (self.ada, self.ben)]
        return self.check(what, seen == [expected, expected], '' if seen == [expected, expected] else seen)

    # Steps

    def team(self):
        stamp = secrets.token_hex(4)
        self.emails = emails = ['ada-%s@example.com' % stamp, 'ben-%s@example.com' % stamp]
        owner = {'name': ADA, 'email': emails[0], 'password': PASSWORD}
        token = self.call('/v1/tenants', {'name': 'Review ' + stamp, 'owner': owner})['session']['accessToken']
        invited = self.call('/v1/invitations', {'email': emails[1], 'role': 'member'}, token)
        self.ben.driver.get(self.base + '/#/invite/' + invited['token'])
        self.ben.fill('name', BEN)
        self.ben.fill('password', PASSWORD)
        self.ben.find('form button[type=submit]').click()
        self.ben.until('Ben to be in', 30, lambda: self.ben.find('.header .bell'))
        self.ada.log_in(emails[0])
        self.check('an invited person joins', True)

    def upload(self):
        ada = self.ada
        ada.open('#/library', '.empty .button')
        ada.find('#file-input').send_keys(self.video_file)
        ada.until('the upload', PLAYABLE_SECONDS, lambda: ada.find('.upload[data-phase=done]'))
        href = ada.until('the video', 30, lambda: ada.find('.card:not(.skeleton) a')).get_attribute('href')
        self.video = href.split('#')[1]
        token = self.call('/v1/sessions', {'email': self.emails[0], 'password': PASSWORD})['accessToken']
        share = self.call('/v1%s/shares' % self.video, {}, token)
        self.guest.driver.get('%s/shared/%s' % (self.base, share['token']))
        early = self.guest.until('an answer', 30, lambda: self.guest.find('.guest-later, .stage'))
        early = early.get_attribute('class')
        for who in (self.ada, self.ben):
            who.go('#' + self.video)
            who.until('the video to be playable', PLAYABLE_SECONDS, lambda: who.media('video.readyState >= 2'))
        self.check('both watch the same video', True)
        self.guest.until('the video to begin by itself', 60, lambda: self.guest.media('video.readyState >= 2'))
        views = self.call('/v1%s/shares' % self.video, None, token)['items'][0]['views']
        self.check('a guest who came early sees the video begin by itself', views == 1, early)
        # It goes on asking until all is processed, also while the server is away.
        self.guest.driver.get('about:blank')

    def chat(self):
        ada, ben = self.ada, self.ben
        for who in (ada, ben):
            who.click_text('.tab', 'Chat')
            who.until('the chat', 20, lambda: who.find('.room .message-input'))
        ada.until('both to be seen', 20, lambda: '2 watching now' in ada.texts('.present')[0])
        self.check('who is watching is shown', True)
        ada.say('hello from Ada')
        self.both_see('a message arrives', BODIES, ['hello from Ada'])
        field = ben.find('.room .message-input')
        field.send_keys('hello')

        def is_typing_shown():
            # It is told once in a while, and shown for a few seconds only.
            field.send_keys('x', Keys.BACKSPACE)
            return 'Ben is typing' in ada.texts('.typing')[0]
        ada.until('typing to be shown', 30, is_typing_shown)
        self.check('typing is shown', True)
        ben.find('.room .message-input').send_keys(' back')
        ben.find('.room .message-input').send_keys(Keys.ENTER)
        self.both_see('the answer arrives', BODIES, ['hello from Ada', 'hello back'])
        ada.say('<img src=x onerror=alert(1)> & "quotes"')
        self.both_see('markup stays text', BODIES, ['hello from Ada', 'hello back', '<img src=x onerror=alert(1)> & "quotes"'])
        self.said = ['hello from Ada', 'hello back', '<img src=x onerror=alert(1)> & "quotes"']
        ada.shot('watch-chat-1280')

    def reconnect(self):
        if not self.restart:
            return
        for who in (self.ada, self.ben):
            who.collect()
        restarting = subprocess.Popen(shlex.split(self.restart))
        # Some before, some while nobody answers, some when it is back.
        away = shown = 0
        number = 0
        while number < 12 or (restarting.poll() is None and number < 40):
            number += 1
            self.ada.say('during the restart %d' % number)
            self.said.append('during the restart %d' % number)
            away += not self.answers()
            shown += bool(self.ada.find('.connection:not([hidden])'))
            time.sleep(0.4)
        # A stage that restarts one process after the other is never away.
        self.check('a lost connection is shown', shown > 0 or away < 5, '%d of %d moments without a server' % (away, number))
        restarting.wait(180)
        self.check('the server is back', restarting.returncode == 0)
        self.both_see('nothing is lost, doubled or out of order over a restart', BODIES, self.said, 60)
        waiting = self.ada.texts('.message[data-state=waiting], .message[data-state=sending], .message[data-state=failed]')
        self.check('nothing is still on its way', not waiting, len(waiting))
        self.ada.until('the connection', 60, lambda: not self.ada.find('.connection:not([hidden])'))
        self.ben.until('the connection', 60, lambda: not self.ben.find('.connection:not([hidden])'))
        for who in (self.ada, self.ben):
            # What the browsers said about the missing server is as it should be.
            who.driver.get_log('browser')

    def comment(self):
        ada, ben = self.ada, self.ben
        for who in (ada, ben):
            who.click_text('.tab', 'Comments')
        ada.js('const video = document.querySelector("video"); video.pause(); video.currentTime = 2.4')
        ada.until('the seek', 20, lambda: ada.media('!video.seeking && Math.abs(video.currentTime - 2.4) < 0.05'))
        field = ada.find('.comment-composer .message-input')
        field.send_keys('The horizon is not level')
        field.send_keys(Keys.ENTER)
        ada.until('the comment', 20, lambda: ada.texts('.thread .message-body') == ['The horizon is not level'])
        ben.until('the mark on the other scrub bar', 20, lambda: ben.find(MARK))
        self.check('a comment is a mark on the scrub bar of the other', True)
        place = ben.js('const mark = document.querySelector(arguments[0]); return parseFloat(mark.style.left) / 100 * document.querySelector("video").duration', MARK)
        self.check('the mark is at the frame of the comment', abs(place - 2.4) < 0.1, '%.2f s' % place)
        ben.js('document.querySelector("video").currentTime = 0')
        ben.find(MARK).click()
        ben.until('the jump', 20, lambda: ben.media('!video.seeking && Math.abs(video.currentTime - 2.4) < 0.06'))
        self.check('a press on the mark goes to the frame', ben.find('.thread.is-selected') is not None)

    def draw(self):
        ada, ben = self.ada, self.ben
        ada.js('document.querySelector("video").currentTime = 4')
        ada.until('the seek', 20, lambda: ada.media('!video.seeking && video.readyState >= 2'))
        ada.find('.composer-time .icon-button').click()
        canvas = ada.until('the drawing tools', 10, lambda: ada.find('.is-drawing .drawing'))
        ActionChains(ada.driver).move_to_element_with_offset(canvas, -100, -50).click_and_hold().move_by_offset(120, 10).move_by_offset(30, 80).release().perform()
        ada.shot('drawing-1280')
        ada.click_text('.draw-tools .button', 'Done')
        field = ada.find('.comment-composer .message-input')
        field.send_keys('Look here')
        field.send_keys(Keys.ENTER)
        ben.until('the second comment', 20, lambda: len(ben.texts('.thread')) == 2)
        ben.click_text('.thread:nth-child(2) button.timecode', '0:0')
        ben.until('the drawing', 20, lambda: ben.find('svg.drawing path'))
        self.check('a drawing is shown to the other', True)
        ben.shot('watch-comment-1280')
        ben.click_text('.thread:nth-child(2) .link-button', 'Reply')
        field = ben.find('.thread-writing .message-input')
        field.send_keys('I see it')
        field.send_keys(Keys.ENTER)
        ada.until('the reply', 20, lambda: 'I see it' in ada.texts('.thread .message-body'))
        self.check('a reply is under its comment', ada.texts('.thread:nth-child(2) .message-body') == ['Look here', 'I see it'])
        ben.click_text('.thread:nth-child(1) .link-button', 'Resolve')
        ada.until('the resolution', 20, lambda: ada.find('.thread.is-resolved'))
        self.check('a resolution is seen by the other', ada.find(MARK + '.is-resolved') is not None)

    def decide(self):
        self.ben.find('.approval-button').click()
        self.ben.until('the dialog', 10, lambda: self.ben.find('dialog[open]'))
        self.ben.click_text('.decide-actions button', 'Approve')
        self.ada.until('the decision', 30, lambda: self.ada.texts('.approval-button') == ['Approved'])
        self.check('an approval is seen by the other', True)
        self.ben.click_text('dialog .dialog-actions button', 'Close')

    def notify(self):
        ada, ben = self.ada, self.ben
        ben.open('#/library', '.card')
        before = ben.unread()
        ada.click_text('.tab', 'Chat')
        field = ada.find('.room .message-input')
        field.send_keys('please look at the marigold, @Be')
        ada.until('names to choose from', 10, lambda: ada.find('.names:not([hidden]) .name'))
        field.send_keys(Keys.ENTER)
        field.send_keys(Keys.ENTER)
        ada.until('the mention', 10, lambda: ada.texts('.mention') == ['@' + BEN])
        self.check('a name can be picked and is shown', True)
        ben.until('the bell', 30, lambda: ben.unread() > before)
        self.check('the bell rises', True, '%d -> %d' % (before, ben.unread()))
        ben.find('.bell').click()
        ben.until('the list', 10, lambda: any('mentioned you' in text for text in ben.texts('.bell-list .happening')))
        ben.shot('bell-1280')
        ben.find('.bell-list .happening a').click()
        ben.until('the place of the mention', 20, lambda: ben.find('.watch .room') is not None)
        self.check('a notification leads to what it is about', True)

    def search(self):
        ben = self.ben
        ben.find('body').send_keys('/')
        self.check('the key / leads to the search', ben.js('return document.activeElement.className') == 'search-input')

        def found():
            field = ben.find('.search-input')
            field.clear()
            field.send_keys('marigald')
            asked = time.monotonic()
            while time.monotonic() < asked + 5:
                if any('marigold' in text for text in ben.texts('.search-box .hit')):
                    return True
                time.sleep(0.2)
            return False
        ben.until('a hit in spite of a typo', 60, found)
        self.check('search finds with a typo', ben.texts('.search-box mark') != [], ben.texts('.search-box mark'))
        ben.shot('search-1280')
        ben.find('.search-input').send_keys(Keys.ENTER)
        ben.until('all results', 20, lambda: ben.find('.hits.framed .hit'))
        self.check('all results are on a screen of their own', True)

    def rooms(self):
        ada, ben = self.ada, self.ben
        ben.open('#/library', '.card')
        ada.open('#/rooms', '.room-group[data-kind=direct] button').click()
        ada.until('people', 10, lambda: ada.find('dialog .choice'))
        ada.find('dialog .choice').click()
        ada.until('the direct room', 20, lambda: ada.find('.room .message-input'))
        ada.say('between us')
        ben.until('the badge', 90, lambda: (ben.texts('.nav-link .count') or [''])[-1] or any(ben.texts('.nav-link .count')))
        self.check('an unread direct message is counted', True)
        ben.open('#/rooms', '.room-group[data-kind=direct] .room-link').click()
        ben.until('the message', 20, lambda: 'between us' in ben.texts('.room .message-body'))
        ben.until('the badge to go', 20, lambda: not ben.find('.nav-link .count:not([hidden])') or not ben.find('.room-link[aria-current] .count'))
        self.check('a direct message is read', True)
        ben.shot('rooms-1280')

    def polls(self):
        ada, ben = self.ada, self.ben
        ada.open('#/rooms', '.rooms-main .empty-actions')
        ada.find('.room-group[data-kind=team] button').click()
        ada.fill('title', 'Front room')
        ada.find('dialog[open] form button[type=submit]').click()
        ada.until('the room', 20, lambda: ada.texts('.room-head .title-text') == ['Front room'] and ada.find('.room .message-input'))
        ben.open(ada.js('return location.hash'), '.room .message-input')
        ben.until('the room', 20, lambda: ben.texts('.room-head .title-text') == ['Front room'])
        place = 'return document.querySelector(".room .composer").getBoundingClientRect().top'
        before = ben.js(place)

        ada.find('.room .poll-button').click()
        for name, text in zip(('question', 'answer-0', 'answer-1', 'answer-2'), [QUESTION] + ANSWERS):
            ada.fill(name, text)
        ada.shot('poll-dialog-1280')
        ada.find('dialog[open] form button[type=submit]').click()
        ben.until('the poll', 20, lambda: ben.texts('.poll-question') == [QUESTION] and ben.texts('.poll-text') == ANSWERS)
        self.check('a poll is seen by the other without a reload', True)
        self.check('the field stays where it is', ben.js(place) == before, '%s -> %s' % (before, ben.js(place)))

        none, one, all_of = '0 votes \u00b7 0 %', '1 vote \u00b7 50 %', '1 vote \u00b7 100 %'
        ben.click_text('.poll-option', ANSWERS[1])
        self.both_see('a vote is seen by both', '.poll-votes', [none, all_of, none])
        ada.js('document.querySelector("button.poll-option").focus()')
        ada.driver.switch_to.active_element.send_keys(Keys.SPACE)
        ben.click_text('.poll-option', ANSWERS[2])
        self.both_see('a vote by a key and one that is changed, too', '.poll-votes', [one, none, one])
        chosen = [who.texts('.poll-option[aria-pressed=true] .poll-text') for who in (ada, ben)]
        self.check('each sees the own choice', chosen == [ANSWERS[:1], ANSWERS[2:]], chosen)
        ada.shot('poll-1280')
        ben.driver.refresh()
        ben.until('the choice again', 30, lambda: ben.texts('.poll-option[aria-pressed=true] .poll-text') == ANSWERS[2:])
        self.check('the own choice is there after a reload', ben.texts('.poll-votes') == [one, none, one])
        ben.resize(NARROW)
        ben.shot('poll-390')
        self.check('nothing overflows at 390 (poll)', ben.js(OVERFLOW) <= 0)

        self.check('only who asked is offered to close it', ben.find('.poll-foot button:not([hidden])') is None)
        ada.click_text('.poll-foot button:not([hidden])', 'Close poll')
        ada.until('the question', 10, lambda: ada.click_text('dialog[open] .dialog-actions button', 'Close poll'))
        for who in (ada, ben):
            who.until('the end', 20, lambda: who.find('.poll[data-state=closed]'))
        shown = [(who.texts('.poll-votes'), who.find('button.poll-option')) for who in (ada, ben)]
        self.check('a closed poll shows its result to both, and takes no votes', shown == [([one, none, one], None)] * 2, shown)
        self.check('the focus stays at the poll', ada.js('return document.activeElement.className') == 'poll')
        ada.shot('poll-closed-1280')
        ben.shot('poll-closed-390')
        ben.resize(WIDE)
        # For the screens: beside the video, with words that are longer than their place.
        token = self.call('/v1/sessions', {'email': self.emails[0], 'password': PASSWORD})['accessToken']
        draft = {'question': 'Which of these? ' + 'W' * 180, 'options': ['a' * 200, 'a long answer of several words ' * 6, 'no']}
        self.call('/v1/rooms/%s/polls' % self.video.split('/')[-1], draft, token)

    def share(self):
        ada, guest = self.ada, self.guest
        ada.open('#' + self.video, '.watch-tools .button').click()
        ada.until('the dialog', 10, lambda: ada.find('dialog input[name=password]'))
        ada.fill('password', 'marigold')
        Select(ada.find('#share-life')).select_by_value('1')
        ada.find('dialog form button[type=submit]').click()
        address = ada.until('the link', 20, lambda: ada.find('dialog .copy-line input')).get_attribute('value')
        ada.shot('share-1280')
        ada.click_text('dialog .dialog-actions button', 'Close')
        guest.driver.get(address)
        guest.fill('name', 'Gina Guest')
        guest.fill('password', 'wrong')
        guest.find('form button[type=submit]').click()
        guest.until('a refusal', 20, lambda: guest.texts('.guest-entry .form-error')[0] or guest.texts('.has-error'))
        self.check('a wrong password is refused', guest.find('video') is None)
        guest.shot('guest-password-1280')
        guest.fill('password', 'marigold')
        guest.find('form button[type=submit]').click()
        guest.until('the video', 60, lambda: guest.media('video.readyState >= 2'))
        self.check('a guest sees the video', True)
        field = guest.find('.comment-composer .message-input')
        field.send_keys('From outside: lovely')
        field.send_keys(Keys.ENTER)
        ada.click_text('.tab', 'Comments')
        ada.until("the guest's comment", 30, lambda: 'From outside: lovely' in ada.texts('.thread .message-body'))
        self.check("a guest's comment reaches the team", 'Gina Guest' in ada.texts('.thread .message-head strong'))
        guest.shot('guest-1280')
        guest.until('the names of members', 20, lambda: ADA in guest.texts('.thread .message-head strong'))
        self.check('guests who may comment see who speaks', 'Team member' not in guest.texts('.thread .message-head strong'))
        guest.resize(NARROW)
        guest.shot('guest-390')
        self.check('nothing overflows at 390 (guest)', guest.js(OVERFLOW) <= 0)

    def screens(self):
        ben = self.ben
        screens = [('#/', '.home .card'), ('#/library', '.card'), ('#' + self.video, '.thread'), ('#' + self.video + '?tab=chat', '.message'),
                   ('#/rooms', '.rooms-side'), ('#/feed', '.happening'), ('#/notifications', '.happening'), ('#/search?q=look', '.hit'),
                   ('#/settings', '.choices-table'), ('#/team', '.person')]
        wrong = []
        for size in (WIDE, NARROW):
            ben.resize(size)
            for address, ready in screens:
                name = '%s-%d' % (address.strip('#/').split('?')[0].split('/')[0] or 'home', size[0])
                ben.open('#/nothing', '.empty-page')
                try:
                    ben.open(address, ready)
                    time.sleep(0.7)
                except TimeoutError:
                    wrong.append(name + ' does not show')
                ben.shot('screen-' + name)
                if ben.js(OVERFLOW) > 0:
                    wrong.append(name + ' overflows')
        self.check('every screen shows, and nothing overflows at 1280 and 390', not wrong, ', '.join(wrong))

    def complaints(self):
        # A gateway that was restarted lets go of streams when its time to drain is over; the page asks for them anew.
        cut = ('ERR_INCOMPLETE_CHUNKED_ENCODING',) if self.restart else ()
        self.ada.check_console(self, ' (Ada)', cut)
        # Wrong passwords were given on purpose, and sessions ended elsewhere.
        self.ben.check_console(self, ' (Ben)', cut + ('/v1/me/password',))
        self.guest.check_console(self, ' (guest)', expected=cut + ('/views', '/v1/sessions', '401'))

    def run(self):
        steps = (self.team, self.upload, self.chat, self.reconnect, self.comment, self.draw, self.decide, self.notify,
                 self.search, self.rooms, self.emoji_and_edits, self.members, self.polls, self.share, self.version, self.compare, self.export,
                 self.choices, self.busy, self.screens, self.sign_in_settings, self.complaints)
        for step in steps:
            try:
                step()
            except Exception as error:
                for name in ('ada', 'ben', 'guest'):
                    getattr(self, name).shot('failed-%s-%s' % (step.__name__, name))
                self.check(step.__name__, False, repr(error).splitlines()[0][:300])
                traceback.print_exc()
                if step in (self.team, self.upload):
                    break
        print('%d passed, %d failed' % (self.passed, self.failed))
        return 0 if self.failed == 0 else 1


def main():
    if len(sys.argv) not in (4, 5):
        print(__doc__, file=sys.stderr)
        return 2
    story = Story(*sys.argv[1:])
    try:
        return story.run()
    finally:
        for who in (story.ada, story.ben, story.guest):
            who.driver.quit()


if __name__ == '__main__':
    sys.exit(main())
