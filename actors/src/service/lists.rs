//! Lists, history and counts of wallets: everything that came and went, in one list. Owns what can be
//! asked and what is answered; which index serves it is the views' business, words are the surfaces'.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use till::id::{PaymentHash, PaymentId, WalletId};
use till::invoice::Invoice;
use till::ledger::{Account, Balance, WalletRef};
use till::payment::Payment;
use till::time::Timestamp;
use tokio::sync::Semaphore;

use super::Service;
use super::types::ServiceError;
use crate::views::{Brief, CountRow, Facet, Moved, Standing, TallyRow, ViewError, Views};

/// How many of the newest rows are looked at where no index helps: for free text, and for orders
/// other than time.
pub const SEARCH_WINDOW: usize = 10_000;

/// How many requests look at rows at once. Each reads up to [`SEARCH_WINDOW`] of them, and payments must
/// find a thread and a disk meanwhile.
const SEARCHES: usize = 2;
/// How long one waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// When the caller may come again.
const RETRY_AFTER_SECS: u32 = 1;

static TURNS: Semaphore = Semaphore::const_new(SEARCHES);

/// One row of a wallet's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListRow {
    /// Somebody was asked to pay.
    Invoice(Box<Invoice>),
    /// The wallet pays.
    Payment(Box<Payment>),
}

/// What the surface checks beyond what indices know, on what an entry of a wallet's list tells.
pub type Glance = Arc<dyn Fn(&Brief, WalletRef) -> bool + Send + Sync>;
/// What the surface checks on a row that not even its entry tells.
pub type Matches = Arc<dyn Fn(&ListRow) -> bool + Send + Sync>;
/// Which of two rows comes first.
pub type Compare = Arc<dyn Fn(&Brief, &Brief) -> Ordering + Send + Sync>;

/// The order of a list.
#[derive(Clone)]
pub enum Order {
    /// By time, the newest first.
    Newest,
    /// By time, the oldest first.
    Oldest,
    /// Otherwise: within the newest [`SEARCH_WINDOW`] rows.
    Sorted(Compare),
}

/// A row by a name that it alone has, or shares with its other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// By payment hash.
    Hash(PaymentHash),
    /// A payment by its own id.
    Payment(PaymentId),
}

/// Which rows are wanted. Absent conditions do not narrow; all that are there must hold.
#[derive(Clone)]
pub struct ListQuery {
    /// Whose.
    pub wallets: Vec<WalletId>,
    /// One of these.
    pub standings: Option<Vec<Standing>>,
    /// With one of these tags.
    pub tags: Option<Vec<String>>,
    /// One of these.
    pub named: Option<Vec<Named>>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made then or before.
    pub to: Option<Timestamp>,
    /// From the lowest to the highest, in msat, below zero for what goes out.
    pub amount_msat: Option<(i64, i64)>,
    /// Anything else that entries tell; looked for within the newest [`SEARCH_WINDOW`] rows that meet the
    /// rest.
    pub glance: Option<Glance>,
    /// Anything else; looked for as `glance` is.
    pub matches: Option<Matches>,
    /// In which order.
    pub order: Order,
    /// How many are left out.
    pub offset: usize,
    /// How many are wanted at most.
    pub limit: usize,
}

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The rows.
    pub rows: Vec<ListRow>,
    /// How many there are without offset and limit.
    pub total: u64,
    /// How many of the newest rows were looked at, where that was not all there is by index.
    pub window: Option<usize>,
}

/// By what history is grouped, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Whole hours.
    Hour,
    /// Days.
    Day,
}

/// What moved in each period in which something did, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// When each period began, and what moved.
    pub points: Vec<(Timestamp, Moved)>,
    /// As in [`ListPage`].
    pub window: Option<usize>,
}

impl ListQuery {
    /// Everything in these wallets, the newest first.
    #[must_use]
    pub fn all(wallets: Vec<WalletId>) -> Self {
        Self {
            wallets,
            standings: None,
            tags: None,
            named: None,
            from: None,
            to: None,
            amount_msat: None,
            glance: None,
            matches: None,
            order: Order::Newest,
            offset: 0,
            limit: usize::MAX,
        }
    }

    /// Whether it leaves in what has moved money.
    #[must_use]
    pub fn has_settled(&self) -> bool {
        let standings = self.standings.as_ref();
        standings.is_none_or(|any| any.contains(&Standing::Success))
    }

    /// Whether sums of whole wallets tell what settled rows it finds.
    #[must_use]
    pub fn is_summed(&self) -> bool {
        self.has_settled() && self.is_bounded_by_time_alone() && self.is_of_all_time()
    }

    /// Whether rows, or what their entries tell, must be looked at, since no index knows.
    pub(crate) fn looks(&self) -> bool {
        self.looks_at_rows() || matches!(self.order, Order::Sorted(_))
    }

    /// The same, if no order is asked for.
    pub(crate) const fn looks_at_rows(&self) -> bool {
        self.glance.is_some() || self.matches.is_some()
    }

    const fn is_of_all_time(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether it asks for nothing but time, and where rows stand.
    #[must_use]
    pub const fn is_bounded_by_time_alone(&self) -> bool {
        self.tags.is_none()
            && self.named.is_none()
            && self.amount_msat.is_none()
            && !self.looks_at_rows()
    }

    /// Whether it asks for all rows of whole wallets.
    pub(crate) fn is_all(&self) -> bool {
        self.standings.is_none() && self.is_bounded_by_time_alone() && self.is_of_all_time()
    }
}

/// What wallets have, from their columns.
fn balance_msat(views: &Views, wallets: &[WalletId]) -> Result<i128, ViewError> {
    let mut msat = 0;
    for id in wallets {
        let account = Account::Wallet(WalletRef::Wallet(*id));
        let balance = views.get::<Balance>(&account)?;
        msat += balance.map_or(0, |balance| balance.credit_msat());
    }
    Ok(msat)
}

/// What the wallets of a query had when the time that it asks for ended, in msat: what they have now without
/// what moved since.
fn last_balance(views: &Views, query: &ListQuery) -> Result<(i128, Option<usize>), ViewError> {
    let msat = balance_msat(views, &query.wallets)?;
    let Some(to) = query.to else {
        return Ok((msat, None));
    };
    let since = ListQuery {
        from: Some(Timestamp::from_millis(to.as_millis().saturating_add(1))),
        ..ListQuery::all(query.wallets.clone())
    };
    let since = views.history(&since, Period::Day)?;
    let moved: i128 = since.points.iter().map(|(_, moved)| moved.net_msat()).sum();
    Ok((msat - moved, since.window))
}

impl Service {
    /// Rows of wallets' lists.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn list(&self, query: ListQuery) -> Result<ListPage, ServiceError> {
        self.listed(query, |views, query| views.list(query)).await
    }

    /// What moved by hour or day, of the settled rows that a query finds; by the time at which
    /// these rows began, as lists have it.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn history(&self, query: ListQuery, period: Period) -> Result<History, ServiceError> {
        self.listed(query, move |views, query| views.history(query, period))
            .await
    }

    /// The same, and what the wallets had when the time that is asked for ended, in msat, if that fits what
    /// the query finds: both as they stood at one moment.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn history_with_balance(
        &self,
        query: ListQuery,
        period: Period,
    ) -> Result<(History, Option<i128>), ServiceError> {
        self.listed(query, move |views, query| {
            // Where conditions leave something out no balance fits what is left.
            if !query.has_settled() || !query.is_bounded_by_time_alone() {
                return Ok((views.history(query, period)?, None));
            }
            views.at_one_moment(|views| {
                let (last_msat, unsure) = last_balance(views, query)?;
                let History { points, window } = views.history(query, period)?;
                let window = window.or(unsure);
                Ok((History { points, window }, Some(last_msat)))
            })
        })
        .await
    }

    /// How many rows a query finds by status, tag or extension, in the order of these words.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn counts(
        &self,
        query: ListQuery,
        by: Facet,
    ) -> Result<(Vec<CountRow>, Option<usize>), ServiceError> {
        self.listed(query, move |views, query| views.counts(query, by))
            .await
    }

    /// What the settled rows that a query finds moved, by status, tag or extension.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn tallies(
        &self,
        query: ListQuery,
        by: Facet,
    ) -> Result<(Vec<TallyRow>, Option<usize>), ServiceError> {
        self.listed(query, move |views, query| views.tallies(query, by))
            .await
    }

    /// Reads by a query; one that looks at rows waits for its turn, and keeps it until it is done even
    /// if nobody waits for the answer any more.
    async fn listed<T: Send + 'static>(
        &self,
        query: ListQuery,
        read: impl FnOnce(&Views, &ListQuery) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let busy = || ServiceError::Busy {
            retry_after_secs: RETRY_AFTER_SECS,
        };
        let turn = match query.looks() {
            true => {
                let turn = tokio::time::timeout(TURN_TIMEOUT, TURNS.acquire()).await;
                Some(turn.map_err(|_| busy())?.map_err(|_| busy())?)
            }
            false => None,
        };
        self.read(move |views| {
            let answer = read(views, &query);
            drop(turn);
            answer
        })
        .await
    }
}
