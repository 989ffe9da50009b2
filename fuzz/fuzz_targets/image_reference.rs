//! Image references: no panic, and a reference that was read is read again from its parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::facts::image::ImageRef;

fuzz_target!(|text: &str| {
    let Ok(image) = ImageRef::parse(text) else { return };
    let _ = (image.effective_tag(), image.is_pinned());
    assert!(ImageRef::parse(&image.name()).is_ok(), "{text}");
});
