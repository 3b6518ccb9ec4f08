"""The deadlines of the deployed calendars, against an independent computation with the package
`holidays` and Python's own zoneinfo; and every time zone's clock changes against zoneinfo."""

import datetime
import functools
import os
import pathlib
import re
import subprocess
import sys
import zoneinfo

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALENDARS = ROOT / "deploy" / "calendars"
DUMP = ROOT / os.environ.get("CPOR_BUILD_DIR", "build/release") / "tools" / "calendar_dump"
COUNTRIES = sorted(path.stem for path in CALENDARS.glob("*.ics"))
UTC = datetime.timezone.utc
DAY = datetime.timedelta(1)
STEP = datetime.timedelta(minutes=15)
BUSINESS_DAYS = 5

zoneinfo.reset_tzpath(["/usr/share/zoneinfo"])


def pinned_version():
    requirements = (ROOT / "tests" / "requirements.txt").read_text()
    return re.search(r"^holidays==(\S+)$", requirements, re.M)[1]


@pytest.fixture(scope="module")
def holidays():
    wanted = pinned_version()
    try:
        import holidays as package
    except ImportError:
        pytest.fail(f"the package holidays is missing: pip install holidays=={wanted}")
    if package.__version__ != wanted:
        pytest.fail(f"holidays is {package.__version__}: pip install holidays=={wanted}")
    return package


def dump(*arguments):
    if not DUMP.exists():
        pytest.fail(f"{DUMP} is missing: build it, or set CPOR_BUILD_DIR")
    done = subprocess.run([DUMP, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split(",") for line in done.stdout.splitlines()]


def country_days(holidays, country):
    package_has_english = "en_US" in holidays.country_holidays(country).supported_languages
    return holidays.country_holidays(
        country,
        subdiv="ENG" if country == "GB" else None,
        years=range(2020, 2032),
        language="en_US" if package_has_english else None,
    )


def calendar_zone(country):
    text = (CALENDARS / f"{country}.ics").read_text(encoding="utf-8")
    return re.search(r"^X-WR-TIMEZONE:(\S+)", text, re.M)[1]


@functools.lru_cache(maxsize=None)
def day_start(zone_name, day):
    """The first instant of a local day, found by walking: no formula in common with the C code."""
    zone = zoneinfo.ZoneInfo(zone_name)
    at = datetime.datetime.combine(day, datetime.time(), zone).astimezone(UTC) - 12 * STEP
    while at.astimezone(zone).date() < day:
        at += STEP
    return at


def local_date(zone_name, at_ms):
    at = datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(milliseconds=at_ms)
    return at.astimezone(zoneinfo.ZoneInfo(zone_name)).date()


def expected_deadline_ms(days, zone_name, notified_at_ms):
    day = local_date(zone_name, notified_at_ms)
    counted = 0
    while counted < BUSINESS_DAYS:
        day += DAY
        counted += day not in days and not days._is_weekend(day)
    return round(day_start(zone_name, day + DAY).timestamp() * 1000)


def check(days, country, first_year, zone_name, *zone_argument):
    rows = dump(CALENDARS, country, f"{first_year}-01-01", f"{first_year + 2}-01-01",
                *zone_argument)
    assert len(rows) in (3 * 730, 3 * 731)
    dates = set()
    for notified, deadline in rows:
        dates.add(local_date(zone_name, int(notified)))
        assert int(deadline) == expected_deadline_ms(days, zone_name, int(notified)), notified
    assert len(dates) == len(rows) // 3


def test_enough_countries():
    assert len(COUNTRIES) >= 42


@pytest.mark.parametrize("country", COUNTRIES)
def test_two_years_of_deadlines(holidays, country):
    check(country_days(holidays, country), country, 2026, calendar_zone(country))


def test_changed_weekend(holidays):
    check(country_days(holidays, "AE"), "AE", 2021, "Asia/Dubai")


@pytest.mark.parametrize("zone_name", ["Asia/Beirut", "Africa/Cairo", "America/Santiago",
                                       "America/Havana", "Pacific/Chatham", "America/St_Johns",
                                       "Europe/Dublin", "Africa/Casablanca", "America/Nuuk"])
def test_customer_zone(holidays, zone_name):
    check(country_days(holidays, "US"), "US", 2024, zone_name, zone_name)


# Facts from outside of the package: a wrong package, or a wrong use of it, shows here.
@pytest.mark.parametrize("country, notified, last_day", [
    ("US", "2026-06-26", "2026-07-06"),  # Independence Day observed on Friday 3 July
    ("GB", "2026-12-23", "2027-01-04"),  # 25 December, Boxing Day observed on the 28th, 1 January
    ("KR", "2026-09-21", "2026-09-30"),  # Chuseok 24-26 September
    ("DE", "2026-12-23", "2026-12-31"),  # 25 December; the 26th, a Saturday, is not made up for
    ("AU", "2026-01-22", "2026-01-30"),  # Australia Day 26 January
    ("AE", "2021-06-03", "2021-06-10"),  # Friday and Saturday were the weekend
    ("SA", "2026-01-07", "2026-01-14"),  # Friday and Saturday are
])
def test_known_facts(country, notified, last_day):
    first = datetime.date.fromisoformat(notified)
    rows = dump(CALENDARS, country, notified, str(first + DAY))
    end = day_start(calendar_zone(country), datetime.date.fromisoformat(last_day) + DAY)
    assert {int(deadline) for _, deadline in rows} == {round(end.timestamp() * 1000)}


def test_generator_is_reproducible(holidays, tmp_path):
    subprocess.run([sys.executable, CALENDARS / "generate.py", tmp_path], check=True,
                   capture_output=True)
    for country in COUNTRIES:
        name = f"{country}.ics"
        assert (tmp_path / name).read_bytes() == (CALENDARS / name).read_bytes(), name
    assert len(list(tmp_path.iterdir())) == len(COUNTRIES)


def zone_bytes(name):
    """What Python reads; a zone's other names have the same."""
    return next(path.read_bytes() for path in (pathlib.Path(folder) / name
                                               for folder in zoneinfo.TZPATH) if path.is_file())


@pytest.mark.parametrize("first_year, last_year", [(2020, 2033), (2036, 2041)])
def test_clock_changes_of_all_zones(first_year, last_year):
    """Both sides of every change, and every 25th hour of the years; of equal zones one."""
    changes = {}
    for name, at, offset in dump("--zones", f"{first_year}-01-01", f"{last_year}-01-01"):
        changes.setdefault(name, []).append((int(at), int(offset)))
    left_out = {"localtime", "Factory", "posixrules"}
    assert set(changes) == zoneinfo.available_timezones() - left_out
    end = int(datetime.datetime(last_year, 1, 1, tzinfo=UTC).timestamp())
    different = {(zone_bytes(name), tuple(shifts)): name for name, shifts in changes.items()}
    for (_, shifts), name in different.items():
        zone = zoneinfo.ZoneInfo(name)
        for (at, offset), (until, _) in zip(shifts, shifts[1:] + ((end, 0),)):
            for second in (*range(at, until, 25 * 3600), until - 1):
                seen = datetime.datetime.fromtimestamp(second, zone).utcoffset()
                assert seen == datetime.timedelta(seconds=offset), (name, second)
