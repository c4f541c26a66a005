//! Tests of the ledger as a whole: stories of single rules, and random histories against a model
//! that knows nothing of accounts, transfers or rows.

mod bench;
mod between_wallets;
mod histories;
mod holders;
mod inception;
mod money_in;
mod money_out;
mod offers;
mod openings;
mod outbox;
mod own_keys;
mod restorations;
mod retries;
mod spend_histories;
mod spends;
mod staff;
mod staff_histories;
mod statements;
mod taken;
mod treasury;
mod unlisted;
mod wallet_histories;
mod webhooks;
