// A sale with the npm package `lnbits`: the shop makes an invoice, the payer pays it, and both look at it.

const LNBits = require('lnbits').default;

const { LNBITS_URL, PRICE_SAT } = process.env;

function wallet(who) {
  return LNBits({
    adminKey: process.env[`${who}_ADMIN_KEY`],
    invoiceReadKey: process.env[`${who}_INVOICE_KEY`],
    endpoint: LNBITS_URL,
  }).wallet;
}

function check(holds, what) {
  if (!holds) throw new Error(`not as expected: ${JSON.stringify(what)}`);
}

async function sale() {
  const [shop, payer] = [wallet('SHOP'), wallet('PAYER')];
  const details = await shop.walletDetails();
  check(details.name === 'shop' && details.balance === 0, details);

  const made = await shop.createInvoice({ amount: Number(PRICE_SAT), memo: 'tea', out: false });
  const payment_hash = made.payment_hash;
  const before = await shop.checkInvoice({ payment_hash });
  check(before.paid === false, before);

  const paid = await payer.payInvoice({ bolt11: made.payment_request, out: true });
  check(paid.payment_hash === payment_hash, paid);
  for (const side of [shop, payer]) {
    const after = await side.checkInvoice({ payment_hash });
    check(after.paid === true, after);
  }
}

sale().catch((error) => {
  console.error(error);
  process.exit(1);
});
