//! Encodings and digests. All of them see text without markers.

use minijinja::{Error, Value};
use sha2::{Digest as _, Sha256, Sha512};

use super::{MAX_TEXT, bounded, fault, text};
use crate::render::blocks;
use crate::render::jinja::register::{Function, Piped};
use crate::render::jinja::run;

pub(in crate::render::jinja) const FUNCTIONS: &[Function] = &[
    Function::new(&["b64enc", "b64encode"], Piped::First, (1, 1), |_, args| bounded(base64_encode(&bytes(&args[0])?))),
    Function::new(&["b64dec", "b64decode"], Piped::First, (1, 1), |_, args| {
        decoded(crate::base64::decode(&text(&args[0])?).ok_or_else(|| fault("the text is not base64"))?)
    }),
    Function::new(&["b32enc", "b32encode"], Piped::First, (1, 1), |_, args| {
        bounded(grouped(&bytes(&args[0])?, 5, BASE32))
    }),
    Function::new(&["sha256sum"], Piped::First, (1, 1), |_, args| {
        Ok(Value::from(hexadecimal(&Sha256::digest(bytes(&args[0])?))))
    }),
    Function::new(&["sha512sum"], Piped::First, (1, 1), |_, args| {
        Ok(Value::from(hexadecimal(&Sha512::digest(bytes(&args[0])?))))
    }),
    Function::new(&["urlquery", "urlencode"], Piped::First, (1, 1), |_, args| bounded(url_escaped(&text(&args[0])?))),
];

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn bytes(value: &Value) -> Result<Vec<u8>, Error> {
    let bytes = match value.as_bytes() {
        Some(bytes) => bytes.to_vec(),
        None => text(value)?.into_owned().into_bytes(),
    };
    if bytes.len() > MAX_TEXT {
        return Err(run::limit(format!("a text is longer than {MAX_TEXT} bytes")));
    }
    Ok(bytes)
}

/// Base 64 with padding (RFC 4648, section 4).
pub(in crate::render::jinja) fn base64_encode(bytes: &[u8]) -> String {
    grouped(bytes, 6, BASE64)
}

/// Bits in groups, each a character of the alphabet, padded with `=` to whole groups of bytes.
fn grouped(bytes: &[u8], bits: u32, alphabet: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    let (mut buffer, mut held) = (0_u32, 0);
    for byte in bytes {
        buffer = (buffer << 8 | u32::from(*byte)) & 0xFFFF;
        held += 8;
        while held >= bits {
            held -= bits;
            out.push(letter(buffer >> held, bits, alphabet));
        }
    }
    if held > 0 {
        out.push(letter(buffer << (bits - held), bits, alphabet));
    }
    let whole = if bits == 6 { 4 } else { 8 };
    while !out.len().is_multiple_of(whole) {
        out.push('=');
    }
    out
}

fn letter(buffer: u32, bits: u32, alphabet: &[u8]) -> char {
    let index = usize::try_from(buffer & ((1 << bits) - 1)).unwrap_or(0);
    char::from(alphabet.get(index).copied().unwrap_or(b'='))
}

/// Decoded bytes as text, if they are text.
fn decoded(bytes: Vec<u8>) -> Result<Value, Error> {
    match String::from_utf8(bytes) {
        Ok(text) if blocks::has_markers(&text) => {
            Err(fault("the decoded text contains a reserved character (U+FDD0 to U+FDEF)"))
        }
        Ok(text) => Ok(Value::from(text)),
        Err(_) => Err(fault("the decoded bytes are not UTF-8 text")),
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 0xF] {
            out.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    out
}

fn url_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => {
                out.push('%');
                out.push_str(&hexadecimal(&[byte]).to_uppercase());
            }
        }
    }
    out
}
