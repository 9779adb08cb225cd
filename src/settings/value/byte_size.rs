//! Sizes such as `64MiB`.

use std::fmt;

use super::{SettingValue, toml_string};

/// A number of bytes above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(u64);

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl ByteSize {
    /// The size as a count of bytes.
    pub(crate) fn bytes(self) -> u64 {
        self.0
    }

    /// The size as a length in memory.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS
            .iter()
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        let (unit, factor) = exact.unwrap_or(&("B", 1));
        write!(formatter, "{}{unit}", self.0 / factor)
    }
}

impl SettingValue for ByteSize {
    const EXPECTED: &'static str = "a size, such as 64MiB, 512KiB, 1GB or a number of bytes";
    const IS_BARE: bool = true;

    fn parse_setting(text: &str) -> Result<Self, String> {
        let digits_end = text
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, unit) = text.split_at(digits_end);
        let unit = unit.trim_start();
        if digits.is_empty() {
            return Err("it does not begin with a whole number".to_owned());
        }
        let factor = match UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        {
            Some((_, factor)) => *factor,
            None if unit.is_empty() => 1,
            None if unit.starts_with('.') => return Err("fractions are not taken".to_owned()),
            None => return Err(format!("`{unit}` is not a unit")),
        };
        let count: Option<u64> = digits.parse().ok();
        match count.and_then(|count| count.checked_mul(factor)) {
            Some(0) => Err("it is zero".to_owned()),
            Some(bytes) => Ok(Self(bytes)),
            None => Err("it is too large".to_owned()),
        }
    }

    fn to_toml(&self) -> String {
        toml_string(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, bytes: u64, written: &str) {
        let size = ByteSize::parse_setting(text).expect(text);
        assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, written));
    }

    #[test]
    fn sizes_are_read_with_binary_and_decimal_units() {
        check("64MiB", 64 << 20, "64MiB");
        check("64 mib", 64 << 20, "64MiB");
        check("67108864", 64 << 20, "64MiB");
        check("1gb", 1_000_000_000, "1GB");
        check("1536KiB", 1536 << 10, "1536KiB");
        check("1025", 1025, "1025B");
    }

    #[test]
    fn wrong_sizes_say_why() {
        let wrong = |text| ByteSize::parse_setting(text).expect_err(text);
        assert_eq!(wrong(""), "it does not begin with a whole number");
        assert_eq!(wrong("-1"), "it does not begin with a whole number");
        assert_eq!(wrong("1.5GiB"), "fractions are not taken");
        assert_eq!(wrong("64M"), "`M` is not a unit");
        assert_eq!(wrong("0MiB"), "it is zero");
        assert_eq!(wrong("99999999TiB"), "it is too large");
        assert_eq!(wrong("99999999999999999999999"), "it is too large");
    }
}
