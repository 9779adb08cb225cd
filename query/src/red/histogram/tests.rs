use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn of(values: &[i64]) -> DurationHistogram {
    let mut histogram = DurationHistogram::default();
    for value in values {
        histogram.record(*value);
    }
    histogram
}

/// The exact percentile of a sorted list, by the nearest rank.
fn exact(sorted: &[i64], percentile: f64) -> i64 {
    let rank = (percentile / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

#[test]
fn a_bucket_holds_its_range_and_no_more() {
    for value in [
        0,
        1,
        2047,
        2048,
        2049,
        4095,
        4096,
        1 << 40,
        (1 << 41) - 1,
        u64::MAX,
    ] {
        let (low, width) = range_of(bucket_of(value));
        assert!(
            low <= value && value - low < width,
            "{value}: {low} {width}"
        );
        assert!(width == 1 || low / width >= 1024, "{value}: {low} {width}");
    }
    let last = bucket_of(1 << 45);
    for bucket in 0..last {
        let (low, width) = range_of(bucket);
        assert_eq!(
            (bucket_of(low), bucket_of(low + width - 1)),
            (bucket, bucket)
        );
        assert_eq!(range_of(bucket + 1).0, low + width);
    }
}

#[test]
fn an_empty_one_has_no_percentiles() {
    assert_eq!(of(&[]).percentiles(&[50.0]), None);
    assert_eq!(of(&[-5]).percentiles(&[0.0, 100.0]), Some(vec![0, 0]));
}

#[test]
fn only_histograms_are_read() {
    let bytes = of(&[1, 5_000_000]).to_bytes();
    let check = |bytes: &[u8], problem| {
        let error = DurationHistogram::from_bytes(bytes).expect_err("no histogram");
        assert_eq!(error, MalformedHistogram(problem));
    };
    check(&bytes[..39], "it is too short");
    check(&bytes[..bytes.len() - 1], "its length is another");
    let mut other = bytes.clone();
    other[3] ^= 1;
    check(&other, "its cookie is another");
    let mut two_digits = bytes;
    two_digits[15] = 2;
    check(&two_digits, "its buckets are others");
}

fn durations() -> impl Strategy<Value = Vec<i64>> {
    let duration = prop_oneof![
        0..3_000_i64,
        0..20_000_000_i64,
        0..60_000_000_000_i64,
        0..i64::MAX / 4
    ];
    vec(duration, 1..3_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn percentiles_are_within_a_tenth_of_a_per_cent(mut values in durations()) {
        let percentiles = [0.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0];
        let found = of(&values).percentiles(&percentiles).expect("not empty");
        values.sort_unstable();
        for (percentile, found) in percentiles.into_iter().zip(found) {
            let exact = exact(&values, percentile);
            let error = (found - exact).abs() as f64;
            prop_assert!(error <= exact as f64 * 0.0005, "P{percentile}: {found}, exactly {exact}");
        }
    }

    #[test]
    fn parts_merge_to_the_whole(values in durations(), cut: prop::sample::Index) {
        let (one, other) = values.split_at(cut.index(values.len()));
        let mut parts = of(one);
        parts.merge(&of(other));
        prop_assert_eq!(parts.to_bytes(), of(&values).to_bytes());
        prop_assert_eq!(parts.count(), values.len() as u64);
    }

    #[test]
    fn the_stored_form_is_hdr_histograms(values in durations()) {
        let bytes = of(&values).to_bytes();
        let mut theirs: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).expect("theirs");
        prop_assert_eq!(theirs.len(), values.len() as u64);
        let mut again = DurationHistogram::from_bytes(&bytes).expect("ours");
        prop_assert_eq!(again.to_bytes(), bytes);

        let mut written = Vec::new();
        theirs.clear();
        theirs.auto(true);
        for value in &values {
            theirs.record(value.cast_unsigned()).expect("it resizes");
        }
        V2Serializer::new().serialize(&theirs, &mut written).expect("memory");
        let mut read = DurationHistogram::from_bytes(&written).expect("the same buckets");
        prop_assert_eq!(read.to_bytes(), again.to_bytes());
    }

    /// Numbers of empty buckets and counts of one byte, of two, and of more.
    #[test]
    fn counts_are_read_as_they_were_written(
        held in vec((prop_oneof![0..3_u32, 0..130_u32, 0..9_000_u32], prop_oneof![1..3_u64, 60..70_u64, 1..1_u64 << 40]), 0..200),
    ) {
        let mut next = 0;
        let mut counts = Vec::new();
        for (empty, count) in held {
            let bucket = next + empty;
            if bucket > bucket_of(u64::MAX) {
                break;
            }
            counts.push(BucketCount::new(bucket, count));
            next = bucket + 1;
        }
        let mut bytes = Vec::new();
        wire::put_counts(&counts, &mut bytes);
        prop_assert_eq!(DurationHistogram::from_bytes(&bytes).expect("a histogram").counts, counts);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, header in any::<bool>()) {
        let mut whole = Vec::new();
        if header {
            let mut empty = DurationHistogram::default().to_bytes();
            empty[4..8].copy_from_slice(&(bytes.len() as u32).to_be_bytes());
            whole = empty;
        }
        whole.extend(bytes);
        drop(DurationHistogram::from_bytes(&whole));
    }
}
