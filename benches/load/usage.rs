//! What processes use of the machine, as Linux's `/proc` tells.

use std::fs;

use anyhow::Context;

/// `/proc` counts CPU time in these, on every architecture (`USER_HZ`, see proc_pid_stat(5)).
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time that the process has taken with all its threads, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| path.clone())?;
    // The second field is the name in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(") ").context("no process name")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |index: usize| -> anyhow::Result<f64> {
        let field = fields.get(index).context("too few fields")?;
        Ok(field.parse()?)
    };
    // Fields 14 (utime) and 15 (stime), of which the first two are cut off.
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// The most memory that the process had in RAM, in bytes.
pub(crate) fn peak_resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| path.clone())?;
    kibibytes(&status, "VmHWM:").context("no VmHWM")
}

/// CPU time that the whole machine has spent on anything, in seconds, and what its host took away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MachineTime {
    pub(crate) busy: f64,
    pub(crate) stolen: f64,
}

pub(crate) fn machine_time() -> anyhow::Result<MachineTime> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let numbers: Vec<f64> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, stolen, ..] = numbers[..] else {
        anyhow::bail!("/proc/stat: {line}");
    };
    Ok(MachineTime {
        busy: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
        stolen: stolen / TICKS_PER_SECOND,
    })
}

/// The value in bytes of a line such as `MemTotal:   1234 kB`.
pub(crate) fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}
