//! What the process uses of the machine.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

use super::exposition::Exposition;

/// Writes Prometheus' usual process metrics. Memory is told where `/proc` is, CPU everywhere.
pub(super) fn write(exposition: &mut Exposition) {
    exposition.counter(
        "process_cpu_seconds_total",
        "CPU time of the process, user and system, in seconds.",
        cpu_seconds(),
    );
    // Linux only: elsewhere there is no such file, and the two metrics are absent.
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return;
    };
    if let Some(bytes) = status_bytes(&status, "VmRSS:") {
        exposition.gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM, in bytes.",
            bytes,
        );
    }
    if let Some(bytes) = status_bytes(&status, "VmHWM:") {
        exposition.gauge(
            "process_resident_memory_peak_bytes",
            "The most memory of the process that has been in RAM, in bytes.",
            bytes,
        );
    }
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = time.tv_sec as f64;
    let nanoseconds = i32::try_from(time.tv_nsec).unwrap_or(0);
    seconds + f64::from(nanoseconds) / 1e9
}

/// A line such as `VmRSS:     1234 kB` of `/proc/self/status`.
fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status() {
        let status = "Name:\tspanhouse\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(status_bytes(status, "VmRSS:"), Some(1 << 20));
        assert_eq!(status_bytes(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(status_bytes(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let mut exposition = Exposition::default();
        write(&mut exposition);
        let text = exposition.into_text();
        let value = |name: &str| -> Option<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        assert!(value("process_cpu_seconds_total ").is_some_and(|seconds| seconds > 0.0));
        if cfg!(target_os = "linux") {
            assert!(value("process_resident_memory_bytes ").is_some_and(|bytes| bytes > 1e6));
        }
    }
}
