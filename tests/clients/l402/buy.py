# Buys from a paywall with the package `l402-requests`: it is asked to pay, pays from a wallet of the till's, and
# is let in; the second time its token is still good.

import os

import httpx
from l402_requests import BudgetController, L402Client, WalletBase

TILL, KEY, SHOP = (os.environ[name] for name in ("TILL_AT", "BUYER_KEY", "PAYWALL"))


class TillWallet(WalletBase):
    paid = 0

    async def pay_invoice(self, bolt11: str) -> str:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            answer = await http.post(
                f"{TILL}/v1/wallets/current/payments",
                headers={"Authorization": f"Bearer {KEY}"},
                json={"target": bolt11},
            )
        answer.raise_for_status()
        self.paid += 1
        return answer.json()["preimage"]


wallet = TillWallet()
client = L402Client(wallet=wallet, budget=BudgetController(max_sats_per_request=1_000))
for _ in range(2):
    response = client.get(SHOP)
    assert response.status_code == 200, (response.status_code, response.text)
    assert response.text == "tea", response.text
assert wallet.paid == 1, wallet.paid
