//! Node ids and addresses as people write them. Owns the words for those that are none.

use std::str::FromStr;

use ldk_node::bitcoin::secp256k1::PublicKey;
use ldk_node::lightning::ln::msgs::SocketAddress;

use super::NodeError;

pub(super) fn addresses(texts: &[String]) -> Result<Vec<SocketAddress>, NodeError> {
    texts.iter().map(|text| socket_address(text)).collect()
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddress, NodeError> {
    SocketAddress::from_str(text).map_err(|_| {
        NodeError::Invalid(format!("{text:?} is not an address of the form host:port"))
    })
}

pub(super) fn public_key(text: &str) -> Result<PublicKey, NodeError> {
    PublicKey::from_str(text).map_err(|_| NodeError::Invalid(format!("{text:?} is not a node id")))
}
