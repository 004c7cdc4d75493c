//! Constants, read by the type of the field that they are compared with (libs, `value_parser.cpp`).

use std::net::IpAddr;

use lanner_event::Type;

use super::check::{Mismatch, mismatch};
use super::predicate::Net;
use super::services;
use crate::ast::Text;

/// Falco's limit for a constant, in bytes.
const CONSTANT_MAX: usize = 255;

fn wrong(message: impl Into<String>, text: &Text) -> Mismatch {
    mismatch(message, text.range.clone())
}

/// A text.
pub fn text(text: &Text) -> Result<Box<[u8]>, Mismatch> {
    bounded(text.text.as_bytes().into(), text)
}

/// Bytes, written in hexadecimal.
pub fn bytes(text: &Text) -> Result<Box<[u8]>, Mismatch> {
    let digits: Option<Vec<u8>> =
        text.text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            bounded(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect(), text)
        }
        _ => Err(wrong("this should be bytes, two hexadecimal digits each", text)),
    }
}

fn bounded(bytes: Box<[u8]>, text: &Text) -> Result<Box<[u8]>, Mismatch> {
    match bytes.len() {
        0..=CONSTANT_MAX => Ok(bytes),
        _ => Err(wrong(format!("this is longer than {CONSTANT_MAX} bytes"), text)),
    }
}

/// A truth value.
pub fn boolean(text: &Text) -> Result<bool, Mismatch> {
    match text.text.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong("this should be `true` or `false`", text)),
    }
}

/// An address. What has a dot is one of IPv4.
pub fn address(text: &Text) -> Result<IpAddr, Mismatch> {
    ip(&text.text).ok_or_else(|| wrong("this is no address", text))
}

fn ip(text: &str) -> Option<IpAddr> {
    if text.contains('.') { text.parse().ok().map(IpAddr::V4) } else { text.parse().ok().map(IpAddr::V6) }
}

/// A network.
pub fn network(text: &Text) -> Result<Net, Mismatch> {
    let net = text.text.split_once('/').and_then(|(address, bits)| {
        let ip = ip(address)?;
        let bits = bits.parse().ok()?;
        (bits <= if ip.is_ipv4() { 32 } else { 128 }).then_some(Net { ip, bits })
    });
    net.ok_or_else(|| wrong("this is no network, such as `10.0.0.0/8`", text))
}

/// A number with a fraction. Falco reads only whole ones.
pub fn real(text: &Text) -> Result<f64, Mismatch> {
    let plain = text.text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.text.parse().ok().filter(|_| plain).ok_or_else(|| wrong("this is no number", text))
}

/// A whole number of the type, decimal, or hexadecimal with `0x`; a port can be the name of its service. One that is
/// negative where the type has no sign wraps, as in Falco.
pub fn number(text: &Text, ty: Type) -> Result<i128, Mismatch> {
    let written = text.text.as_str();
    let number = match ty {
        Type::Port => {
            port(written).ok_or_else(|| wrong("this is no port, nor the name of a service", text))?
        }
        _ => integer(written).ok_or_else(|| wrong("this is no whole number", text))?,
    };
    let (bits, signed) = match ty {
        Type::Int8 => (8, true),
        Type::Int16 => (16, true),
        Type::Int32 => (32, true),
        Type::Int64 => (64, true),
        Type::Uint8 => (8, false),
        Type::Uint16 | Type::Port => (16, false),
        Type::Uint32 => (32, false),
        _ => (64, false),
    };
    let low = -(1_i128 << (bits - 1));
    let high = (1_i128 << (bits - i32::from(signed))) - 1;
    match number {
        _ if number < low || number > high => Err(wrong("this number is out of range", text)),
        _ if number < 0 && !signed => Ok(number + (1_i128 << bits)),
        _ => Ok(number),
    }
}

fn integer(text: &str) -> Option<i128> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// To Falco an empty text is port 0.
fn port(text: &str) -> Option<i128> {
    match text {
        "" => Some(0),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        name => services::port(name).map(i128::from),
    }
}
