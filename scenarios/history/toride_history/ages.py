"""What a role's setup laid down bears the second in which it was baked: here it gets the age of people's documents."""
import os

from .days import chance

AT_LEAST_DAYS = 20


def age_files(chronicle, folder):
    """Each file that is not older than the past gets a working day of it. Before documents with days of their own are put there."""
    first = chronicle.days[0].epoch
    days = [day for day in chronicle.days[:-AT_LEAST_DAYS] if day.work]
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            if os.lstat(path).st_mtime >= first:
                dice = chance("age", path)
                moment = dice.choice(days).epoch + dice.randint(9 * 3600, 17 * 3600)
                os.utime(path, (moment, moment), follow_symlinks=False)


def age_folders(chronicle, folder):
    """A folder is as old as the newest thing in it. After all is there."""
    for place, _, _ in os.walk(folder, topdown=False):
        moment = max((entry.stat(follow_symlinks=False).st_mtime for entry in os.scandir(place)), default=chronicle.days[0].epoch)
        os.utime(place, (moment, moment))
