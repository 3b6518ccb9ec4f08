"""Deadlines as the operator's tool prints them, against a plain reckoning with the package
`holidays`: every country, every day of the years covered; and a country that is only a file."""

import csv
import datetime
import io
import json
import os
import shutil
import zoneinfo

import holidays
import pytest

import calendars
import harness
from cporctl import call, expect
from words import instant_text

CALENDARS = harness.ROOT / "deploy" / "calendars"
COUNTRIES = sorted(path.stem for path in CALENDARS.glob("*.ics"))
DAY = datetime.timedelta(days=1)
YEARS = range(2020, 2032)
HEADER = ["notified_on", "deadline_on", "deadline_at", "calendar", "version", "skipped"]

MADE_UP = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//CPOR//business calendar XA//EN
X-CPOR-SOURCE:made up
X-WR-TIMEZONE:Pacific/Chatham
X-CPOR-FIRST:20300101
X-CPOR-HORIZON:20300331
X-CPOR-WEEKEND:TU,WE
BEGIN:VEVENT
UID:XA-20300110
DTSTAMP:20300101T000000Z
DTSTART;VALUE=DATE:20300110
SUMMARY:The Day, \"so called\"
END:VEVENT
END:VCALENDAR
""".replace("\\\"", '"').replace(", ", "\\, ").replace("\n", "\r\n")


def deadlines(env, *arguments, code=0):
    result = call(env, "calendar", "deadlines", *arguments)
    assert result.returncode == code, result.stderr
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == HEADER
    return rows[1:], result.stderr


def counted_days(country):
    """Every day of the years, and whether it counts: the package's own words, nothing of ours."""
    table = holidays.country_holidays(country, subdiv={"GB": "ENG"}.get(country), years=YEARS)
    day, days = datetime.date(YEARS[0], 1, 1), {}
    while day.year <= YEARS[-1]:
        days[day] = day not in table and not table._is_weekend(day)
        day += DAY
    return days


def last_day(counts, day):
    """The fifth day that counts after this one; None: past the years."""
    for _ in range(5):
        day += DAY
        while day in counts and not counts[day]:
            day += DAY
    return day if day in counts else None


@pytest.fixture(scope="module")
def zones():
    rows = json.loads(expect(0, call(os.environ, "calendar", "list", "--json")))
    return {row["id"]: zoneinfo.ZoneInfo(row["time_zone"]) for row in rows}


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_day_of_every_country(country, zones):
    counts = counted_days(country)
    zone = zones[country]
    known = [day for day in counts if last_day(counts, day)]
    rows, error = deadlines(os.environ, "--country", country, "--from", "2020-01-01", "--to",
                            "2031-12-31", code=1)
    assert "compute deadline" in error and "2031-12-31" in error and error.count("\n") == 1
    assert [row[0] for row in rows] == [str(day) for day in known]
    for day, row in zip(known, rows):
        last = last_day(counts, day)
        end_ms = calendars.first_instant_ms(last + DAY, zone)
        assert row[1:4] == [str(last), instant_text(end_ms), country], (day, row)
        skipped = [text[:10] for text in row[5].split(" | ") if text]
        between = [day + DAY * n for n in range(1, (last - day).days)]
        assert skipped == [str(other) for other in between if not counts[other]], (day, row)


def test_list():
    rows = json.loads(expect(0, call(os.environ, "calendar", "list", "--json")))
    assert [row["id"] for row in rows] == COUNTRIES and len(rows) >= 42
    weekends = {row["id"]: row["weekend"] for row in rows}
    assert (weekends["DE"], weekends["SA"]) == ("Sat,Sun", "Fri,Sat")
    assert {(row["first"], row["last"]) for row in rows} == {("2020-01-01", "2031-12-31")}
    text = expect(0, call(os.environ, "calendar", "list"))
    assert text.count("\n") == len(COUNTRIES)
    assert all(f"{row['id']}  {row['time_zone']} " in text and row["version"] in text
               for row in rows)


def test_options_and_json():
    arguments = ("--country", "US", "--from", "2026-11-20", "--to", "2026-11-21", "--days", "2",
                 "--time-zone", "Asia/Tokyo")
    rows, _ = deadlines(os.environ, *arguments)
    assert [row[1:3] for row in rows] == [["2026-11-24", "2026-11-24T15:00:00.000Z"]] * 2
    answer = json.loads(expect(0, call(os.environ, "calendar", "deadlines", "--json", *arguments)))
    assert [row["deadline_at"] for row in answer] == ["2026-11-24T15:00:00.000Z"] * 2
    assert answer[0]["skipped"] == ["2026-11-21", "2026-11-22"]


@pytest.fixture
def share(tmp_path):
    """A copy of the installation's files."""
    shutil.copytree(CALENDARS, tmp_path / "calendars")
    return tmp_path


def test_adding_a_country_is_adding_a_file(share):
    env = {**os.environ, "CPOR_SHARE_DIR": str(share)}
    question = ("--country", "XA", "--from", "2030-01-07", "--to", "2030-01-08")
    error = expect(1, call(env, "calendar", "deadlines", *question))
    assert "no calendar of XA" in error
    (share / "calendars" / "XA.ics").write_bytes(MADE_UP.encode())
    rows, _ = deadlines(env, *question)
    # Monday the 7th; 8, 9 are its weekend, the 10th a holiday; then 11 12 13 14, 15 16, 17
    assert [row[:2] for row in rows] == [["2030-01-07", "2030-01-17"], ["2030-01-08", "2030-01-17"]]
    assert rows[0][2] == "2030-01-17T10:15:00.000Z"  # 24:00 at UTC+13:45
    assert rows[0][5].split(" | ") == ["2030-01-08", "2030-01-09",
                                       '2030-01-10 The Day, "so called"', "2030-01-15",
                                       "2030-01-16"]
    text = expect(0, call(env, "explain", "deadline", "--country", "XA", "--at",
                          "2030-01-07T00:00:00Z"))
    assert "calendar  XA" in text and "The Day" in text
    assert "XA  Pacific/Chatham" in expect(0, call(env, "calendar", "list"))


def test_past_its_end_a_calendar_gives_nothing(share):
    (share / "calendars" / "XA.ics").write_bytes(MADE_UP.encode())
    env = {**os.environ, "CPOR_SHARE_DIR": str(share)}
    rows, error = deadlines(env, "--country", "XA", "--from", "2030-03-20", "--to", "2030-04-20",
                            code=1)
    assert rows and rows[-1][1] == "2030-03-31"
    assert error.count("\n") == 1 and "horizon 2030-03-31" in error and "newer file" in error
    error = expect(1, call(env, "explain", "deadline", "--country", "XA", "--at",
                           "2030-03-29T00:00:00Z"))
    assert "horizon 2030-03-31" in error


@pytest.mark.parametrize("damage", [("X-CPOR-HORIZON:20300331", "X-CPOR-HORIZON:20299931"),
                                    ("Pacific/Chatham", "Pacific/Nowhere"), ("TU,WE", "XX")])
def test_a_bad_file_is_no_calendar(share, damage):
    (share / "calendars" / "XA.ics").write_bytes(MADE_UP.replace(*damage).encode())
    env = {**os.environ, "CPOR_SHARE_DIR": str(share)}
    assert "XA.ics" in expect(1, call(env, "calendar", "list"))
