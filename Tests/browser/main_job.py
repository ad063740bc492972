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

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PLAYABLE_SECONDS = 300
READY_SECONDS = 600
WIDE = (1280, 900)
NARROW = (390, 844)

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

# Runs before any script of the page, so that nothing is missed.
WATCH_VIOLATIONS = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.__violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
});
"""


class Job:
    def __init__(self, base, video, out, store=None):
        self.store = store.rstrip('/') if store else None
        self.base, self.video_file, self.out = base.rstrip('/'), os.path.abspath(video), out
        self.passed = self.failed = 0
        self.violations, self.console = [], []
        os.makedirs(out, exist_ok=True)
        options = webdriver.ChromeOptions()
        options.binary_location = '/usr/bin/chromium'
        for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio',
                         '--autoplay-policy=no-user-gesture-required', '--host-resolver-rules=MAP * 127.0.0.1',
                         '--window-size=%d,%d' % WIDE):
            options.add_argument(argument)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.driver = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
        self.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': WATCH_VIOLATIONS})
        self.resize(WIDE)

    # Tools

    def check(self, name, is_good, detail=''):
        self.passed, self.failed = self.passed + bool(is_good), self.failed + (not is_good)
        print('%s %s%s' % ('ok  ' if is_good else 'FAIL', name, ' (%s)' % (detail,) if detail != '' else ''), flush=True)
        return is_good

    def until(self, what, seconds, test):
        deadline = time.monotonic() + seconds
        while True:
            value = test()
            if value:
                return value
            if time.monotonic() > deadline:
                raise TimeoutError('waited %d s for: %s' % (seconds, what))
            time.sleep(0.2)

    def find(self, selector):
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found[0] if found else None

    def js(self, script):
        return self.driver.execute_script(script)

    def media(self, expression):
        return self.js('const video = document.querySelector("video"); return video && (%s);' % expression)

    def resize(self, size):
        # A window has a least width; the metrics of the page have none.
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': size[0], 'height': size[1], 'deviceScaleFactor': 1, 'mobile': False})
        time.sleep(0.3)

    def shot(self, name):
        self.driver.save_screenshot(os.path.join(self.out, name + '.png'))

    def fill(self, name, text):
        self.until('field ' + name, 10, lambda: self.find('input[name=%s]' % name)).send_keys(text)

    # Steps

    def sign_up(self):
        self.driver.get(self.base + '/#/signup')
        stamp = '%d-%d' % (time.time(), os.getpid())
        self.fill('team', 'Browser test ' + stamp)
        self.fill('name', 'Ada Example')
        self.fill('email', 'ada-%s@example.com' % stamp)
        self.fill('password', 'correct horse battery')
        self.find('form button[type=submit]').click()
        self.until('the empty library', 20, lambda: self.find('.empty .button'))
        self.check('sign-up leads to the empty library', self.js('return document.title').startswith('Library'))

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
        time.sleep(2)
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
            if self.media('video.ended || video.duration - video.currentTime < 6'):
                self.js('document.querySelector("video").currentTime = 0')
            self.js('document.querySelector("video").play()')
            before = self.media('video.videoHeight')
            item = '.menu-list[aria-label=Quality] button[data-value="%s"]' % value
            label = self.js("return document.querySelector('%s span').textContent" % item)
            self.find('.menu-button[aria-label^=Quality]').click()
            self.find(item).click()
            wanted = int(label.rstrip('p'))
            shorter = 'Math.min(video.videoHeight, video.videoWidth)'
            try:
                self.until('quality ' + label, 20, lambda: abs(self.media(shorter) - wanted) <= 2)
            except TimeoutError:
                pass
            sizes.append(self.media(shorter))
            self.check('quality %s is shown' % label, abs(sizes[-1] - wanted) <= 2, '%s -> %s lines' % (before, sizes[-1]))
        at = self.media('video.currentTime')
        self.until('playing after the switch', 15, lambda: self.media('video.ended || video.currentTime > %f' % (at + 0.5)))
        self.check('playing goes on after the switch', True)

    def scrub(self):
        self.js('document.querySelector("video").pause()')
        bar = self.find('.scrub')
        width = bar.size['width']
        ActionChains(self.driver).move_to_element_with_offset(bar, int(width * 0.2), 0).pause(0.3).perform()
        self.check('the scrub bar previews the time', self.find('.scrub-preview').is_displayed())
        thumbnail = self.find('.scrub-picture').is_displayed()
        self.check('the scrub bar previews the picture', thumbnail)
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
        overflow = 'return document.documentElement.scrollWidth - document.documentElement.clientWidth'
        self.check('nothing overflows at 390 (watch)', self.js(overflow) <= 0)
        self.driver.get(self.base + '/#/')
        self.until('the library', 20, lambda: self.find('.card:not(.skeleton)'))
        self.until('the poster', 20, lambda: self.js('const image = document.querySelector(".card img"); return image.complete && image.naturalWidth > 0'))
        self.check('the poster is shown', True)
        self.js('document.querySelector(".uploads").hidden = true')
        self.shot('library-390')
        self.check('nothing overflows at 390 (library)', self.js(overflow) <= 0)
        self.resize(WIDE)
        self.shot('library-1280')

    def reload(self):
        self.collect()
        self.driver.get(self.base + '/?again')
        self.driver.get(self.base + '/#/')
        self.until('the library after a reload', 20, lambda: self.find('.card:not(.skeleton)'))
        self.check('the session survives a reload', True)

    def collect(self):
        self.violations += self.js('return window.__violations || []')
        self.console += [entry for entry in self.driver.get_log('browser') if entry['level'] in ('SEVERE', 'WARNING')]

    def check_console(self):
        self.collect()
        severe = [entry['message'] for entry in self.console if entry['level'] == 'SEVERE']
        for line in severe + self.violations:
            print('     ' + line[:300])
        self.check('no console errors', not severe, len(severe))
        self.check('no violations of the content security policy', not self.violations, len(self.violations))

    def run(self):
        steps = (self.sign_up, self.upload, self.open_video, self.play, self.wait_ready, self.choose_quality,
                 self.scrub, self.screens, self.reload, self.check_console)
        for step in steps:
            try:
                step()
            except Exception as error:
                self.shot('failed-' + step.__name__)
                self.check(step.__name__, False, repr(error).splitlines()[0][:300])
                traceback.print_exc()
                try:
                    self.check_console()
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
