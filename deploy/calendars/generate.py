#!/usr/bin/env python3
"""Write the business calendars <CC>.ics from the Python package `holidays`.

    python3 -m venv .local/venv-calendars && .local/venv-calendars/bin/pip install holidays==0.109
    .local/venv-calendars/bin/python deploy/calendars/generate.py [FOLDER]

The same version of the package writes the same bytes. See README.md.
"""

import datetime
import pathlib
import sys

import holidays

HOLIDAYS_VERSION = "0.109"
FIRST_YEAR = 2020
LAST_YEAR = 2031

# One zone per country: the capital's, or that of the largest part of its business.
ZONES = {
    "AE": "Asia/Dubai",
    "AR": "America/Argentina/Buenos_Aires",
    "AT": "Europe/Vienna",
    "AU": "Australia/Sydney",
    "BE": "Europe/Brussels",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CH": "Europe/Zurich",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CO": "America/Bogota",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EG": "Africa/Cairo",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "GR": "Europe/Athens",
    "HK": "Asia/Hong_Kong",
    "HU": "Europe/Budapest",
    "ID": "Asia/Jakarta",
    "IE": "Europe/Dublin",
    "IL": "Asia/Jerusalem",
    "IN": "Asia/Kolkata",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "KR": "Asia/Seoul",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "NZ": "Pacific/Auckland",
    "PH": "Asia/Manila",
    "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest",
    "SA": "Asia/Riyadh",
    "SE": "Europe/Stockholm",
    "SG": "Asia/Singapore",
    "TH": "Asia/Bangkok",
    "TR": "Europe/Istanbul",
    "TW": "Asia/Taipei",
    "US": "America/New_York",
    "VN": "Asia/Ho_Chi_Minh",
    "ZA": "Africa/Johannesburg",
}

# Public holidays of a part of the country that the notice's calendar follows.
REGIONS = {"GB": "ENG"}

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
WEEK_ORDER = ["TH", "FR", "SA", "SU", "MO", "TU", "WE"]  # as people say it: FR,SA and SA,SU


def country_days(country):
    """The package's public holidays of one country, observed days included."""
    languages = holidays.country_holidays(country).supported_languages
    return holidays.country_holidays(
        country,
        subdiv=REGIONS.get(country),
        years=range(FIRST_YEAR, LAST_YEAR + 1),
        observed=True,
        language="en_US" if "en_US" in languages else None,
    )


def weekend_changes(days):
    """[(first day, "SA,SU")]: which weekdays are the weekend, and from when.

    Every single day is asked, since a weekend may change in the middle of a year. A change is
    dated by the first day that the new weekend treats in another way.
    """
    changes = []
    day = datetime.date(FIRST_YEAR, 1, 1)
    current = None
    while day.year <= LAST_YEAR:
        if current is None:
            week = [day + datetime.timedelta(n) for n in range(7)]
            current = {d.weekday() for d in week if days._is_weekend(d)}
            changes.append((day, current))
        elif days._is_weekend(day) != (day.weekday() in current):
            week = [day + datetime.timedelta(n) for n in range(7)]
            current = {d.weekday() for d in week if days._is_weekend(d)}
            changes.append((day, current))
        day += datetime.timedelta(1)
    return [
        (first, ",".join(name for name in WEEK_ORDER if WEEKDAYS.index(name) in weekend))
        for first, weekend in changes
    ]


def escape(text):
    """A TEXT value of RFC 5545."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def fold(line):
    """Lines of up to 75 octets, continued with a space; never cut inside of a character."""
    lines = [b""]
    for character in line:
        octets = character.encode("utf-8")
        if len(lines[-1]) + len(octets) > 75:
            lines.append(b" ")
        lines[-1] += octets
    return b"\r\n".join(lines) + b"\r\n"


def calendar_lines(country):
    days = country_days(country)
    source = f"holidays {HOLIDAYS_VERSION}"
    region = f" {REGIONS[country]}" if country in REGIONS else ""
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:-//CPOR//business calendar {country} from {source}//EN"
    yield f"X-CPOR-SOURCE:{source} {country}{region}"
    yield f"X-WR-TIMEZONE:{ZONES[country]}"
    yield f"X-CPOR-FIRST:{FIRST_YEAR}0101"
    yield f"X-CPOR-HORIZON:{LAST_YEAR}1231"
    for index, (first, weekend) in enumerate(weekend_changes(days)):
        yield f"X-CPOR-WEEKEND{f';X-FROM={first:%Y%m%d}' if index else ''}:{weekend}"
    for day, name in sorted(days.items()):
        yield "BEGIN:VEVENT"
        yield f"UID:{country}-{day:%Y%m%d}"
        yield f"DTSTAMP:{FIRST_YEAR}0101T000000Z"  # a fixed one: the same bytes every time
        yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
        yield f"SUMMARY:{escape(name)}"
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def main():
    if holidays.__version__ != HOLIDAYS_VERSION:
        sys.exit(
            f"generate.py: holidays {holidays.__version__} is installed, not {HOLIDAYS_VERSION}: "
            f"pip install holidays=={HOLIDAYS_VERSION}"
        )
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for country in sorted(ZONES):
        content = b"".join(fold(line) for line in calendar_lines(country))
        (folder / f"{country}.ics").write_bytes(content)
    print(f"{len(ZONES)} calendars in {folder}")


if __name__ == "__main__":
    main()
