"""Documents on the shares: who saved what, who only looked. A document's content is made when it is asked for."""
import datetime
import zlib
from collections import namedtuple

from . import paper_files
from .days import chance, working_day, works

# operation: connect, write, read, mkdir, disconnect
Use = namedtuple("Use", "second person address share operation path")
Document = namedtuple("Document", "share path author day second kind title dice")
# a document that the sanitising server took out of a closed network's outbox: when, from which host, into which of its shares
Crossing = namedtuple("Crossing", "document second host share")
# department, share in a closed network (or None: the department's own, or common), path, kind, every so many working days (None: on a month's last one); monthly files are saved again and again
_Habit = namedtuple("_Habit", "department share path kind every")

COMMON, OUTBOX = "common", "outbox"
HABITS = (
    _Habit("residents", None, "窓口/窓口日報_{month}.xlsx", "counter", 1), _Habit("residents", None, "異動/異動届受付簿_{month}.csv", "moves", 2),
    _Habit("residents", None, "証明書/証明書発行件数_{month}.xlsx", "certificates", 5), _Habit("residents", None, "会議録/課内会議_{day}.docx", "minutes", 11),
    _Habit("residents", None, "マニュアル/窓口対応マニュアル_{month}版.docx", "manual", 40),
    _Habit("tax", None, "課税/課税客体異動_{month}.csv", "moves", 2), _Habit("tax", None, "収納/収納状況_{month}.xlsx", "income", 3),
    _Habit("tax", None, "発送/引抜対象一覧_{day}.csv", "pull", 9), _Habit("tax", None, "滞納整理/催告書発送伺_{day}.docx", "letter", 13),
    _Habit("tax", None, "会議録/課内会議_{day}.docx", "minutes", 14),
    _Habit("policy", None, "システム/障害連絡票_{day}.docx", "fault", 12), _Habit("policy", None, "システム/端末台帳_{month}.xlsx", "machines", 8),
    _Habit("policy", None, "庶務/会議室予約_{month}.csv", "rooms", 3), _Habit("policy", None, "庶務/職員研修受講状況_{month}.xlsx", "training", 10),
    _Habit("procurement", None, "契約/見積比較表_{day}.xlsx", "quotes", 7), _Habit("procurement", None, "庶務/消耗品在庫_{month}.csv", "stock", 6),
    _Habit("procurement", "orders", "発注/発注一覧_{month}.csv", "stock", 2), _Habit("procurement", "orders", "検収/検収調書_{day}.docx", "letter", 6),
    _Habit("procurement", "orders", "契約/単価契約台帳_{month}.xlsx", "quotes", 9), _Habit("procurement", "outbox", "発注実績_{month}.csv", "stock", None),
    _Habit("research", "data", "測定/測定結果_{day}.csv", "measured", 3), _Habit("research", "data", "集計/月次集計_{month}.xlsx", "income", 7),
    _Habit("research", "data", "報告書/中間報告_{day}.docx", "minutes", 24), _Habit("research", "outbox", "集計結果_{month}.csv", "measured", None),
)
NAMES = ("青木", "石田", "上野", "遠藤", "大野", "金子", "木下", "工藤", "斉藤", "坂本", "柴田", "清水", "杉山", "高田", "千葉", "中島", "西村", "野村", "橋本", "藤田", "松本", "三浦", "宮崎", "村田", "森田", "矢野", "山口", "吉田", "和田")
STREETS = ("中央1丁目", "中央2丁目", "緑町1丁目", "北3丁目", "西町4丁目", "東台2丁目", "本町5丁目", "南1丁目")


def _share(chronicle, person, habit):
    """A department with a segment of its own has a share of its own."""
    if habit.share:
        return habit.share
    staff = chronicle.staff
    return person.department if staff.networks.get(person.department, (None, "closed"))[1] == "lan" else COMMON


def _path(habit, date):
    return habit.path.format(month=f"{date:%Y%m}", day=f"{date:%Y%m%d}")


def _saves(chronicle, day, habit):
    """(second, person, share, path) of each save."""
    people = [person for person in chronicle.staff.people.values() if person.department == habit.department and (
        person.closed_address if habit.share else person.address)]
    dice = chance("papers", habit.path, day.work)
    due = dice.random() < 1 / habit.every if habit.every else working_day(day.date + datetime.timedelta(days=1)).month != day.date.month
    if not people or not day.work or not due:
        return
    person = dice.choice(people)
    for second in person.moments(day, dice, 2)[-1 if habit.share == OUTBOX else -2:]:  # what is in an outbox is done, and soon gone
        yield second, person, _share(chronicle, person, habit), _path(habit, day.date)


def _saved(chronicle):
    """(share, path) → (date, second) of the first save; made once and kept with the chronicle."""
    if not hasattr(chronicle, "first_saves"):
        chronicle.first_saves = {}
        for day in chronicle.days:
            for habit in HABITS:
                for second, _person, share, path in _saves(chronicle, day, habit):
                    chronicle.first_saves.setdefault((share, path), (day.date, second))
    return chronicle.first_saves


def _there(chronicle, day, second, share, path):
    """There is something to open: it has been saved before."""
    return _saved(chronicle).get((share, path), (day.date, 86400)) < (day.date, second)


def uses(chronicle, day, closed=False):
    """What happened on the shares of the office (or of the closed networks) on a day, by time."""
    seen = []
    for habit in HABITS:
        if bool(habit.share) == closed:
            for second, person, share, path in _saves(chronicle, day, habit):
                address = person.closed_address if closed else person.address
                if share != OUTBOX and _there(chronicle, day, second - 38, share, path):
                    seen.append(Use(second - 38, person, address, share, "read", path))
                seen += [Use(second - 40, person, address, share, "connect", ""), Use(second, person, address, share, "write", path), Use(second + 310, person, address, share, "disconnect", "")]
    for person in chronicle.staff.people.values():
        address = person.closed_address if closed else person.address
        if not address or closed:
            continue
        dice = chance("readers", person.account, day.work)
        for second in person.moments(day, dice, 3):
            document = _known(chronicle, day, second, person, dice)
            if document:
                seen += [Use(second, person, address, document[0], "connect", ""), Use(second + 2, person, address, document[0], "read", document[1]),
                         Use(second + 307, person, address, document[0], "disconnect", "")]
    return sorted(seen, key=lambda use: (use.second, use.person.account, use.operation))


def _known(chronicle, day, second, person, dice):
    """(share, path) of a document that a person may look at now: of the own department, this month's or, before that is there, last month's."""
    habits = [habit for habit in HABITS if not habit.share and habit.department == person.department and "{month}" in habit.path]
    if not habits:
        return None
    habit = dice.choice(habits)
    share, first = _share(chronicle, person, habit), day.date.replace(day=1)
    paths = (_path(habit, date) for date in (first, first - datetime.timedelta(days=1)))
    return next(((share, path) for path in paths if _there(chronicle, day, second, share, path)), None)


def _saved_documents(chronicle, closed):
    for day in chronicle.days:
        for habit in HABITS:
            if bool(habit.share) == closed:
                for second, person, share, path in _saves(chronicle, day, habit):
                    yield Document(share, path, person, day, second, habit.kind, path.rpartition("/")[2].rpartition(".")[0], ("content", path.rpartition("_")[0], day.work))


def documents(chronicle, closed=False):
    """The documents as the exercise's day finds them: the last save of each path. What was put into an outbox has gone."""
    last = {(document.share, document.path): document for document in _saved_documents(chronicle, closed) if document.share != OUTBOX}
    return [last[key] for key in sorted(last)]


def crossings(chronicle):
    """By time; made once and kept with the chronicle."""
    if not hasattr(chronicle, "crossed"):
        chronicle.crossed = list(_crossings(chronicle))
    return chronicle.crossed


def _crossings(chronicle):
    staff = chronicle.staff
    for document in _saved_documents(chronicle, True):
        network = staff.network_of(document.author.closed_address)
        servers = [name for name, host in staff.hosts.items() if host["role"] == "file" and any(staff.network_of(address) == network for address in host.get("addresses") or [])]
        if document.share != OUTBOX or not servers:
            continue
        second = min(document.second + chance("crossing", document.path, document.day.work).randint(2, 5), 86399)
        yield Crossing(document, second, servers[0], f"from-{network if len(servers) == 1 else servers[0]}")


def _dates(document):
    """The working days of its month until it was saved, which was on one."""
    month = (document.day.date.replace(day=number) for number in range(1, document.day.date.day + 1))
    return [date.isoformat() for date in month if works(date)]


def _rows(kind, dice, document):
    """Header and rows of a table. People in it are made up: no name in full, no real address."""
    dates = _dates(document)
    if kind == "counter":
        rows = [(date, dice.randint(60, 190), dice.randint(20, 70), dice.randint(4, 31), f"{dice.randint(5, 40)}分") for date in dates]
        return [("日付", "証明書", "届出", "印鑑登録", "最長待ち時間"), *rows]
    if kind == "moves":
        rows = [(i + 1, dice.choice(dates), dice.choice(("転入", "転出", "転居", "世帯分離")), f"{dice.randint(10000000, 99999999)}", dice.choice(NAMES), dice.choice(STREETS), dice.choice(("済", "済", "済", "確認中"))) for i in range(dice.randint(40, 120))]
        return [("番号", "受付日", "異動事由", "宛名番号", "氏", "住所", "処理"), *rows]
    if kind == "certificates":
        return [("種類", "窓口", "支所", "コンビニ"), *((name, dice.randint(80, 900), dice.randint(20, 200), dice.randint(50, 400)) for name in ("住民票の写し", "印鑑登録証明書", "戸籍全部事項証明書", "所得証明書"))]
    if kind == "income":
        return [("区分", "調定額", "収入額", "収入率"), *((name, total := dice.randint(9_000_000, 890_000_000), int(total * dice.uniform(0.9, 0.99)), f"{dice.uniform(90, 99):.1f}%") for name in ("市民税", "固定資産税", "軽自動車税", "都市計画税"))]
    if kind == "pull":
        return [("通知書番号", "宛名番号", "理由"), *((f"{dice.randint(100000, 999999)}", f"{dice.randint(10000000, 99999999)}", dice.choice(("住所変更", "死亡", "口座変更", "重複"))) for _ in range(dice.randint(5, 30)))]
    if kind == "machines":
        return [("端末", "所属", "OS", "更新", "状態"), *((f"SC{dice.randint(1000, 1999)}", dice.choice(("市民課", "税務課", "契約課", "情報政策課")), "Debian 12", dice.choice(dates), dice.choice(("良好", "良好", "交換予定"))) for _ in range(60))]
    if kind == "rooms":
        return [("日付", "時間", "会議室", "用件", "予約者"), *((dice.choice(dates), f"{dice.randint(9, 16)}:00", dice.choice(("第1会議室", "第2会議室", "201会議室")), dice.choice(("課内会議", "業者打合せ", "研修", "面談")), dice.choice(NAMES)) for _ in range(30))]
    if kind == "training":
        return [("所属", "対象者", "修了", "未受講"), *((name, total := dice.randint(8, 40), done := dice.randint(4, total), total - done) for name in ("市民課", "税務課", "契約課", "情報政策課", "産業研究所"))]
    if kind == "quotes":
        return [("品名", "A社", "B社", "C社"), *((name, *(int(price * dice.uniform(0.9, 1.2)) for _ in range(3))) for name, price in (("コピー用紙 A4", 2480), ("トナー 黒", 14800), ("封筒 長3", 6900), ("消毒液 5L", 5200)))]
    if kind == "measured":
        return [("時刻", "地点", "水温", "濁度", "pH"), *((f"{h:02d}:00", f"P{dice.randint(1, 6)}", f"{dice.uniform(8, 24):.1f}", f"{dice.uniform(0.1, 3):.2f}", f"{dice.uniform(6.6, 7.8):.2f}") for h in range(24) for _ in range(3))]
    return [("品目コード", "品名", "数量", "金額", "状態"), *((f"{dice.choice('PTBSRDMHL')}-{dice.randint(1, 40):02d}", dice.choice(("コピー用紙 A4", "トナー 黒", "封筒", "保存水", "消毒液", "手袋")), dice.randint(1, 40), dice.randint(700, 148000), dice.choice(("支払済", "検収済", "発注済"))) for _ in range(dice.randint(20, 70)))]


_PARAGRAPHS = {
    "minutes": ("日時 {day} 10時から", "出席 {author} ほか4名", "1 前回の確認 期限を過ぎた案件はなし。", "2 窓口・繁忙期の体制 {month}月は応援を1名増やす。", "3 個人情報の取扱い 机上の書類は退庁時に施錠保管する。共有フォルダのアクセス権を四半期ごとに見直す。", "4 その他 次回は2週間後。"),
    "manual": ("作成 {author}", "第1 本人確認 顔写真付きの書類1点、または写真のない書類2点を確認する。", "第2 代理人 委任状の記載事項(委任者、受任者、委任の範囲、日付)を確認する。", "第3 不審な請求 その場で交付せず、係長に引き継ぐ。", "第4 端末 離席時は必ず画面をロックする。"),
    "letter": ("起案 {author} {day}", "標記について、別紙のとおり処理してよろしいか伺います。", "1 件数 27件", "2 根拠 事務処理要領第8条", "3 経費 郵送料は役務費から支出する。"),
    "fault": ("記入 {author} {day}", "1 発生日時 {day} 9時20分ごろ", "2 機器 複合機(2階東)", "3 状況 印刷できないとの連絡が市民課からあった。", "4 対応 印刷待ちを取り消し、再起動した。9時45分に復旧。", "5 原因 送られたファイルが壊れていた。"),
}


def content(document):
    """The document's bytes."""
    dice = chance(*document.dice)
    when = document.day.when(document.second)
    if document.path.endswith(".docx"):
        words = {"day": str(document.day), "author": document.author.name, "month": document.day.date.month}
        return paper_files.docx(document.title, [line.format(**words) for line in _PARAGRAPHS[document.kind]], document.author.name, when)
    rows = _rows(document.kind, dice, document)
    return paper_files.xlsx(document.title, rows, document.author.name, when) if document.path.endswith(".xlsx") else paper_files.csv(rows)


def attachment(name, letter):
    """(bytes, MIME subtype) of a document that comes with a mail."""
    when = letter.day.when(letter.second)
    title, _, kind = name.rpartition(".")
    author = letter.names.get(letter.sender) or letter.sender
    if kind == "docx":
        words = {"day": str(letter.day), "author": author, "month": letter.day.date.month}
        return paper_files.docx(title, [line.format(**words) for line in _PARAGRAPHS["minutes"]], author, when), f"vnd.openxmlformats-officedocument.{paper_files.WORD}"
    dice = chance("attachment", letter.subject, letter.day.work, zlib.crc32(name.encode()))
    rows = [("項目", "今月", "前月"), *((item, dice.randint(10, 900), dice.randint(10, 900)) for item in ("受付件数", "処理件数", "未処理", "問い合わせ"))]
    return paper_files.xlsx(title, rows, author, when), f"vnd.openxmlformats-officedocument.{paper_files.SHEET}"
