#!/usr/bin/env python3
"""Pictures of every notice and page, for a look by eye: render_notices.py FOLDER [--dark].

Mails are decoded from what the SMTP sink got. Needs chromium; is no test.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import harness
import languages

BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
           "--force-device-scale-factor=1", "--log-level=3")
WIDTHS = {800: 1500, 360: 2300}  # and the height of a usual one
FACES = ("ask", "refused", "recorded")


def fetch(url, data=None):
    try:
        with urllib.request.urlopen(url, data, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def picture(page, height_factor, options):
    """A narrower window than 500 is not given: the page stands in a frame of the width instead."""
    for width, height in WIDTHS.items():
        frame = page.with_name("frame.html")
        frame.write_text(f'<body style="margin:0"><iframe src="{page.name}" style="border:0" '
                         f'width="{width}" height="{height * height_factor}"></iframe>')
        subprocess.run([*BROWSER, *options, f"--window-size={max(width, 500)},"
                        f"{height * height_factor}",
                        f"--screenshot={page.with_suffix('')}-{width}.png", frame.as_uri()],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        frame.unlink()


def write_pages(folder, locale, message):
    [link] = re.findall(r"^https?://\S+", languages.text_of(message, "plain"), re.M)
    base, _, query = link.partition("?")
    texts = (fetch(link), fetch(f"{base}?token=x&lang={locale}"), fetch(base, query.encode()))
    for face, text in zip(FACES, texts, strict=True):
        (folder / f"page-{locale}-{face}.html").write_text(text, "utf-8")


def main(folder, options):
    folder.mkdir(parents=True, exist_ok=True)
    stack = harness.Stack("render")
    with tempfile.TemporaryDirectory() as logs:
        try:
            stack.up()
            installation = languages.open_installation(stack, pathlib.Path(logs))
            board = harness.StatusBoard(installation)
            for make in (languages.short_claim, languages.long_claim):
                claims = [make(locale) for locale in languages.LOCALES]
                for locale, message in zip(languages.LOCALES,
                                           languages.messages(installation, board, claims)):
                    name = f"{'long' if make is languages.long_claim else 'mail'}-{locale}"
                    (folder / f"{name}.html").write_text(languages.text_of(message, "html"))
                    (folder / f"{name}.txt").write_text(languages.text_of(message, "plain"))
                    if make is languages.short_claim:
                        write_pages(folder, locale, message)
            installation.close()
        finally:
            stack.clean()
    for page in sorted(folder.glob("*.html")):
        picture(page, 3 if page.name.startswith("long") else 1, options)


if __name__ == "__main__":
    dark = ["--blink-settings=preferredColorScheme=0"] if "--dark" in sys.argv else []
    main(pathlib.Path(sys.argv[1]).resolve(), dark)
