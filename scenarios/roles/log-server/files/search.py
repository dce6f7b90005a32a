#!/usr/bin/python3
"""logs and flows: search what the hosts have sent here, by time, host and text.

ログと通信の記録を、時刻・ホスト・文字列で探します。"""
import argparse
import heapq
import ipaddress
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

HOSTS = Path("/var/log/hosts")  # HOST/DAY.log, lines "DAY TIME HOST PROGRAM: MESSAGE"
FLOWS = Path("/var/log/flows")  # nfcapd's
STAMP = "%Y-%m-%d %H:%M:%S"
FIRST, LAST = "1971-01-01 00:00:00", "2037-12-31 23:59:59"
PROTOCOLS = {"1": "ICMP", "6": "TCP", "17": "UDP"}

TIMES = """times: 09:00, 09:00:30 (today), 2026-11-24, "2026-11-24 09:00", 30m, 2h, 1d (ago)
時刻: 09:00, 09:00:30 (今日), 2026-11-24, "2026-11-24 09:00", 30m, 2h, 1d (前)
"""
LOGS_HELP = TIMES + """
  logs --host proxy evil.example
  logs --host proxy --host fw-office --from 09:00 --to 09:30 10.1.12.117
  logs --from 10m 'DROP .*DPT=445'
  logs --list                     hosts and their days / ホストと日付の一覧
Files / ファイル: /var/log/hosts/HOST/2026-11-24.log (grep, less)"""
FLOWS_HELP = TIMES + """
  flows --host pc-tanaka --from 30m
  flows --from 09:00 'dst port 445 and not src host 10.1.1.20'      filter of nfdump(1) / nfdump の条件式
  flows --top --host pc-tanaka    who talks to whom, most flows first / 相手ごとの集計 (回数の多い順)
Files / ファイル: /var/log/flows (nfdump -R /var/log/flows). A flow is here one to two minutes after it ended / 通信の終了から 1〜2 分後に現れる"""


class BadTime(argparse.ArgumentTypeError):
    def __init__(self, text):
        super().__init__(f"'{text}' is no time / 時刻ではありません: 09:00, 2026-11-24, \"2026-11-24 09:00\", 30m")


def bound(text, end):
    """A time as people write it, as "YYYY-MM-DD HH:MM:SS"; for the end of a span, its last second."""
    now = datetime.now()
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if ago:
        seconds = int(ago[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[ago[2]]
        return (now - timedelta(seconds=seconds)).strftime(STAMP)
    for form, span in (("%H:%M", 59), ("%H:%M:%S", 0), ("%Y-%m-%d", 86399), ("%Y-%m-%d %H:%M", 59), (STAMP, 0)):
        try:
            moment = datetime.strptime(text.replace("T", " "), form)
        except ValueError:
            continue
        if form.startswith("%H"):
            moment = datetime.combine(now.date(), moment.time())
        return (moment + timedelta(seconds=span if end else 0)).strftime(STAMP)
    raise BadTime(text)


def day(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise BadTime(text)
    return text


def known_hosts():
    """Names to addresses, from /etc/hosts."""
    known = {}
    for line in Path("/etc/hosts").read_text(encoding="utf-8").splitlines():
        address, *names = line.split()
        for name in names:
            known.setdefault(name, []).append(address)
    return known


def parser(name, what, examples):
    made = argparse.ArgumentParser(prog=name, description=what, epilog=examples, allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--host", action="append", default=[], metavar="NAME", help="of that host only; may be repeated / ホストで絞る (複数可)")
    made.add_argument("--from", dest="since", type=lambda text: bound(text, False), metavar="TIME", help="from then on / 開始時刻")
    made.add_argument("--to", dest="until", type=lambda text: bound(text, True), metavar="TIME", help="until then / 終了時刻")
    made.add_argument("--day", type=day, metavar="DAY", help="on that day (2026-11-24) / その日だけ")
    return made


def span(options):
    first, last = (f"{options.day} 00:00:00", f"{options.day} 23:59:59") if options.day else (FIRST, LAST)
    return options.since or first, options.until or last


# ---- logs ----

def lines_of(host, since, until):
    """The host's lines in that time; days are files, and lines begin with the time."""
    for path in sorted((HOSTS / host).glob("*.log")):
        if since[:10] <= path.stem <= until[:10]:
            with path.open(encoding="utf-8", errors="replace") as file:
                yield from (line for line in file if since <= line[:19] <= until)


def matcher(text, options):
    flags = re.IGNORECASE if options.ignore_case else 0
    try:
        return re.compile(re.escape(text) if options.fixed else text, flags)
    except re.error:
        return re.compile(re.escape(text), flags)


def logs(arguments):
    made = parser("logs", "searches the hosts' logs / 各ホストのログを探す", LOGS_HELP)
    made.add_argument("-i", "--ignore-case", action="store_true", help="upper and lower case alike / 大文字と小文字を区別しない")
    made.add_argument("-F", "--fixed", action="store_true", help="TEXT as it stands, no regular expression / 正規表現ではなく文字列として")
    made.add_argument("--list", action="store_true", help="the hosts, and of which days there are logs / ホストと日付の一覧")
    made.add_argument("text", nargs="*", metavar="TEXT", help="regular expressions; all must match / 正規表現 (すべてに一致する行)")
    options = made.parse_args(arguments)
    since, until = span(options)
    there = sorted(path.name for path in HOSTS.iterdir())
    if options.list:
        for host in there:
            days = sorted(path.stem for path in (HOSTS / host).glob("*.log"))
            print(f"{host:20} {days[0]} .. {days[-1]} ({len(days)})" if days else host)
        return
    for host in options.host:
        if host not in there:
            made.error(f"no logs of '{host}' / ログがありません; there are / あるもの: {', '.join(there) or '-'}")
    wanted = [matcher(text, options) for text in options.text]
    sources = [lines_of(host, since, until) for host in options.host or there]
    for line in heapq.merge(*sources, key=lambda text: text[:19]):
        if all(one.search(line) for one in wanted):
            sys.stdout.write(line)


# ---- flows ----

def nfdump(options, filters):
    """The records: start, seconds, protocol, source and destination (address, port), packets, bytes, TCP flags."""
    command = ["nfdump", "-R", str(FLOWS), "-q", "-N", "-O", "tstart", "-o", "fmt:%ts|%td|%pr|%sa|%sp|%da|%dp|%pkt|%byt|%flg"]
    if options.since or options.until or options.day:
        first, last = (datetime.strptime(text, STAMP) for text in span(options))
        # nfdump ends with the beginning of the second that it is given.
        command += ["-t", "-".join(moment.strftime("%Y/%m/%d.%H:%M:%S") for moment in (first, last + timedelta(seconds=1)))]
    if filters:
        command.append(" and ".join(f"({one})" for one in filters))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            record = [field.strip() for field in line.rstrip("\n").split("|")]
            if len(record) == 10:
                yield record
    if process.returncode:
        sys.exit("flows: nfdump does not take this filter / 条件式が正しくありません")


def address_filter(host, known):
    try:
        addresses = known.get(host) or [str(ipaddress.ip_address(host))]
    except ValueError:
        sys.exit(f"flows: no host '{host}' / ホストがありません; {', '.join(sorted(known))}")
    return " or ".join(f"host {address}" for address in addresses)


def flows(arguments):
    made = parser("flows", "searches the flow records: who talked to whom, when, how much / 通信の記録 (だれが・だれと・いつ・どれだけ) を探す", FLOWS_HELP)
    made.add_argument("--top", action="store_true", help="sums for each pair and port / 組とポートごとの集計")
    made.add_argument("-n", "--numeric", action="store_true", help="addresses, no names / 名前ではなくアドレスで表示")
    made.add_argument("filter", nargs="*", metavar="FILTER", help="as nfdump takes them; all must match / nfdump の条件式 (すべてに一致)")
    options = made.parse_args(arguments)
    known = known_hosts()
    names = {} if options.numeric else {address: name for name, addresses in known.items() for address in addresses}
    hosts = [address_filter(host, known) for host in options.host]
    filters = ([" or ".join(hosts)] if hosts else []) + options.filter
    sums = Counter(), Counter()
    for start, seconds, protocol, source, source_port, target, target_port, packets, size, flags in nfdump(options, filters):
        protocol = PROTOCOLS.get(protocol, protocol)
        source, target = names.get(source, source), names.get(target, target)
        if options.top:
            pair = (protocol, source, f"{target}:{target_port}")
            sums[0][pair] += 1
            sums[1][pair] += int(size)
        else:
            print(f"{start:19.19} {float(seconds):6.1f}s {protocol:5} {source + ':' + source_port:>24} > {target + ':' + target_port:24} {packets:>6} pkt {size:>9} B {flags}")
    for pair, count in sums[0].most_common():
        print(f"{count:6} flows {sums[1][pair]:10} B  {pair[0]:5} {pair[1]:>18} > {pair[2]}")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    {"logs": logs, "flows": flows}[os.path.basename(sys.argv[0])](sys.argv[1:])
