//! What one side of a connection lets through, whatever the other side says.

use super::ports::ConnectionSet;
use super::reach::{End, Network};
use super::rule::Direction;

impl Network<'_> {
    /// What the policies of one side admit between every pod and address of two ends; everything where that side
    /// is no pod.
    pub fn admitted_by(&self, side: Direction, source: End<'_>, destination: End<'_>) -> ConnectionSet {
        let mut admitted = ConnectionSet::all();
        for from in self.spots(source) {
            for to in self.spots(destination) {
                for (from, to) in self.parts(from, to) {
                    let (subject, other) = if side == Direction::Egress { (from, to) } else { (to, from) };
                    let Some(pod) = subject.pod() else { continue };
                    let asked = self.asked_of(subject, pod, side);
                    admitted = admitted.intersection(&self.side(&asked, side, pod, other, &mut |_| {}));
                }
            }
        }
        admitted
    }
}
