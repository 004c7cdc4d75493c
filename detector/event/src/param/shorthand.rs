//! Short names for the types of numbers, so that a kind's parameters stand in few lines.

use super::{NamedBits, Number, ParamType, Radix};
use crate::flags::FlagName;

const fn number(bits: u8, radix: Radix) -> Number {
    Number { bits, radix }
}

pub const INT16: ParamType = ParamType::Int(number(16, Radix::Decimal));
pub const INT32: ParamType = ParamType::Int(number(32, Radix::Decimal));
pub const INT32_HEX: ParamType = ParamType::Int(number(32, Radix::Hex));
pub const INT64: ParamType = ParamType::Int(number(64, Radix::Decimal));
pub const UINT8: ParamType = ParamType::Uint(number(8, Radix::Decimal));
pub const UINT16: ParamType = ParamType::Uint(number(16, Radix::Decimal));
pub const UINT32: ParamType = ParamType::Uint(number(32, Radix::Decimal));
pub const UINT64: ParamType = ParamType::Uint(number(64, Radix::Decimal));
pub const HEX8: ParamType = ParamType::Uint(number(8, Radix::Hex));
pub const HEX32: ParamType = ParamType::Uint(number(32, Radix::Hex));
pub const HEX64: ParamType = ParamType::Uint(number(64, Radix::Hex));
pub const OCT32: ParamType = ParamType::Uint(number(32, Radix::Octal));

pub const fn flags8(names: &'static [FlagName]) -> ParamType {
    ParamType::Flags(NamedBits { bits: 8, names })
}

pub const fn flags16(names: &'static [FlagName]) -> ParamType {
    ParamType::Flags(NamedBits { bits: 16, names })
}

pub const fn flags32(names: &'static [FlagName]) -> ParamType {
    ParamType::Flags(NamedBits { bits: 32, names })
}

pub const fn enum8(names: &'static [FlagName]) -> ParamType {
    ParamType::Enum(NamedBits { bits: 8, names })
}

pub const fn enum16(names: &'static [FlagName]) -> ParamType {
    ParamType::Enum(NamedBits { bits: 16, names })
}

pub const fn enum32(names: &'static [FlagName]) -> ParamType {
    ParamType::Enum(NamedBits { bits: 32, names })
}
