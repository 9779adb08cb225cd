//! The machine that the figures are of.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::durations::Durations;
use super::usage;

/// Syncs that are timed.
const SYNCS: usize = 100;
const BLOCK: [u8; 4096] = [7; 4096];

/// One line that says what the figures depend on.
pub(crate) fn describe(dir: &Path) -> anyhow::Result<String> {
    let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu_info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = usage::kibibytes(&memory, "MemTotal:").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = thread::available_parallelism()?;
    Ok(format!(
        "{cores} cores of {} shared by sender and server, {:.0} GB RAM, Linux {}, \
         fdatasync of 4 KiB p50 {:.2} ms",
        model.as_deref().unwrap_or("an unnamed CPU"),
        memory as f64 / 1e9,
        kernel.trim(),
        sync_time(dir)?.p50_ms(),
    ))
}

/// How long the disk takes to make a block durable in a file that has its blocks already.
fn sync_time(dir: &Path) -> anyhow::Result<Durations> {
    let path = dir.join("sync-probe");
    let mut file = File::create(&path)?;
    for _ in 0..SYNCS {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    file.rewind()?;
    let mut durations = Durations::default();
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        durations.add(started.elapsed());
    }
    fs::remove_file(&path)?;
    Ok(durations)
}

/// Whether files must be read from the disk again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageCache {
    Dropped,
    /// Only root may drop it.
    Kept,
}

/// Makes the kernel forget what it has read from disks.
pub(crate) fn drop_page_cache() -> PageCache {
    // Pages that are not yet written cannot be dropped.
    let synced = Command::new("sync")
        .status()
        .is_ok_and(|status| status.success());
    match synced && fs::write("/proc/sys/vm/drop_caches", "3").is_ok() {
        true => PageCache::Dropped,
        false => PageCache::Kept,
    }
}

/// Bytes of the files below `dir` whose names end with `suffix`, and how many there are.
pub(crate) fn files_with_suffix(dir: &Path, suffix: &str) -> anyhow::Result<(u64, u64)> {
    let (mut bytes, mut count) = (0, 0);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let (below, files) = files_with_suffix(&entry.path(), suffix)?;
            (bytes, count) = (bytes + below, count + files);
        } else if entry.file_name().to_string_lossy().ends_with(suffix) {
            (bytes, count) = (bytes + entry.metadata()?.len(), count + 1);
        }
    }
    Ok((bytes, count))
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
