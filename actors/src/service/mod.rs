//! Interface skeleton.
pub mod types;
use std::time::Duration;
use till::access::{Business, PasswordHash, Role, Session, User, WalletToken};
use till::id::*;
use till::invoice::Invoice;
use till::payment::Payment;
use till::time::Timestamp;
pub use types::*;
use crate::hub::Subscription;
use crate::node::{NodeBalances, OpenChannelRequest};

/// The one door between surfaces and actors. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {}

impl Service {
    // --- invoices
    pub async fn create_invoice(&self, wanted: NewInvoice) -> Result<Invoice, ServiceError> { unimplemented!() }
    /// Issued invoices only, never drafts.
    pub async fn invoice(&self, hash: PaymentHash) -> Result<Option<Invoice>, ServiceError> { unimplemented!() }
    pub async fn invoices(&self, query: InvoiceQuery) -> Result<Vec<Invoice>, ServiceError> { unimplemented!() }
    pub fn decode(&self, bolt11: &str) -> Result<DecodedInvoice, ServiceError> { unimplemented!() }
    // --- payments
    /// Pays and waits up to `wait`: the row is Succeeded, Failed (with outcome) or still Pending.
    /// A repeat by idempotency key waits for the same payment and returns it.
    pub async fn pay(&self, wanted: NewPayment, wait: Duration) -> Result<Payment, ServiceError> { unimplemented!() }
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, ServiceError> { unimplemented!() }
    pub async fn payment_by_hash(&self, hash: PaymentHash) -> Result<Option<Payment>, ServiceError> { unimplemented!() }
    pub async fn payments(&self, query: PaymentQuery) -> Result<Vec<Payment>, ServiceError> { unimplemented!() }
    // --- node and money
    pub async fn house_balance(&self) -> Result<HouseBalance, ServiceError> { unimplemented!() }
    pub async fn node_info(&self) -> Result<NodeInfo, ServiceError> { unimplemented!() }
    pub async fn node_balances(&self) -> Result<NodeBalances, ServiceError> { unimplemented!() }
    pub async fn new_address(&self) -> Result<String, ServiceError> { unimplemented!() }
    pub async fn open_channel(&self, wanted: OpenChannelRequest) -> Result<OpenedChannel, ServiceError> { unimplemented!() }
    pub async fn readiness(&self) -> Readiness { unimplemented!() }
    // --- access (secrets come in hashed or are made inside)
    pub fn now(&self) -> Timestamp { unimplemented!() }
    pub async fn business(&self) -> Result<Option<Business>, ServiceError> { unimplemented!() }
    pub async fn initialize(&self, setup: InitialSetup) -> Result<User, ServiceError> { unimplemented!() }
    pub async fn add_user(&self, name: String, role: Role, password: PasswordHash, pin: PasswordHash) -> Result<User, ServiceError> { unimplemented!() }
    pub async fn users(&self) -> Result<Vec<User>, ServiceError> { unimplemented!() }
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, ServiceError> { unimplemented!() }
    pub async fn user(&self, id: UserId) -> Result<Option<User>, ServiceError> { unimplemented!() }
    /// A new login; the refresh token's text is returned once and stored as a digest.
    pub async fn open_session(&self, user: UserId, lifetime_secs: u64) -> Result<OpenedSession, ServiceError> { unimplemented!() }
    /// Exchanges a refresh token; `None` if it is unknown, expired, or old (then the session has been ended).
    pub async fn rotate_session(&self, refresh_token: &str, lifetime_secs: u64) -> Result<Option<OpenedSession>, ServiceError> { unimplemented!() }
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, ServiceError> { unimplemented!() }
    pub async fn end_session(&self, id: SessionId) -> Result<(), ServiceError> { unimplemented!() }
    /// A new wallet token of a session: its text, returned once.
    pub async fn grant_wallet_token(&self, session: SessionId) -> Result<String, ServiceError> { unimplemented!() }
    /// The token's row if it is live, after noting the use: (token, its session) — dead tokens, and
    /// tokens whose session has ended, are `None`.
    pub async fn use_wallet_token(&self, token: &str, lifetime_secs: u64) -> Result<Option<WalletToken>, ServiceError> { unimplemented!() }
    pub async fn revoke_wallet_token(&self, token: &str) -> Result<(), ServiceError> { unimplemented!() }
    // --- secrets and events
    /// HMAC-SHA-256 of the node's seed and a purpose: a key that survives restarts (e.g. purpose "pos/jwt").
    pub fn derive_key(&self, purpose: &str) -> [u8; 32] { unimplemented!() }
    /// Events of the house from after `since` on (replayed from the log, then live, without a gap);
    /// `None` starts with the next one. Busy when there are too many subscribers.
    pub async fn subscribe(&self, since: Option<u64>) -> Result<Subscription, ServiceError> { unimplemented!() }
}
