"""A sale with pylnbits: the shop makes an invoice, the payer pays it, and both look at it."""

import asyncio
import os

from aiohttp import ClientSession
from pylnbits.config import Config
from pylnbits.user_wallet import UserWallet

URL = os.environ["LNBITS_URL"]
PRICE_SAT = int(os.environ["PRICE_SAT"])


def wallet(session: ClientSession, who: str) -> UserWallet:
    config = Config(
        in_key=os.environ[f"{who}_INVOICE_KEY"],
        admin_key=os.environ[f"{who}_ADMIN_KEY"],
        lnbits_url=URL,
    )
    return UserWallet(config, session)


def check(holds: bool, what: object) -> None:
    """Unlike `assert`, also under `python -O`."""
    if not holds:
        raise SystemExit(f"not as expected: {what}")


async def sale() -> None:
    async with ClientSession() as session:
        shop, payer = wallet(session, "SHOP"), wallet(session, "PAYER")
        details = await shop.get_wallet_details()
        check(details["name"] == "shop" and details["balance"] == 0, details)

        made = await shop.create_invoice(False, PRICE_SAT, "tea", None)
        payment_hash, bolt11 = made["payment_hash"], made["payment_request"]
        before = await shop.check_invoice(payment_hash)
        check(before["paid"] is False, before)

        paid = await payer.pay_invoice(True, bolt11)
        check(paid["payment_hash"] == payment_hash, paid)
        for side in (shop, payer):
            after = await side.check_invoice(payment_hash)
            check(after["paid"] is True, after)
        refused = await payer.pay_invoice(True, bolt11)
        check(refused["detail"] == "Internal invoice already paid.", refused)


asyncio.run(sale())
