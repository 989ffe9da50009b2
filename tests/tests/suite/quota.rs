//! Quota and capacity from outside: sums, budgets, nodes, recovery, and bad numbers at their lines.

mod declared;
mod oracle;
