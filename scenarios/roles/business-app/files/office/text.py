"""Words: Japanese in the pages, English where the browser asks for it."""
from flask import g, request

ENGLISH = {
    "受発注管理システム": "Order management", "問い合わせ管理": "Tickets", "ログイン": "Log in", "ログアウト": "Log out",
    "職員ID": "Account", "パスワード": "Password", "職員IDまたはパスワードが違います。": "Account or password is wrong.",
    "発注一覧": "Orders", "新規発注": "New order", "取引先": "Suppliers", "品目": "Items", "操作記録": "Audit log",
    "発注番号": "Number", "件名": "Title", "所属": "Department", "起案者": "Requested by", "承認者": "Approved by", "状態": "State",
    "起案日": "Created", "更新": "Changed", "納期": "Needed by", "金額": "Total", "合計": "Total", "数量": "Quantity", "単価": "Price", "単位": "Unit", "担当": "Contact",
    "電話": "Phone", "電子メール": "Mail", "品目コード": "Code", "検索": "Search", "すべて": "all", "CSV 出力": "Export CSV", "件": "found",
    "起案": "draft", "承認済": "approved", "発注済": "ordered", "検収済": "received", "支払済": "paid", "取消": "cancelled",
    "承認する": "Approve", "発注する": "Send the order", "検収する": "Mark as received", "支払済にする": "Mark as paid", "取り消す": "Cancel the order",
    "登録": "Save", "経過": "History", "日時": "Time", "職員": "Account", "端末": "Address", "操作": "Action", "対象": "Object", "内容": "Detail", "選択してください": "choose",
    "前へ": "Previous", "次へ": "Next", "エラー": "Error", "該当するものはありません。": "Nothing found.",
    "問い合わせ一覧": "Tickets", "新しい問い合わせ": "New ticket", "番号": "Number", "機器": "Host", "報告者": "Reported by", "担当者": "Assigned to", "受付": "open",
    "対応中": "working", "確認待ち": "waiting", "完了": "closed", "コメント": "Comment", "コメントする": "Add a comment", "変更する": "Change", "日付": "Date",
    "市民課": "Residents", "税務課": "Tax", "契約課": "Procurement", "産業研究所": "Research", "情報政策課": "Information policy",
}
DEPARTMENTS = {"residents": "市民課", "tax": "税務課", "procurement": "契約課", "research": "産業研究所", "policy": "情報政策課"}


def language():
    if "language" not in g:
        g.language = request.accept_languages.best_match(["ja", "en"], "ja")
    return g.language


def t(words):
    return ENGLISH.get(words, words) if language() == "en" else words


def department(name):
    return t(DEPARTMENTS.get(name, name))


def named(row, key):
    """A person's name in the page's language."""
    return row[f"{key}_{language()}"] or ""


def init_app(app):
    app.jinja_env.globals.update(t=t, language=language, department=department, named=named)
    app.jinja_env.filters["when"] = lambda at: at.strftime("%Y-%m-%d %H:%M") if at else ""
    app.jinja_env.filters["yen"] = lambda amount: f"{amount:,}円" if language() == "ja" else f"¥{amount:,}"
