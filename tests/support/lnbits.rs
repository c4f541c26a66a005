//! A client of the LNbits surface: a wallet and its keys.

use reqwest::Method;
use serde_json::Value;
use till::holder::KeyScope;
use till::id::{HolderId, WalletId};
use till::ledger::{Origin, WalletRef};
use till_actors::service::NewHolder;

use crate::app::{PASSWORD, TestApp};

/// A wallet with its keys.
#[derive(Clone, Debug)]
pub struct Wallet {
    /// Its id, 32 hexadecimal digits.
    pub id: String,
    /// Whose it is.
    pub holder: String,
    /// The key that allows everything.
    pub adminkey: String,
    /// The key that sees, and makes invoices.
    pub inkey: String,
    url: String,
    http: reqwest::Client,
}

/// A status and a JSON body.
pub type Answer = (u16, Value);

impl TestApp {
    /// A new holder with a wallet of that name.
    pub async fn wallet(&self, name: &str) -> Wallet {
        let wanted = NewHolder {
            name: None,
            password: None,
            is_admin: false,
            wallet_name: Some(name.to_owned()),
        };
        let made = self.service.add_holder(Origin::Lnbits, wanted).await;
        let (_, wallet) = made.expect("a new holder");
        self.opened(&wallet.expect("a first wallet"))
    }

    /// Another wallet of a holder's.
    pub async fn wallet_of(&self, holder: HolderId, name: &str) -> Wallet {
        let name = name.to_owned();
        let made = self.service.add_wallet(Origin::Lnbits, holder, name).await;
        self.opened(&made.expect("a new wallet"))
    }

    fn opened(&self, wallet: &till::holder::Wallet) -> Wallet {
        let key = |scope| self.service.key_text(Origin::Lnbits, scope, wallet);
        Wallet {
            id: wallet.id.to_string(),
            holder: wallet.holder.to_string(),
            adminkey: key(KeyScope::Admin),
            inkey: key(KeyScope::Invoice),
            url: format!("{}/api/v1", self.url),
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
        }
    }
}

impl Wallet {
    /// Its account in the ledger.
    #[must_use]
    pub fn account(&self) -> WalletRef {
        let id = hex::decode(&self.id).expect("an id is hexadecimal");
        let id = id.try_into().expect("an id has 16 bytes");
        WalletRef::Wallet(WalletId::from_bytes(id))
    }

    /// Calls a route (below `/api/v1`) with one of the keys, or without.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// `GET` with the invoice key.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Some(&self.inkey), None).await
    }

    /// `POST` with the admin key.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let key = Some(self.adminkey.as_str());
        self.call(Method::POST, path, key, Some(&body)).await
    }
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct Login {
    /// Their name.
    pub name: String,
    /// Their id, 32 hexadecimal digits.
    pub id: String,
    /// The bearer token.
    pub token: String,
    url: String,
    http: reqwest::Client,
}

impl TestApp {
    /// A login of a holder who has a wallet and everybody's password; registered at the first call.
    pub async fn holder(&self, name: &str) -> Login {
        let caller = self.caller(name);
        let body = serde_json::json!({"username": name, "password": PASSWORD});
        let registered = caller.call(Method::POST, "/auth/register", &body).await;
        let (status, answer) = match registered {
            (200, answer) => (200, answer),
            (_, _) => caller.call(Method::POST, "/auth", &body).await,
        };
        assert_eq!(status, 200, "{answer}");
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let caller = caller.with_token(&token);
        let (status, me) = caller.get("/auth").await;
        assert_eq!(status, 200, "{me}");
        let id = me["id"].as_str().expect("an id").to_owned();
        Login { id, ..caller }
    }

    /// Somebody who is not logged in.
    pub fn caller(&self, name: &str) -> Login {
        Login {
            name: name.to_owned(),
            id: String::new(),
            token: String::new(),
            url: format!("{}/api/v1", self.url),
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
        }
    }
}

impl Login {
    /// The same with another token; an empty one is none.
    pub fn with_token(&self, token: &str) -> Self {
        let token = token.to_owned();
        Self {
            token,
            ..self.clone()
        }
    }

    /// Calls a route (below `/api/v1`) with the token.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    /// Their first wallet, or one that is shared with them, with the keys that they have for it.
    pub async fn wallet_named(&self, name: &str) -> Wallet {
        let (status, list) = self.get("/wallets").await;
        assert_eq!(status, 200, "{list}");
        let list = list.as_array().cloned().unwrap_or_default();
        let found = list.iter().find(|wallet| wallet["name"] == name);
        let found = found.unwrap_or_else(|| panic!("no wallet {name} in {list:?}"));
        let text = |field: &str| found[field].as_str().expect(field).to_owned();
        Wallet {
            id: text("id"),
            holder: text("user"),
            adminkey: text("adminkey"),
            inkey: text("inkey"),
            url: self.url.clone(),
            http: self.http.clone(),
        }
    }
}
