"""One Chromium under test: what a person does with it, and what it complains about."""
import os
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

WIDE = (1280, 900)
NARROW = (390, 844)
OVERFLOW = 'return document.documentElement.scrollWidth - document.documentElement.clientWidth'

# Runs before any script of the page, so that nothing is missed.
WATCH_VIOLATIONS = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.__violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
});
"""


class Checks:
    """Counts what holds and what does not; one line each."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, is_good, detail=''):
        self.passed, self.failed = self.passed + bool(is_good), self.failed + (not is_good)
        print('%s %s%s' % ('ok  ' if is_good else 'FAIL', name, ' (%s)' % (detail,) if detail != '' else ''), flush=True)
        return is_good


class Browser:
    def __init__(self, base, out):
        self.base, self.out = base.rstrip('/'), out
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

    def texts(self, selector):
        return self.js('return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent.trim())', selector)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

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
        field = self.until('field ' + name, 10, lambda: self.find('input[name=%s]' % name))
        field.clear()
        field.send_keys(text)

    def collect(self):
        self.violations += self.js('return window.__violations || []')
        self.console += [entry for entry in self.driver.get_log('browser') if entry['level'] in ('SEVERE', 'WARNING')]

    def check_console(self, checks, who='', expected=()):
        """No errors but those whose text holds one of `expected`, and no violations of the policy."""
        self.collect()
        severe = [entry['message'] for entry in self.console if entry['level'] == 'SEVERE']
        severe = [line for line in severe if not any(words in line for words in expected)]
        for line in severe + self.violations:
            print('     ' + line[:300])
        checks.check('no console errors' + who, not severe, len(severe))
        checks.check('no violations of the content security policy' + who, not self.violations, len(self.violations))
