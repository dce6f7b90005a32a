"""The outside as our edge sees it: visitors of the public site, and what a firewall blocks. Addresses outside the range's own are documentation
addresses (RFC 5737) and those of benchmark networks (RFC 2544): they belong to nobody."""
import ipaddress
from collections import namedtuple

from .days import chance

Hit = namedtuple("Hit", "second address path status bytes referer agent")
# second, from, to, protocol, source port, destination port, TTL, in, out
Packet = namedtuple("Packet", "second source to protocol sport dport ttl length")

CRAWLERS = (("SearchBot/2.1 (+http://search.example/bot.html)", 40), ("ArchiveCrawler/1.4 (+http://archive.example/)", 12))
AGENTS = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
          "Mozilla/5.0 (Linux; Android 13; SO-53C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15")
# path, bytes, how often; the pages of roles/web/files/site
PAGES = (("/", 2358, 30), ("/procedures/", 1510, 10), ("/procedures/certificate.html", 2214, 14), ("/procedures/moving.html", 1890, 8), ("/procedures/garbage.html", 1702, 12),
         ("/tax.html", 1960, 9), ("/disaster.html", 1820, 6), ("/business.html", 1610, 4), ("/city.html", 1530, 3), ("/contact.html", 1671, 7),
         ("/news/mynumber.html", 1420, 5), ("/news/phishing.html", 1590, 3), ("/news/congestion.html", 1390, 4), ("/residents.html", 1254, 2))
PROBES = ("/wp-login.php", "/.env", "/admin/", "/phpmyadmin/index.php", "/.git/config", "/cgi-bin/luci", "/xmlrpc.php", "/boaform/admin/formLogin", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php")
NOISE = ((23, "TCP", 26), (445, "TCP", 16), (22, "TCP", 14), (3389, "TCP", 12), (8080, "TCP", 7), (5060, "UDP", 6), (1433, "TCP", 5), (123, "UDP", 4), (6379, "TCP", 3),
         (2323, "TCP", 3), (5555, "TCP", 2), (161, "UDP", 3), (53, "UDP", 3), (443, "TCP", 6))
HOURLY = (4, 3, 2, 2, 2, 3, 5, 9, 13, 16, 15, 14, 17, 14, 13, 13, 12, 11, 11, 12, 13, 12, 9, 6)


def address(dice):
    return str(ipaddress.ip_address((0xC6120000 | dice.randrange(1 << 17)) if dice.random() < 0.8 else (0xC0000200 | dice.randint(1, 254))))


def _visitor(dice, second, sites):
    """One person's walk through the site."""
    client, agent = address(dice), dice.choice(AGENTS)
    referer = dice.choice(("-", "-", "http://search.example/search.html"))
    for step in range(dice.choice((1, 1, 2, 2, 3, 5))):
        path, size, _ = PAGES[0] if not step and dice.random() < 0.5 else dice.choices(PAGES, [page[2] for page in PAGES])[0]
        yield Hit(second, client, path, 404 if path == "/residents.html" else 200, size, referer, agent)
        if not step:
            yield Hit(second, client, "/style.css", 200, 1127, f"http://{sites[0]}{path}", agent)
        referer = f"http://{sites[0]}{path}"
        second += dice.randint(8, 95)


def _crawler(dice, agent, pages):
    client = f"198.18.{len(agent)}.{dice.randint(2, 9)}"
    second = dice.randrange(70000)
    yield Hit(second, client, "/robots.txt", 200, 49, "-", agent)
    for _ in range(dice.randint(2, pages // 4)):
        second += dice.randint(10, 900)
        path, size, _ = dice.choice(PAGES)
        yield Hit(second, client, path, 404 if path == "/residents.html" else 200, size, "-", agent)


def hits(chronicle, day):
    """Visitors of the public site, by time: half as many on days off."""
    dice = chance("hits", day.back)
    sites = chronicle.staff.sites or ["www.office.example"]
    seen = []
    for hour, weight in enumerate(HOURLY):
        for _ in range(int(weight * dice.uniform(0.15, 0.4) * (1 if day.work else 0.5) + dice.random())):
            seen += _visitor(dice, hour * 3600 + dice.randrange(3600), sites)
    for agent, pages in CRAWLERS:
        seen += _crawler(dice, agent, pages)
    for _ in range(dice.randint(0, 3)):
        client, second = address(dice), dice.randrange(86000)
        for path in dice.sample(PROBES, dice.randint(1, 5)):
            seen.append(Hit(second, client, path, 404, 1254, "-", dice.choice(("-", "python-requests/2.28.1", "Mozilla/5.0 zgrab/0.x", "Go-http-client/1.1"))))
            second += dice.randint(0, 2)
    return sorted(hit for hit in seen if hit.second < 86400)


def noise(day, targets, count=90):
    """Packets from the internet that nobody asked for, by time: single knocks, and now and then somebody who tries one port at all of `targets`."""
    dice = chance("noise", day.back, *targets)
    seen = []
    for _ in range(int(count * dice.uniform(0.7, 1.3))):
        port, protocol, _ = dice.choices(NOISE, [entry[2] for entry in NOISE])[0]
        second, source, sport = dice.randrange(86400), address(dice), dice.randint(1025, 65535)
        many = dice.random() < 0.08
        for target in targets if many else [dice.choice(targets)]:
            for again in range(dice.choice((1, 1, 2))):
                seen.append(Packet(min(second + again * 3, 86399), source, target, protocol, sport, port, dice.choice((48, 51, 53, 238, 242, 113)), 40 if protocol == "TCP" else dice.choice((46, 76, 428))))
    return sorted(seen)
