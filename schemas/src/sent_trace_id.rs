//! Trace ids of any text: the mapping that `docs/mtrace.md` states. What SkyWalking's agents send is
//! hashed in the same way.

use sha2::{Digest, Sha256};

use super::ids::{IdError, TraceId};

/// The longest trace id that is neither hexadecimal nor decimal, in characters.
const MAX_CHARACTERS: usize = 128;

/// The most digits of a decimal 64-bit number.
const MAX_DECIMAL_DIGITS: usize = 20;

/// What stands for a text whose hash begins with zeros only, since no id is.
const LAST_RESORT: TraceId = TraceId(1_u128.to_be_bytes());

/// Why a text is no trace id that can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SentIdError {
    /// It is empty.
    #[error("an empty traceId")]
    Empty,
    /// Its number is zero, which W3C Trace Context forbids.
    #[error("a traceId of zeros only")]
    Zero,
    /// It is longer than those that are hashed may be.
    #[error("a traceId of more than 128 characters")]
    TooLong,
}

impl TraceId {
    /// The id that stands for one that was sent as a text: what 32 or 16 hex digits say, the number
    /// of up to 20 decimal digits, or the beginning of any other text's hash.
    ///
    /// # Errors
    /// [`SentIdError`], when it is no id.
    pub fn of_sent(text: &str) -> Result<Self, SentIdError> {
        if text.is_empty() {
            return Err(SentIdError::Empty);
        }
        match (Self::parse(text), decimal(text)) {
            (Ok(id), _) => Ok(id),
            (Err(IdError::Zero), _) => Err(SentIdError::Zero),
            (Err(_), Some(number)) => Self::of_number(number),
            (Err(_), None) => of_text(text),
        }
    }

    /// The id that stands for one that was sent as a number.
    ///
    /// # Errors
    /// [`SentIdError::Zero`] for zero.
    pub fn of_number(number: u64) -> Result<Self, SentIdError> {
        Self::from_wire(&u128::from(number).to_be_bytes()).ok_or(SentIdError::Zero)
    }

    /// The id that stands for a text that is none: the first 16 bytes of its SHA-256.
    pub fn of_hash(text: &[u8]) -> Self {
        let hash = Sha256::digest(text);
        let id = hash.get(..16).and_then(Self::from_wire);
        id.unwrap_or(LAST_RESORT)
    }
}

/// The number that a text of decimal digits is; none when it does not fit 64 bits.
fn decimal(text: &str) -> Option<u64> {
    let is_decimal =
        text.len() <= MAX_DECIMAL_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal.then(|| text.parse().ok()).flatten()
}

fn of_text(text: &str) -> Result<TraceId, SentIdError> {
    let is_short = text.len() <= MAX_CHARACTERS || text.chars().nth(MAX_CHARACTERS).is_none();
    if !is_short {
        return Err(SentIdError::TooLong);
    }
    Ok(TraceId::of_hash(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_a_text_maps_it() {
        let check = |text: &str, expect: Result<&str, SentIdError>| {
            let id = TraceId::of_sent(text).map(|id| id.to_string());
            assert_eq!(id, expect.map(str::to_owned), "{text}");
        };
        let hex = "4bf92f3577b34da6a3ce929d0e0e4736";
        check(hex, Ok(hex));
        check("A3CE929D0E0E4736", Ok("0000000000000000a3ce929d0e0e4736"));
        check("1234567890123456", Ok("00000000000000001234567890123456"));
        check("255", Ok("000000000000000000000000000000ff"));
        // `printf order-42 | sha256sum`
        check("order-42", Ok("3bf8b157c4238eefe5ae4a66eca81c6b"));
        // An id of SkyWalking's.
        check(
            "9a1b.57.16900000000000001",
            Ok("5e75a80991c7eba9cb9189de110be80e"),
        );
        check(&"é".repeat(128), Ok("e42dd264fd5cf1bc947505b995dceb9a"));
        check(&"é".repeat(129), Err(SentIdError::TooLong));
        check("", Err(SentIdError::Empty));
        check("00", Err(SentIdError::Zero));
        check("0000000000000000", Err(SentIdError::Zero));
    }
}
