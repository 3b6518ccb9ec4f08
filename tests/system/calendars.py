"""Business days, slow and obvious, from the maintained Python package `holidays`."""

import datetime
import functools
import zoneinfo

import holidays

from words import DEFAULT_COUNTRY, ZONES


@functools.lru_cache(maxsize=None)
def holidays_of(country, year):
    """The year's national holidays, and those of the years beside it."""
    subdivision = {"GB": "ENG"}.get(country)
    return holidays.country_holidays(country, subdiv=subdivision, years=range(year - 1, year + 2))


def calendar_id(document, tenant):
    """The customer's country, else the tenant's, else the default."""
    country = (document["customer"].get("country") or (tenant or {}).get("country"))
    return country if country in ZONES else DEFAULT_COUNTRY


def zone_of(document, tenant):
    name = document["customer"].get("time_zone") or ZONES[calendar_id(document, tenant)]
    return zoneinfo.ZoneInfo(name)


def local_day(at_ms, zone):
    moment = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return moment.astimezone(zone).date()


def first_instant_ms(day, zone):
    """The first instant of a local day; where midnight does not exist, the first one after."""
    midnight = datetime.datetime.combine(day, datetime.time(), zone)
    return int(midnight.timestamp()) * 1000


def is_business_day(day, country):
    calendar = holidays_of(country, day.year)
    return day.weekday() not in calendar.weekend and day not in calendar


def deadline_ms(at_ms, country, zone=None, days=5):
    """The end of the fifth business day after the local day of `at_ms`."""
    country = country if country in ZONES else DEFAULT_COUNTRY
    zone = zone or zoneinfo.ZoneInfo(ZONES[country])
    day = local_day(at_ms, zone)
    counted = 0
    while counted < days:
        day += datetime.timedelta(days=1)
        if is_business_day(day, country):
            counted += 1
    return first_instant_ms(day + datetime.timedelta(days=1), zone)
