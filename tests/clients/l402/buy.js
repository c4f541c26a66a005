// Buys from a paywall with the npm package `@getalby/lightning-tools`: it is asked to pay, pays from a wallet of
// the till's, and is let in; the second time its token is still good.

const { fetchWithL402 } = require('@getalby/lightning-tools/402/l402');

const { TILL_AT, BUYER_KEY, PAYWALL } = process.env;
let paid = 0;

const wallet = {
  async payInvoice({ invoice }) {
    const answer = await fetch(`${TILL_AT}/v1/wallets/current/payments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${BUYER_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ target: invoice }),
    });
    check(answer.status === 200, answer.status);
    paid += 1;
    return await answer.json();
  },
};

function check(holds, what) {
  if (!holds) throw new Error(`not as expected: ${JSON.stringify(what)}`);
}

async function buy() {
  let credentials;
  for (let visit = 0; visit < 2; visit += 1) {
    const response = await fetchWithL402(PAYWALL, {}, { wallet, credentials });
    check(response.status === 200, response.status);
    check((await response.text()) === 'tea', 'another text');
    credentials = response.payment.credentials;
  }
  check(paid === 1, paid);
}

buy().catch((error) => {
  console.error(error);
  process.exit(1);
});
