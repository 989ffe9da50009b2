//! Quantities: no panic, and sums that do not depend on the order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::facts::quantity::Quantity;

fuzz_target!(|text: &str| {
    let Ok(quantity) = Quantity::parse(text) else { return };
    let one = Quantity::from_units(1);
    assert_eq!(quantity.checked_add(one).map(Quantity::nanos), one.checked_add(quantity).map(Quantity::nanos));
    let _ = (quantity.units(), quantity.millis(), quantity.saturating_mul(i64::MAX));
});
