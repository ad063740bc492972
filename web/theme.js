// A classic script in the head: the theme must be set before the first paint, and modules run after it.
(function () {
  var KEY = 'cloudstream.theme';
  var stored = null;
  try { stored = localStorage.getItem(KEY); } catch { /* storage may be switched off */ }
  var system = matchMedia('(prefers-color-scheme: dark)');

  function apply() {
    var dark = stored ? stored === 'dark' : system.matches;
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  }

  system.addEventListener('change', apply);
  window.addEventListener('storage', function (event) {
    if (event.key === KEY) { stored = event.newValue; apply(); }
  });
  window.cloudstreamTheme = {
    get current() { return document.documentElement.dataset.theme; },
    toggle: function () {
      var next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
      // A choice equal to the system's is no choice: the page then follows the system again.
      stored = (next === 'dark') === system.matches ? null : next;
      try {
        if (stored) localStorage.setItem(KEY, stored); else localStorage.removeItem(KEY);
      } catch { /* the choice then lasts until the page is closed */ }
      apply();
    },
  };
  apply();
})();
