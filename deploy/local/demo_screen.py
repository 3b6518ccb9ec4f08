"""What the demo prints with: colours, wrapping, frames, progress; 100 columns."""

import os
import sys
import time
import unicodedata

WIDTH = 100
PROGRESS_FIRST_SECONDS = 2
PROGRESS_SECONDS = 5
CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
         "magenta": "35", "cyan": "36"}


class OutputClosed(Exception):
    """Nobody reads what is printed any more."""


def width_of(text):
    """Columns on a terminal: Korean takes two a letter."""
    return sum(0 if unicodedata.combining(letter) else
               2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def cut(text, columns):
    """The text in at most so many columns, with an ellipsis where something is missing."""
    if width_of(text) <= columns:
        return text
    while width_of(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def wrap(text, columns):
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(joined) <= columns or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


class Screen:
    """Standard output; transient progress lines only where there is a terminal."""

    def __init__(self):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
        self.is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR")
        self.is_closed = False
        self.transient = False
        self.step_text = self.step_detail = ""
        self.step_begin = self.step_said = 0.0

    def paint(self, text, *styles):
        if not self.has_colour or not text or not styles:
            return text
        return f"\033[{';'.join(CODES[style] for style in styles)}m{text}\033[0m"

    def write(self, text):
        if self.is_closed:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            self.is_closed = True
            # The interpreter's own last flush must not fail too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise OutputClosed from None

    def say(self, text=""):
        self.write(f"{self.clear()}{text}\n")

    def clear(self):
        was, self.transient = self.transient, False
        return "\r\033[K" if was else ""

    def heading(self, text):
        self.say()
        self.say(self.paint(f"━━ {text} " + "━" * max(0, WIDTH - 4 - width_of(text)), "bold"))

    # ---- steps that take a while

    def begin(self, text):
        self.step_text, self.step_detail = text, ""
        self.step_begin = self.step_said = time.monotonic()
        if self.is_terminal:
            self.progress()

    def progress(self, detail=None):
        """To be called often; shows that the step goes on. None: the detail stays as it was."""
        now = time.monotonic()
        self.step_detail = self.step_detail if detail is None else detail
        text = f"  {self.step_text} … {now - self.step_begin:.0f} s  {self.step_detail}".rstrip()
        if self.is_terminal:
            self.write("\r\033[K" + cut(text, WIDTH - 1))
            self.transient = True
            return
        is_first = self.step_said == self.step_begin
        if now - self.step_said >= (PROGRESS_FIRST_SECONDS if is_first else PROGRESS_SECONDS):
            self.step_said = now
            self.say(text)

    def done(self, detail=""):
        seconds = time.monotonic() - self.step_begin
        time_text = self.paint(f"{seconds:5.1f} s", "dim")
        self.say(f"  {time_text}  {self.step_text}{': ' if detail else ''}{detail}")

    # ---- frames

    def frame(self, title, lines, indent=4, style="cyan"):
        inner = WIDTH - indent - 4
        space = " " * indent
        title = cut(title, inner - 4)
        edge = f"┌─ {title} " + "─" * (inner - width_of(title) - 1) + "┐"
        self.say(space + self.paint(edge, style))
        for line in lines:
            line = cut(line, inner)
            fill = " " * (inner - width_of(line))
            bar = self.paint("│", style)
            self.say(f"{space}{bar} {line}{fill} {bar}")
        self.say(space + self.paint("└" + "─" * (inner + 2) + "┘", style))
