"""The staff of the facts as rows for the table `staff`; the training password of an account is ACCOUNT-training."""
import hashlib
import json

ROUNDS = 20000


def password_hash(password, salt):
    """As werkzeug's generate_password_hash, but for the salt: a layer must not depend on chance."""
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS)
    return f"pbkdf2:sha256:{ROUNDS}${salt}${key.hex()}"


with open("/etc/toride/facts.json", encoding="utf-8") as file:
    facts = json.load(file)
people = facts.get("people") or {}
approvers = facts["options"].get("approvers") or list(people)
print("\\copy staff from stdin (format text)")
for account, person in sorted(people.items()):
    name = person["name"]
    if not isinstance(name, dict):
        name = {"ja": name}
    salt = hashlib.sha256(f"office {account}".encode()).hexdigest()[:16]
    row = [account, name.get("ja") or name.get("en"), name.get("en") or name.get("ja"), person.get("department") or "",
           password_hash(f"{account}-training", salt), "true" if account in approvers else "false", "true"]
    print("\t".join(field.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ") for field in row))
print("\\.")
