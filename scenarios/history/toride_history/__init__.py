"""What the organisation did in the months before the exercise; see README.md in the folder above."""
import datetime
import json
import os

from .days import chance, clock, past
from .staff import Staff

FACTS = os.environ.get("TORIDE_FACTS", "/etc/toride/facts.json")


class Chronicle:
    """The facts of this host, the staff, the days (the oldest first); the modules letters, visits, … tell from it."""

    def __init__(self, facts=None, day=None):
        if facts is None:
            with open(FACTS, encoding="utf-8") as file:
                facts = json.load(file)
        self.facts = facts
        self.options = facts.get("options") or {}
        self.today = datetime.date.fromisoformat(day or os.environ["TORIDE_DAY"])
        self.staff = Staff(facts)
        self.days = past(self.today)

    def last(self, count):
        """The last `count` days."""
        return self.days[-count:]


__all__ = ["Chronicle", "chance", "clock"]
