#!/usr/bin/python3
"""The main job in a real browser: sign up, upload a file, watch it.

usage: main_job.py BASE_URL VIDEO_FILE OUT_DIR [STORE_URL]

With STORE_URL parts must go to that store, past the application: another origin, so its CORS rules are part of the test.
Needs the Debian packages chromium, chromium-driver and python3-selenium.
Prints one line per check, then `N passed, M failed`; exit code 0 when nothing failed.
"""
import os
import sys
import time
import traceback

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import Browser, Checks, NARROW, OVERFLOW, WIDE

PLAYABLE_SECONDS = 300
READY_SECONDS = 600

# Hash of what the video shows, through a small canvas: equal pictures give equal numbers.
PIXELS = """
const video = document.querySelector('video');
const canvas = document.createElement('canvas');
canvas.width = 96; canvas.height = 54;
const context = canvas.getContext('2d');
context.drawImage(video, 0, 0, 96, 54);
const data = context.getImageData(0, 0, 96, 54).data;
let hash = 0, bright = 0;
for (let i = 0; i < data.length; i += 4) {
  hash = (hash * 31 + data[i] * 7 + data[i + 1] * 3 + data[i + 2]) % 1000000007;
  bright += data[i] + data[i + 1] + data[i + 2];
}
return [hash, bright];
"""


class Job(Browser, Checks):
    def __init__(self, base, video, out, store=None):
        Checks.__init__(self)
        Browser.__init__(self, base, out)
        self.store = store.rstrip('/') if store else None
        self.video_file = os.path.abspath(video)

    # Steps

    def sign_up(self):
        self.driver.get(self.base + '/#/signup')
        stamp = '%d-%d' % (time.time(), os.getpid())
        self.fill('team', 'Browser test ' + stamp)
        self.fill('name', 'Ada Example')
        self.fill('email', 'ada-%s@example.com' % stamp)
        self.fill('password', 'correct horse battery')
        self.find('form button[type=submit]').click()
        self.until('the first screen', 20, lambda: self.find('.empty .button'))
        self.check('sign-up leads home', self.js('return document.title').startswith('Home'))
        self.find('.nav a[href="#/library"]').click()
        self.until('the empty library', 20, lambda: self.js('return document.title').startswith('Library') and self.find('.empty .button'))

    def upload(self):
        self.find('#file-input').send_keys(self.video_file)
        row = self.until('the upload in the list', 20, lambda: self.find('.upload'))
        self.check('the upload is listed', row is not None)
        self.until('the upload to be complete', PLAYABLE_SECONDS, lambda: self.find('.upload[data-phase=done]'))
        self.check('the upload is complete', True)
        if self.store:
            parts = self.js('return performance.getEntriesByType("resource").map((entry) => entry.name)'
                            '.filter((name) => name.includes("partNumber="))')
            self.check('parts go straight to the store', parts and all(part.startswith(self.store + '/') for part in parts),
                       '%d requests' % len(parts))
        card = self.until('the video in the library', 20, lambda: self.find('.card:not(.skeleton)'))
        self.check('the video is in the library', card is not None)
        self.shot('library-processing-1280')

    def open_video(self):
        self.find('.card a').click()
        started = time.monotonic()
        self.until('the video to be playable', PLAYABLE_SECONDS, lambda: self.media('video.readyState >= 2'))
        state = self.js('return fetch ? (document.querySelector(".badge.processing") ? "processing" : "ready") : ""')
        self.check('the video can be played', True, 'after %.1f s, state %s' % (time.monotonic() - started, state))

    def play(self):
        self.find('.player-centre').click()
        self.until('playing', 20, lambda: self.media('video.currentTime > 0.3'))
        before, pixels = self.media('video.currentTime'), self.js(PIXELS)
        self.until('time to advance', 60, lambda: self.media('video.currentTime') > before + 0.8)
        after, later = self.media('video.currentTime'), self.js(PIXELS)
        self.check('time advances', after > before + 0.8, '%.2f -> %.2f' % (before, after))
        self.check('the picture is not black', pixels[1] > 0)
        self.check('the picture changes', pixels[0] != later[0])
        frames = self.media('video.getVideoPlaybackQuality().totalVideoFrames')
        self.check('frames are decoded', frames > 10, frames)

    def wait_ready(self):
        self.until('processing to end', READY_SECONDS, lambda: self.js(
            'const state = document.querySelector(".watch-state"); return !state || state.hidden || !state.textContent'))
        duration = self.until('the whole length', 30, lambda: self.media(
            'Math.floor(video.duration) === Number(document.querySelector(".scrub").getAttribute("aria-valuemax")) && video.duration'))
        self.check('processing ends while the page is open', duration > 0, '%.1f s long' % duration)

    def choose_quality(self):
        qualities = self.js('return [...document.querySelectorAll(".menu-list[aria-label=Quality] button")]'
                            '.map((item) => item.dataset.value).filter((value) => value !== "-1")')
        if not self.check('qualities are offered', len(qualities) > 0, len(qualities)):
            return
        if len(qualities) == 1:
            return
        sizes = []
        for value in (min(qualities, key=int), max(qualities, key=int)):
            # From the beginning, so that there is something left to be shown in the other quality.
            self.js('const video = document.querySelector("video"); video.currentTime = 0; video.play()')
            before = self.media('video.videoHeight')
            item = '.menu-list[aria-label=Quality] button[data-value="%s"]' % value
            label = self.js("return document.querySelector('%s span').textContent" % item)
            self.find('.menu-button[aria-label^=Quality]').click()
            self.find(item).click()
            wanted = int(label.rstrip('p'))
            shorter = 'Math.min(video.videoHeight, video.videoWidth)'
            try:
                self.until('quality ' + label, 60, lambda: abs(self.media(shorter) - wanted) <= 2)
            except TimeoutError:
                pass
            sizes.append(self.media(shorter))
            self.check('quality %s is shown' % label, abs(sizes[-1] - wanted) <= 2, '%s -> %s lines' % (before, sizes[-1]))
        at = self.media('video.currentTime')
        self.until('playing after the switch', 60, lambda: self.media('video.ended || video.currentTime > %f' % (at + 0.5)))
        self.check('playing goes on after the switch', True)

    def scrub(self):
        self.js('document.querySelector("video").pause()')
        bar = self.find('.scrub')
        width = bar.size['width']
        ActionChains(self.driver).move_to_element_with_offset(bar, int(width * 0.2), 0).pause(0.3).perform()
        self.check('the scrub bar previews the time', self.find('.scrub-preview').is_displayed())
        self.until('the picture of the preview', 30, lambda: self.find('.scrub-picture').is_displayed())
        self.check('the scrub bar previews the picture', True)
        self.shot('scrub-1280')
        before = self.js(PIXELS)
        # Offsets count from the middle.
        ActionChains(self.driver).move_to_element_with_offset(bar, int(width * 0.3), 0).click().perform()
        self.until('the seek to end', 20, lambda: self.media('!video.seeking && video.readyState >= 2'))
        share = self.media('video.currentTime / video.duration')
        self.check('a click on the scrub bar seeks', 0.74 < share < 0.86, '%.2f of the length' % share)
        self.check('the picture is another one', self.js(PIXELS)[0] != before[0])
        body = self.find('body')
        body.send_keys('1')
        self.until('key 1', 10, lambda: self.media('Math.abs(video.currentTime / video.duration - 0.1) < 0.03'))
        body.send_keys(Keys.SPACE)
        self.until('key space', 10, lambda: self.media('!video.paused'))
        body.send_keys('k')
        self.until('key k', 10, lambda: self.media('video.paused'))
        self.check('keys seek, play and pause', True)

    def screens(self):
        self.shot('watch-1280')
        self.resize(NARROW)
        self.shot('watch-390')
        self.check('nothing overflows at 390 (watch)', self.js(OVERFLOW) <= 0)
        self.driver.get(self.base + '/#/library')
        self.until('the library', 20, lambda: self.find('.card:not(.skeleton)'))
        self.until('the poster', 20, lambda: self.js('const image = document.querySelector(".card img"); return image.complete && image.naturalWidth > 0'))
        self.check('the poster is shown', True)
        self.js('document.querySelector(".uploads").hidden = true')
        self.shot('library-390')
        self.check('nothing overflows at 390 (library)', self.js(OVERFLOW) <= 0)
        self.resize(WIDE)
        self.shot('library-1280')

    def reload(self):
        self.collect()
        self.driver.get(self.base + '/?again')
        self.driver.get(self.base + '/#/library')
        self.until('the library after a reload', 20, lambda: self.find('.card:not(.skeleton)'))
        self.check('the session survives a reload', True)

    def ask(self):
        """Opens the question whether to delete the video."""
        self.find('.card a').click()
        self.until('the tools', 20, lambda: self.find('.watch-tools summary'))
        self.find('.watch-tools summary').click()
        self.find('.watch-tools .drop-item').click()
        self.until('the question', 10, lambda: self.find('dialog[open]'))

    def dialogs(self):
        self.ask()
        self.driver.back()
        self.until('the library', 20, lambda: self.find('.card:not(.skeleton)'))
        self.check('a question does not outlive its screen', self.find('dialog') is None)
        self.ask()
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window('tab')
        self.driver.get(self.base + '/#/library')
        self.until('the other tab', 20, lambda: self.find('.card:not(.skeleton)'))
        self.find('summary[aria-label^=Account]').click()
        self.js('[...document.querySelectorAll(".drop-item")].find((item) => item.textContent === "Log out").click()')
        self.until('the log-in page there', 20, lambda: self.find('input[name=password]'))
        self.collect()
        self.driver.close()
        self.driver.switch_to.window(first)
        self.until('the log-in page here', 20, lambda: self.find('input[name=password]'))
        self.check('a question does not outlive its session', self.find('dialog') is None)

    def complaints(self):
        self.check_console(self)

    def run(self):
        steps = (self.sign_up, self.upload, self.open_video, self.play, self.wait_ready, self.choose_quality,
                 self.scrub, self.screens, self.reload, self.dialogs, self.complaints)
        for step in steps:
            try:
                step()
            except Exception as error:
                self.shot('failed-' + step.__name__)
                self.check(step.__name__, False, repr(error).splitlines()[0][:300])
                traceback.print_exc()
                try:
                    self.check_console(self)
                finally:
                    break
        print('%d passed, %d failed' % (self.passed, self.failed))
        return 0 if self.failed == 0 else 1


def main():
    if len(sys.argv) not in (4, 5):
        print(__doc__, file=sys.stderr)
        return 2
    if not os.path.isfile(sys.argv[2]):
        print('no such file: ' + sys.argv[2], file=sys.stderr)
        return 2
    job = Job(*sys.argv[1:])
    try:
        return job.run()
    finally:
        job.driver.quit()


if __name__ == '__main__':
    sys.exit(main())
