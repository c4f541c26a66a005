//! Staff and their roles.

use till::access::{Role, User};

use crate::pos::wire;

/// The number of a role. Clients store it: never reuse one.
pub(in crate::pos) const fn role_id(role: Role) -> u8 {
    match role {
        Role::Admin => 1,
        Role::Cashier => 2,
    }
}

/// The word for a role, as access tokens carry it.
pub(in crate::pos) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Cashier => "cashier",
    }
}

pub(in crate::pos) fn user(user: &User) -> wire::User {
    wire::User {
        user_id: user.id.to_string(),
        name: user.name.clone(),
        role: match user.role {
            Role::Admin => wire::Role::Admin,
            Role::Cashier => wire::Role::Cashier,
        },
        role_id: role_id(user.role),
        is_admin: user.role == Role::Admin,
    }
}
