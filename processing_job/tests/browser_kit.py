"""A page looked at in a real headless Chromium, driven by Playwright: what a reader sees, on which screen, how well.

The browser is the one on this machine (Debian: apt-get install chromium-headless-shell), or what CHROMIUM names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from unchecked import not_checked

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: (screen width in CSS pixels, colour scheme)
SCREENS = ((1200, "light"), (1200, "dark"), (360, "light"), (360, "dark"))

#: Texts whose contrast with the paper is below WCAG 2.2's AA (1.4.3): 4.5 to 1.
_FAINT = """() => {
  const parts = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const luminance = rgb => rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = luminance(parts(getComputedStyle(document.body).backgroundColor));
  const ratio = ink => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  return [...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(
      n => n.nodeType === 3 && n.textContent.trim()) && !['STYLE', 'TITLE'].includes(e.tagName.toUpperCase()))
    .filter(e => ratio(luminance(parts(getComputedStyle(e)[e.closest('svg') ? 'fill' : 'color']))) < 4.5)
    .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 40));
}"""
_UNNAMED = """() => [
  ...[...document.querySelectorAll('svg')].filter(e => e.getAttribute('role') !== 'img' || !e.ariaLabel),
  ...[...document.querySelectorAll('img')].filter(e => !e.alt),
  ...[...document.querySelectorAll('table')].filter(e => !e.querySelector('th') || !e.closest('[aria-label]')),
  ...[...document.querySelectorAll('th')].filter(e => !e.scope),
].map(e => e.outerHTML.slice(0, 80))"""
#: Texts that stick out of their plot.
_CLIPPED = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => {
    const box = t.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
  }).map(t => t.textContent);
})"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; without one the test is skipped and says so, and in CI it fails."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        not_checked("no Chromium: apt-get install chromium-headless-shell, or set CHROMIUM to the path of one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


def faults_of(browser: Browser, file: Path) -> dict[str, Any]:
    """What is wrong with the page, by kind and screen; empty if nothing is."""
    found: dict[str, Any] = {}
    for width, scheme in SCREENS:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        asked, said = [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.goto(file.as_uri())
        faults = {
            "asks the network": [url for url in asked if url != file.as_uri()],
            "complains": said,
            "faint": page.evaluate(_FAINT),
            "unnamed": page.evaluate(_UNNAMED),
            "clipped": page.evaluate(_CLIPPED),
            "wider than the screen": [size for size in [_width(page)] if size > width],
        }
        found |= {f"{kind}, {width} {scheme}": fault for kind, fault in faults.items() if fault}
        page.close()
    return found


def _width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))
