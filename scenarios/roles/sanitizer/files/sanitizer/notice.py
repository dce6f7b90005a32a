"""What people find in the place of a file that was taken out."""


def notice(name, reason):
    return f"""このファイルは無害化サーバが取り除きました。
ファイル: {name}
理由: {reason}
必要なときは情報システム担当に連絡してください。原本は隔離領域にあります。

The sanitising server has taken this file out.
File: {name}
Reason: {reason}
If you need it, ask the IT staff: the original is in quarantine.
""".encode()


def left_notice(name, reason):
    return f"""無害化サーバは次のものを渡していません。元の場所に残っています。
名前: {name}
理由: {reason}
置き直すか、削除してください。そのあと、このお知らせは消えます。

The sanitising server has not taken this; it still is where it was.
Name: {name}
Reason: {reason}
Put it there in another way, or delete it; then this notice goes.
""".encode()


def mail_notice(sender, reason, identity):
    return f"""{sender or "<>"} からのメールは無害化サーバが隔離しました。
理由: {reason}
隔離番号: {identity}
必要なときは情報システム担当に連絡してください。

The sanitising server holds back a mail from {sender or "<>"}.
Reason: {reason}
Number in quarantine: {identity}
If you need it, ask the IT staff.
"""
