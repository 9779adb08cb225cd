use std::io::Write;

use super::*;
use crate::receiver::budget::ByteBudget;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory")
}

fn inflate_within(
    compression: Compression,
    body: &[u8],
    limit: usize,
    budget: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut reservation = ByteBudget::new(budget).reservation();
    inflate(compression, body, limit, (&mut reservation, 0))
}

#[test]
fn every_compression_gives_the_bytes_back() {
    let bytes: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let forms = [
        (Compression::Identity, bytes.clone()),
        (Compression::Gzip, gzip(&bytes)),
        (
            Compression::Gzip,
            [gzip(&bytes[..1000]), gzip(&bytes[1000..])].concat(),
        ),
        (Compression::Zstd, zstd(&bytes)),
        (Compression::Deflate, zlib(&bytes)),
    ];
    for (compression, body) in forms {
        for limit in [bytes.len(), bytes.len() + 1, 1 << 30] {
            let inflated = inflate_within(compression, &body, limit, 1 << 30).expect("fits");
            assert!(inflated == bytes, "{compression:?} up to {limit}");
            assert!(inflated.capacity() <= 2 * bytes.len() + STEP);
        }
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let bomb = vec![0; 50_000_000];
    for (compression, body) in [
        (Compression::Gzip, gzip(&bomb)),
        (Compression::Zstd, zstd(&bomb)),
    ] {
        assert!(body.len() < 100_000);
        let result = inflate_within(compression, &body, 1_000_000, 1 << 30);
        assert!(
            matches!(result, Err(InflateError::TooLarge)),
            "{compression:?}"
        );
    }
}

#[test]
fn inflating_stops_where_the_budget_ends() {
    let body = gzip(&vec![0; 1_000_000]);
    let budget = ByteBudget::new(500_000);
    let mut other = budget.reservation();
    other.grow_to(1).expect("room");
    let mut reservation = budget.reservation();
    let result = inflate(Compression::Gzip, &body, 2_000_000, (&mut reservation, 0));
    assert!(matches!(
        result,
        Err(InflateError::Exhausted(BudgetExhausted))
    ));
}

#[test]
fn damaged_bodies_are_corrupt() {
    for (compression, body) in [
        (Compression::Gzip, gzip(b"spans")),
        (Compression::Zstd, zstd(b"spans")),
    ] {
        let cut = inflate_within(compression, &body[..body.len() - 1], 1000, 1 << 20);
        assert!(
            matches!(cut, Err(InflateError::Corrupt(_))),
            "{compression:?}"
        );
        let other = inflate_within(compression, b"not compressed", 1000, 1 << 20);
        assert!(
            matches!(other, Err(InflateError::Corrupt(_))),
            "{compression:?}"
        );
    }
}

#[test]
fn a_zstd_window_over_8_mib_is_refused() {
    let bytes: Vec<u8> = (0..20_000_000_u32)
        .map(|number| (number >> 8) as u8)
        .collect();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("a level");
    encoder.window_log(27).expect("a window");
    encoder.write_all(&bytes).expect("memory");
    let body = encoder.finish().expect("memory");
    assert!(matches!(
        inflate_within(Compression::Zstd, &body, 1 << 26, 1 << 30),
        Err(InflateError::Corrupt(_))
    ));
}

#[test]
fn names_are_understood_in_any_case() {
    assert_eq!(Compression::from_name(b" GZip "), Some(Compression::Gzip));
    assert_eq!(Compression::from_name(b"br"), None);
    assert_eq!(Compression::from_name(b"gzip, zstd"), None);
}
