"""Who looked at which site through the proxy. The sites are those of scenarios/lans: the outside world goes round its addresses in this order."""
from collections import namedtuple
from urllib.parse import quote

from .days import chance

# second of the day, person (None: a server of ours), client's address, method, URL, status, bytes, user agent, how Squid got it
Visit = namedtuple("Visit", "second person address method url status bytes agent way")

WORLD = ["news.example", "search.example", "drop.example", "partner.example", "weather.example", "maps.example", "rail.example", "update.example",
         "gov-info.example", "learning.example", "shop.example", "antivirus.example"]
LAST_PARTS = (10, 11, 12, 25)
WORDS = ["住民基本台帳 事務処理要領", "戸籍法 改正 いつから", "マイナンバーカード 代理受取", "転出届 郵送 様式", "固定資産税 減免 災害", "軽自動車税 還付 手続き", "eLTAX 利用届出",
         "表計算 関数 日付 和暦", "窓付き封筒 規格", "プリンタ 紙詰まり 直し方", "個人情報保護法 漏えい報告 期限", "標的型メール 見分け方", "入札 最低制限価格 計算", "会議室 マイク ハウリング",
         "避難所 運営マニュアル", "ふるさと納税 ワンストップ 特例", "住登外 宛名番号", "年末調整 記入例", "公印省略 文書 書き方", "彩田市 天気", "USBメモリ 暗号化", "共有フォルダ アクセスできない"]
LUNCH = ("shop.example", "rail.example", "news.example", "maps.example")
# kind of machine → (user agent, path) of its look for updates
UPDATERS = {"Windows": ("Microsoft-Delivery-Optimization/10.0", "/v10/check?id={pc}&rev={revision}"),
            "Linux": ("Debian APT-HTTP/1.3 (2.6.1)", "/debian/dists/bookworm-updates/InRelease")}
SCANNER = "AvUpdate/4.18"


def site_address(chronicle, site):
    """Where a site of the world is: the facts of a host that trainees may read do not say. With a name server of its own on the internet, it is there."""
    resolver = chronicle.facts.get("resolver")
    for net, kind in chronicle.staff.networks.values():
        if kind == "internet":
            if resolver and chronicle.staff.network_of(resolver) == chronicle.staff.network_of(str(net[1])):
                return resolver
            return str(net[LAST_PARTS[WORLD.index(site) % len(LAST_PARTS)]]) if site in WORLD else str(net[1])
    return None


def _pages(dice, day, site):
    """(path, bytes) of one look at a site: the page and what belongs to it."""
    if site == "search.example":
        word = dice.choice(WORDS)
        return [("/", 812), (f"/search.html?q={quote(word)}", dice.randint(1400, 5200))][dice.randrange(2):]
    if site == "news.example":
        number = dice.randint(1, 30)
        pages = [("/", 1893), ("/style.css", 311), (f"/articles/{day.iso.replace('-', '')}-{number:02d}.html", dice.randint(2400, 9800))]
        return pages[:dice.choice((1, 2, 3, 3))]
    if site == "weather.example":
        return [("/saida.html", dice.randint(1500, 1620))]
    if site == "maps.example":
        return [(f"/?z=15&c={35 + dice.random():.4f},{139 + dice.random():.4f}", 4210)] + [
            (f"/tile/15/{dice.randint(29000, 29200)}/{dice.randint(12900, 12990)}.png", dice.randint(6000, 21000)) for _ in range(dice.randint(2, 5))]
    if site == "rail.example":
        return [(f"/route?from={quote('彩田')}&to={quote(dice.choice(('大宮', '東京', '熊谷', '浦和')))}&time={dice.randint(8, 19)}00", dice.randint(3100, 5200))]
    if site == "partner.example":
        return [("/", 1204), (dice.choice(("/support/", "/catalog/2026.html", "/manual/print.html")), dice.randint(2000, 16000))]
    if site == "gov-info.example":
        return [("/", 2410), (f"/tsuuchi/{day.date.year}/{dice.randint(100, 620)}.html", dice.randint(3000, 12000))]
    return [("/", dice.randint(900, 2300))]


def _secure(site):
    return site in ("learning.example", "shop.example", "antivirus.example")


def _look(chronicle, day, dice, person, second, site):
    way = f"HIER_DIRECT/{site_address(chronicle, site)}"
    if _secure(site):
        yield Visit(second, person, person.address, "CONNECT", f"{site}:443", 200, dice.randint(3800, 92000), person.agent, f"TCP_TUNNEL:{way}")
        return
    for path, size in _pages(dice, day, site):
        status = 404 if dice.random() < 0.01 else 304 if path.endswith(".css") and dice.random() < 0.7 else 200
        yield Visit(second, person, person.address, "GET", f"http://{site}{path}", status, {404: 519, 304: 187}.get(status, size + 240), person.agent, f"TCP_MISS:{way}")
        second += dice.randint(1, 14)


def _background(chronicle, day, dice, person, start, end):
    """What the machine does by itself: looks for updates of the system and of the virus patterns."""
    way = f"HIER_DIRECT/{site_address(chronicle, 'update.example')}"
    updater, path = UPDATERS["Linux" if "Linux" in person.agent else "Windows"]
    url = "http://update.example" + path.format(pc=person.pc, revision=day.date.toordinal() % 10000)
    second = start + dice.randint(20, 200)
    while second < end:
        yield Visit(second, person, person.address, "GET", url, 200, dice.choice((412, 412, 413, 1820)), updater, f"TCP_MISS:{way}")
        second += 3600 + dice.randint(-240, 240)
    second = start + dice.randint(60, 400)
    while second < end:
        yield Visit(second, person, person.address, "CONNECT", "antivirus.example:443", 200, dice.choice((5210, 5210, 88412)), SCANNER,
                    f"TCP_TUNNEL:HIER_DIRECT/{site_address(chronicle, 'antivirus.example')}")
        second += 4 * 3600


def visits(chronicle, day):
    """All visits of a day, by time."""
    seen = []
    for person in chronicle.staff.people.values():
        hours = person.hours(day)
        if not hours or not person.address:
            continue
        dice = chance("visits", person.account, day.work)
        for second in person.moments(day, dice, 13):
            if 43200 <= second < 46800:
                site = dice.choice(LUNCH)
            else:
                site = dice.choices(WORLD, (20, 30, 1, 6, 10, 4, 4, 0, 14, 4, 1, 0))[0]
            seen += _look(chronicle, day, dice, person, second, site)
        seen += _background(chronicle, day, dice, person, *hours)
    return sorted(seen, key=lambda visit: visit[:1] + visit[2:5])
