//! Lists of what came and went, history, counts.

use axum::extract::State;
use till::holder::Wallet;
use till::id::HolderId;
use till_actors::service::{History, ListQuery, Period};
use till_actors::views::{Facet, Standing};

use super::seen::{Owned, Seen, seen};
use crate::lnbits::access::AnyKey;
use crate::lnbits::filters::{Page, Params, Refused};
use crate::lnbits::listing::{self, Group, Listed, listed};
use crate::lnbits::{Dialect, Lnbits, wire};

fn query(params: &Params, page: Page, wallets: &[Wallet]) -> Result<ListQuery, Refused> {
    params.list(page, wallets.iter().map(|wallet| wallet.id).collect())
}

/// `GET /payments`. Real servers leave out what failed and what expired, and callers take whatever is in the
/// list for money that came or will; who asks for a status by name has it here.
pub(crate) async fn list(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<Vec<wire::Payment>>, Refused> {
    let mut query = query(&params, Page::Plain, &[seen(opened)?])?;
    if lnbits.settings.dialect == Dialect::V1 && query.standings.is_none() {
        query.standings = Some(vec![Standing::Pending, Standing::Success]);
    }
    let page = lnbits.service.list(query).await?;
    let rows = listing::rows(lnbits.settings.dialect, &page.rows);
    Ok(listed(page.window, rows))
}

/// `GET /payments/paginated`. `recheck_pending` is heard and changes nothing: what is pending is followed
/// all the time.
pub(crate) async fn paginated(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<wire::Paginated>, Refused> {
    counted(&lnbits, &params, &[seen(opened)?]).await
}

/// `GET /payments/all/paginated`
pub(crate) async fn all_paginated(
    seen: Seen,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<wire::Paginated>, Refused> {
    counted(&lnbits, &params, &seen.wallets).await
}

async fn counted(
    lnbits: &Lnbits,
    params: &Params,
    wallets: &[Wallet],
) -> Result<Listed<wire::Paginated>, Refused> {
    let query = query(params, Page::Counted, wallets)?;
    let page = lnbits.service.list(query).await?;
    let (data, total) = (
        listing::rows(lnbits.settings.dialect, &page.rows),
        page.total,
    );
    Ok(listed(page.window, wire::Paginated { data, total }))
}

/// `GET /payments/history`
pub(crate) async fn history(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<Vec<wire::HistoryPoint>>, Refused> {
    let dialect = lnbits.settings.dialect;
    let group = match params.one_of("group", ["hour", "day", "month"], "day")? {
        "hour" => Group::Hour,
        "month" => Group::Month,
        _ => Group::Day,
    };
    let told = told(&lnbits, &params, vec![seen(opened)?], group).await?;
    let points = told.points.iter();
    let points = points.map(|point| listing::history(dialect, group, point));
    Ok(listed(told.window, points.collect()))
}

/// `GET /payments/stats/daily`
pub(crate) async fn daily(
    Owned(wallets): Owned,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<Vec<wire::Day>>, Refused> {
    let dialect = lnbits.settings.dialect;
    let told = told(&lnbits, &params, wallets, Group::Day).await?;
    let days = told.points.iter();
    let days = days.map(|point| listing::daily(dialect, point));
    Ok(listed(told.window, days.collect()))
}

/// Periods with running balances.
struct Told {
    points: Vec<listing::Point>,
    window: Option<usize>,
}

async fn told(
    lnbits: &Lnbits,
    params: &Params,
    wallets: Vec<Wallet>,
    group: Group,
) -> Result<Told, Refused> {
    let query = query(params, Page::Whole, &wallets)?;
    let (offset, limit) = (query.offset, query.limit);
    let period = match group {
        Group::Hour => Period::Hour,
        Group::Day | Group::Month => Period::Day,
    };
    let told = lnbits.service.history_with_balance(query, period).await?;
    let (History { points, window }, last_msat) = told;
    let points = match group {
        Group::Hour | Group::Day => points,
        Group::Month => listing::by_month(points),
    };
    let points = listing::running(&points, last_msat);
    let points = listing::in_order(lnbits.settings.dialect, points, offset, limit);
    Ok(Told { points, window })
}

/// `GET /payments/stats/count`
pub(crate) async fn count(
    Owned(wallets): Owned,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<Vec<wire::Count>>, Refused> {
    let words = ["status", "tag", "extension", "wallet_id"];
    let by = params.one_of("count_by", words, "tag")?;
    let query = query(&params, Page::Whole, &wallets)?;
    let facet = match by {
        "status" => Facet::Status,
        "extension" => Facet::Extension,
        "wallet_id" => return count_wallets(&lnbits, query).await,
        _ => Facet::Tag,
    };
    let (offset, limit) = (query.offset, query.limit);
    let (counts, window) = lnbits.service.counts(query, facet).await?;
    let counts = counts.into_iter().skip(offset).take(limit);
    let counts = counts.map(|row| wire::Count {
        tag: (by == "tag").then(|| row.text.clone()),
        field: row.text,
        total: row.count,
        count: row.count,
    });
    Ok(listed(window, counts.collect()))
}

async fn count_wallets(
    lnbits: &Lnbits,
    query: ListQuery,
) -> Result<Listed<Vec<wire::Count>>, Refused> {
    let mut counts = Vec::new();
    let mut window = None;
    for id in query.wallets.iter().skip(query.offset).take(query.limit) {
        let one = ListQuery {
            wallets: vec![*id],
            offset: 0,
            limit: 0,
            ..query.clone()
        };
        let page = lnbits.service.list(one).await?;
        window = window.or(page.window);
        counts.push(wire::Count {
            field: id.to_string(),
            total: page.total,
            tag: None,
            count: page.total,
        });
    }
    Ok(listed(window, counts))
}

/// `GET /payments/stats/wallets`
pub(crate) async fn wallets(
    Seen { user, wallets }: Seen,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<Vec<wire::WalletStats>>, Refused> {
    let dialect = lnbits.settings.dialect;
    let query = query(&params, Page::Whole, &wallets)?;
    let (offset, limit) = (query.offset, query.limit);
    let asked = wallets.iter().filter(|one| query.wallets.contains(&one.id));
    let mut stats = Vec::new();
    let mut window = None;
    for wallet in asked {
        let wallets = vec![wallet.id];
        let one = ListQuery {
            wallets,
            ..query.clone()
        };
        let told = lnbits.service.history(one, Period::Day).await?;
        window = window.or(told.window);
        let balance = lnbits.balance(wallet.id).await?;
        stats.push(stats_of(dialect, (wallet, user), &told, balance.get()));
    }
    // The least used come first, as on real servers.
    stats.sort_by_key(|one| one.payments_count);
    let page = stats.into_iter().skip(offset).take(limit);
    Ok(listed(window, page.collect()))
}

/// The user of a wallet that somebody else shares is the one who is asked for, as in the list of wallets.
fn stats_of(
    dialect: Dialect,
    (wallet, user): (&Wallet, HolderId),
    told: &History,
    balance_msat: u64,
) -> wire::WalletStats {
    let days = told.points.iter().map(|(_, moved)| *moved);
    let sum = days.reduce(|sum, day| sum.and(day)).unwrap_or_default();
    let count = sum.count_in.saturating_add(sum.count_out);
    let spent = i128::from(sum.out_msat) + i128::from(sum.fee_msat);
    wire::WalletStats {
        wallet_id: wallet.id.to_string(),
        wallet_name: wallet.name.clone(),
        user_id: user.to_string(),
        total_income: listing::amount(dialect, i128::from(sum.in_msat)),
        total_spending: listing::amount(dialect, spent),
        payment_count: count,
        payments_count: count,
        balance: listing::amount(dialect, i128::from(balance_msat)),
    }
}

/// `GET /payments/stats/breakdown`
pub(crate) async fn breakdown(
    Owned(wallets): Owned,
    State(lnbits): State<Lnbits>,
    params: Params,
) -> Result<Listed<Vec<wire::Breakdown>>, Refused> {
    let dialect = lnbits.settings.dialect;
    let query = query(&params, Page::Whole, &wallets)?;
    let (tallies, window) = lnbits.service.tallies(query, Facet::Tag).await?;
    let tallies = tallies.iter();
    let parts = tallies.map(|tally| listing::breakdown(dialect, tally));
    Ok(listed(window, parts.collect()))
}
