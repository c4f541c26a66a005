"""The ln.bot surface by its official Python SDK: an account, its wallets, money in and out."""

import os
import threading
import time

import httpx
from lnbot import BadRequestError, ConflictError, LnBot, NotFoundError, UnauthorizedError

URL, CONTROL = os.environ["LNBOT_URL"], os.environ["CONTROL"]
TIMEOUT_SECS = 90


def check(holds: bool, what: object) -> None:
    """Unlike `assert`, also under `python -O`."""
    if not holds:
        raise SystemExit(f"not as expected: {what}")


def until(holds, what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECS
    while not holds():
        check(time.monotonic() < deadline, what)
        time.sleep(0.1)


def refused(kind: type[Exception], call) -> None:
    try:
        answer = call()
    except kind:
        return
    raise SystemExit(f"not refused: {answer}")


def client(key: str | None = None) -> LnBot:
    return LnBot(api_key=key, base_url=URL, timeout=TIMEOUT_SECS)


def control(path: str, body: dict) -> dict:
    answer = httpx.post(f"{CONTROL}{path}", json=body, timeout=TIMEOUT_SECS)
    answer.raise_for_status()
    return answer.json()


def money_comes(program: LnBot) -> None:
    wallet = program.wallet("current")
    heard: list[str] = []

    def listen() -> None:
        for event in client(KEY).wallet("current").events.stream():
            heard.append(event.event)
            if event.event == "invoice.settled":
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    made = wallet.invoices.create(amount=5_000, memo="task", reference="task-1")
    check(made.number == 1 and made.status == "pending" and made.preimage is None, made)
    control("/pay", {"invoice": made.bolt11})
    told = next(iter(wallet.invoices.watch(1, timeout=60)))
    check(told.event == "settled" and told.data.preimage, told)
    check(wallet.get().balance == 5_000, wallet.get())
    # Whether the stream was open before the money came is not certain; that it tells of the next is.
    tip = client().invoices.create_for_address(address=ADDRESS, amount=100, comment="thanks")
    control("/pay", {"invoice": tip.bolt11})
    listener.join(TIMEOUT_SECS)
    check("invoice.settled" in heard, heard)
    # The payer knows a moment before the books do.
    until(lambda: [row.number for row in wallet.invoices.list(limit=5)] == [2, 1], "the tip to be listed")


def money_goes(program: LnBot, friend: str) -> None:
    wallet = program.wallet("current")
    priced = wallet.payments.resolve(target=friend, amount=300)
    check(priced.internal and priced.total == 300, priced)
    paid = wallet.payments.create(target=friend, amount=300, idempotency_key="gift-1")
    check(paid.status == "settled" and paid.actual_fee == 0, paid)
    again = wallet.payments.create(target=friend, amount=300, idempotency_key="gift-1")
    check(again.number == paid.number, again)
    refused(ConflictError, lambda: wallet.payments.create(target=friend, amount=301, idempotency_key="gift-1"))
    asked = control("/invoice", {"amountSat": 1_000})["invoice"]
    sent = wallet.payments.create(target=asked, reference="books")
    told = next(iter(wallet.payments.watch(sent.number, timeout=60)))
    check(told.event == "settled" and told.data.preimage, told)
    refused(ConflictError, lambda: wallet.payments.create(target=asked))
    refused(BadRequestError, lambda: wallet.payments.create(target=friend, amount=1_000_000))


def paywall(seller, payer) -> None:
    challenge = seller.l402.create_challenge(amount=10, description="API access", caveats=["path=/answers"])
    paid = payer.l402.pay(www_authenticate=challenge.www_authenticate)
    check(paid.status == "settled" and paid.authorization, paid)
    verdict = seller.l402.verify(authorization=paid.authorization)
    check(verdict.valid and "path=/answers" in (verdict.caveats or []), verdict)
    check(not payer.l402.verify(authorization=paid.authorization).valid, "a foreign wallet's token")


def books_add_up(wallet) -> None:
    balance = 0
    for row in reversed(wallet.transactions.list(limit=100)):
        balance += row.amount if row.type == "credit" else -row.amount
        check(row.balance_after == balance, row)
    check(wallet.get().balance == balance, wallet.get())


account = client().register()
user = client(account.primary_key)
first, second = user.wallets.create(), user.wallets.create()
check(user.me().wallet_id is None, user.me())
check(len(user.wallets.list()) == 2, user.wallets.list())
KEY, ADDRESS = user.wallet(first.wallet_id).key.create().key, first.address
program = client(KEY)
check(program.wallet("current").update(name="agent").name == "agent", "the new name")
refused(NotFoundError, lambda: program.wallet(second.wallet_id).get())

money_comes(program)
money_goes(program, second.address)
wallet, other = program.wallet("current"), user.wallet(second.wallet_id)
bought = wallet.addresses.create(address="py-agent")
check(bought.cost > 0 and not bought.generated, bought)
given = wallet.addresses.transfer(bought.address, target_wallet_key=other.key.create().key)
check(given.transferred_to == second.wallet_id, given)
paywall(other, wallet)
hook = wallet.webhooks.create(url="https://example.com/hooks/till")
check(hook.secret.startswith("whsec_"), "a secret")
refused(ConflictError, lambda: wallet.webhooks.create(url="https://example.com/hooks/till"))
wallet.webhooks.delete(hook.id)
books_add_up(wallet)

check(client().status().status in ("operational", "degraded", "unknown"), client().status())
check(len(client().status_history("24h").buckets) in (288, 289), "five minutes each")
words = user.backup.recovery().passphrase
restored = client().restore.recovery(passphrase=words)
refused(UnauthorizedError, user.me)
check(len(client(restored.primary_key).wallets.list()) == 2, "the wallets are there")
