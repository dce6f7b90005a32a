"""Days of the past: which were worked, and dice for what happened on them. Times are seconds since midnight in Japan (there is no summer time)."""
import datetime
import functools
import random

MONTHS_BACK_DAYS = 182
JST = datetime.timezone(datetime.timedelta(hours=9))
WEEKDAYS = "月火水木金土日"


def chance(*names):
    """Dice of their own for what is named so."""
    return random.Random("|".join(map(str, names)))


def _monday(year, month, number):
    first = datetime.date(year, month, 1)
    return first + datetime.timedelta(days=(7 - first.weekday()) % 7 + 7 * (number - 1))


def _equinox(year, spring):
    """Of 1980 to 2099, by the usual formula."""
    day = (20.8431 if spring else 23.2488) + 0.242194 * (year - 1980) - (year - 1980) // 4
    return datetime.date(year, 3 if spring else 9, int(day))


@functools.lru_cache
def holidays(year):
    """国民の祝日に関する法律; a holiday on a Sunday moves on, a day between two is one. At the year's end offices are closed."""
    days = {datetime.date(year, month, day) for month, day in
            ((1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))}
    days |= {_monday(year, 1, 2), _monday(year, 7, 3), _monday(year, 9, 3), _monday(year, 10, 2), _equinox(year, True), _equinox(year, False)}
    for day in sorted(days):
        if day.weekday() == 6:
            while day in days:
                day += datetime.timedelta(days=1)
            days.add(day)
    days |= {day + datetime.timedelta(days=1) for day in days
             if day + datetime.timedelta(days=2) in days and day + datetime.timedelta(days=1) not in days}
    return days | {datetime.date(year, 12, day) for day in (29, 30, 31)} | {datetime.date(year, 1, day) for day in (1, 2, 3)}


def works(date):
    return date.weekday() < 5 and date not in holidays(date.year)


def working_day(date):
    """That day, or the first working day after it; also after the past."""
    while not works(date):
        date += datetime.timedelta(days=1)
    return date


def spoken(date):
    """11月24日(火)"""
    return f"{date.month}月{date.day}日({WEEKDAYS[date.weekday()]})"


class Day:
    """`back`: days before the exercise. `work`: which working day before it (1: the last one), None on a day off."""

    def __init__(self, date, back, work):
        self.date, self.back, self.work = date, back, work
        self.iso = date.isoformat()
        self.epoch = int(datetime.datetime.combine(date, datetime.time(), JST).timestamp())

    def when(self, second):
        return datetime.datetime.fromtimestamp(self.epoch + second, JST)

    def stamp(self, second):
        """2026-11-24 09:30:05"""
        return f"{self.iso} {clock(second)}"

    def __str__(self):
        return spoken(self.date)


def clock(second):
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def past(exercise_day, length=MONTHS_BACK_DAYS):
    """The days before the exercise, the oldest first."""
    days, work = [], 0
    for back in range(1, length + 1):
        date = exercise_day - datetime.timedelta(days=back)
        at_work = works(date)
        work += at_work
        days.append(Day(date, back, work if at_work else None))
    return days[::-1]


def next_working(days, date, after=0):
    """The first working day of `days` that is `after` days after `date` or later; None where the past ends before."""
    wanted = date + datetime.timedelta(days=after)
    return next((day for day in days if day.work and day.date >= wanted), None)
