//! The ways to cluster-admin, or the grants that were asked about, to be drawn.

use super::{Answer, Step};
use crate::facts::rbac::witness::words_of;
use crate::view::Drawing;

/// Draws an answer: each way and each grant once.
pub(super) fn drawn(answer: &Answer) -> Drawing {
    let mut drawing = Drawing::new(answer.name.clone());
    for somebody in answer.subjects.iter().flatten() {
        draw(&mut drawing, &somebody.subject, &somebody.admin);
    }
    if let Some(person) = &answer.subject {
        draw(&mut drawing, &person.subject, &person.admin);
    }
    if let Some(can) = &answer.can {
        for allowed in &can.allowed {
            let used = &allowed.used;
            drawing.link(&words_of(&allowed.subject), &used.role, used.binding.as_deref().unwrap_or_default(), false);
            drawing.link(&used.role, &can.question, &*used.rule, false);
        }
    }
    drawing
}

fn draw(drawing: &mut Drawing, subject: &str, steps: &[Step]) {
    let mut from = words_of(subject);
    for (at, step) in steps.iter().enumerate() {
        // Who only gets more stays who it is: then what it gets is the node.
        let next = steps.get(at + 1).filter(|next| next.actor != step.actor);
        let to = next.map_or_else(|| step.yields.clone(), |next| words_of(&next.actor));
        let by: Vec<String> = step
            .grants
            .iter()
            .map(|used| format!("{} {}", used.binding.as_deref().unwrap_or(&used.role), used.rule))
            .collect();
        drawing.link(&from, &to, format!("{} by {}", step.action, by.join(", ")), false);
        from = to;
    }
}
