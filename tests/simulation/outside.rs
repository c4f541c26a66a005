//! What the node does by itself: routes, recipients, claims, offers, its peer. Owns how likely each is.

use fastrand::Rng;
use till::id::PaymentHash;

use super::world::World;

impl World {
    /// The node does one of the things that it does by itself.
    pub(super) fn node_moves(&mut self) {
        let pick = |keys: Vec<PaymentHash>, rng: &mut Rng| rng.choice(keys);
        match self.rng.u8(..9) {
            // With its peer away, nothing happens in a channel.
            0..=5 if !self.node.memory.connected => {}
            0 | 1 => {
                let accepted = self.node.memory.accepted.keys().copied().collect();
                if let Some(hash) = pick(accepted, &mut self.rng) {
                    let finds = self.rng.u8(..) > 40;
                    self.node.route(hash, finds, &mut self.rng);
                }
            }
            2 | 3 => {
                let outgoing = self.node.outgoing.keys().copied().collect();
                if let Some(hash) = pick(outgoing, &mut self.rng) {
                    // Some recipients hold a payment for long.
                    let holds = hash.as_bytes()[0] < 60 && !self.calm && self.rng.u8(..) < 230;
                    if !holds {
                        let takes = hash.as_bytes()[1] > 80;
                        self.node.resolve(hash, takes, &mut self.rng);
                    }
                }
            }
            4 | 5 => {
                let claims = self.node.memory.claims.iter().copied().collect();
                if let Some(hash) = pick(claims, &mut self.rng) {
                    self.node.finish_claim(hash);
                }
            }
            6 => {
                let fetching: Vec<_> = self.node.memory.fetching.keys().copied().collect();
                if let Some(id) = self.rng.choice(fetching) {
                    self.offers += 1;
                    let mut bytes = [200; 32];
                    bytes[..4].copy_from_slice(&self.offers.to_le_bytes());
                    bytes[1] = self.rng.u8(..);
                    let answers = self.rng.u8(..) > 60;
                    self.node.fetch(id, PaymentHash::from_bytes(bytes), answers);
                }
            }
            7 => self.node.memory.connected |= self.calm || self.rng.u8(..) < 90,
            _ => self.node.memory.connected &= self.calm || self.rng.u8(..) < 230,
        }
    }
}
