//! `spanhouse wal inspect`.

use std::fmt::Write as _;

use anyhow::bail;
use storage::wal::{InspectReport, SegmentReport, SegmentState, inspect};

use super::arguments::WalInspectArguments;
use crate::settings::{EffectiveSettings, Inputs};

/// Prints what the log holds.
///
/// # Errors
/// A log that cannot be read, and one that is damaged: the listing is printed all the same.
pub(super) fn run(arguments: WalInspectArguments) -> anyhow::Result<()> {
    let flags = arguments.data_dir.map(|directory| ("data_dir", directory));
    let inputs = Inputs::of_process(flags.into_iter().collect(), arguments.config);
    let settings = EffectiveSettings::resolve(inputs)?.settings;
    let directory = settings.data_dir.join("wal");
    if !directory.is_dir() {
        bail!("there is no write-ahead log in {}", directory.display());
    }
    let report = inspect(&directory)?;
    super::print(&listing(&report))?;
    let is_corrupt = |segment: &&SegmentReport| matches!(segment.state, SegmentState::Corrupt(_));
    match report.segments.iter().filter(is_corrupt).count() {
        0 => Ok(()),
        damaged => bail!(
            "{damaged} damaged segment(s): the server will refuse to start; \
             `spanhouse serve --salvage-wal` starts once without the damaged records"
        ),
    }
}

fn listing(report: &InspectReport) -> String {
    let mut text = String::new();
    let id = match &report.wal_id {
        Some(id) => id.to_string(),
        None => "none".to_owned(),
    };
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes any text");
    line(format!("log        {id}"));
    line(format!("segments   {}", report.segments.len()));
    line(format!("spares     {}", report.spares));
    line(format!("records    {}", report.records));
    line(format!("bytes      {}", report.body_bytes));
    if !report.segments.is_empty() {
        line(String::new());
        line(segment_line([
            "segment", "first", "last", "records", "bytes", "state",
        ]));
    }
    for segment in &report.segments {
        let (first, last) = match segment.positions {
            Some((first, last)) => (first.to_string(), last.to_string()),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let name = segment.file.file_name().unwrap_or_default();
        line(segment_line([
            &name.to_string_lossy(),
            &first,
            &last,
            &segment.records.to_string(),
            &segment.body_bytes.to_string(),
            &state(&segment.state),
        ]));
        if let SegmentState::Corrupt(damages) = &segment.state {
            for damage in damages {
                line(format!("  {damage}"));
            }
        }
    }
    text
}

fn segment_line([name, first, last, records, bytes, state]: [&str; 6]) -> String {
    format!("{name:<26} {first:>12} {last:>12} {records:>9} {bytes:>12}  {state}")
}

fn state(state: &SegmentState) -> String {
    match state {
        SegmentState::Clean => "whole".to_owned(),
        SegmentState::TornTail { offset, bytes } => {
            format!("torn tail: {bytes} bytes at offset {offset}, never acknowledged")
        }
        SegmentState::Corrupt(damages) => format!("DAMAGED in {} place(s)", damages.len()),
    }
}

#[cfg(test)]
mod tests {
    use storage::wal::WalPosition;

    use super::*;

    #[test]
    fn the_listing_has_a_line_for_each_segment() {
        let segment = |name: &str, records, state| SegmentReport {
            file: name.into(),
            file_bytes: 1 << 20,
            positions: (records > 0).then(|| (WalPosition::new(1), WalPosition::new(records))),
            records,
            body_bytes: records * 100,
            state,
        };
        let torn = SegmentState::TornTail {
            offset: 8_192,
            bytes: 77,
        };
        let report = InspectReport {
            wal_id: None,
            segments: vec![
                segment("00000000000000000001.wal", 12, SegmentState::Clean),
                segment("00000000000000000013.wal", 0, torn),
            ],
            spares: 1,
            records: 12,
            body_bytes: 1_200,
        };
        insta::assert_snapshot!(listing(&report), @r"
        log        none
        segments   2
        spares     1
        records    12
        bytes      1200

        segment                           first         last   records        bytes  state
        00000000000000000001.wal              1           12        12         1200  whole
        00000000000000000013.wal              -            -         0            0  torn tail: 77 bytes at offset 8192, never acknowledged
        ");
    }
}
