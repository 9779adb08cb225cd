//! Small file systems of a test's own, where the machine lets it mount them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::eventually;

/// A tmpfs that is unmounted when dropped.
#[derive(Debug)]
pub(super) struct Tmpfs {
    at: PathBuf,
}

impl Tmpfs {
    /// Mounts one, or says on standard error that the test is not run.
    pub(super) fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={size}");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "spanhouse-test"])
            .arg(at)
            .output();
        match output {
            Ok(output) if output.status.success() => Some(Self { at: at.to_owned() }),
            Ok(output) => {
                let reason = String::from_utf8_lossy(&output.stderr);
                eprintln!(
                    "NOT TESTED: no tmpfs can be mounted, which takes root: {}",
                    reason.trim()
                );
                None
            }
            Err(error) => {
                eprintln!("NOT TESTED: there is no `mount`: {error}");
                None
            }
        }
    }

    /// Makes it read-only (`ro`) or writable (`rw`); waits for files that are being written.
    pub(super) async fn remount(&self, mode: &str) {
        let option = format!("remount,{mode}");
        eventually("the file system is free to be remounted", async || {
            let output = Command::new("mount")
                .args(["-o", &option])
                .arg(&self.at)
                .output()
                .unwrap();
            output.status.success().then_some(())
        })
        .await;
    }

    /// Fills all of it with one file, which frees it again when removed.
    pub(super) fn fill(&self) -> PathBuf {
        let ballast = self.at.join("ballast");
        let zeros = std::fs::File::open("/dev/zero").unwrap();
        let mut file = std::fs::File::create(&ballast).unwrap();
        let full = std::io::copy(&mut &zeros, &mut file).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        ballast
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: a server that is just being killed may still have files open.
        drop(Command::new("umount").arg("--lazy").arg(&self.at).status());
    }
}
