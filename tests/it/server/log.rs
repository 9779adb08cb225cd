//! What a server writes, kept while it runs.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Lines shown of the log of a failed test.
const SHOWN: usize = 200;

/// Collects the lines of a process on threads that end with its streams.
#[derive(Debug)]
pub(super) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Log {
    pub(super) fn of(streams: Vec<Box<dyn Read + Send>>) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let readers = streams.into_iter().map(|stream| {
            let lines: Arc<Mutex<Vec<String>>> = Arc::clone(&lines);
            std::thread::spawn(move || {
                let read = BufReader::new(stream).lines();
                read.map_while(Result::ok)
                    .for_each(|line| lines.lock().unwrap().push(line));
            })
        });
        Self {
            readers: readers.collect(),
            lines,
        }
    }

    /// The first line that begins with a word, without the word.
    pub(super) fn line(&self, word: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().find_map(|line| {
            let rest = line.strip_prefix(word)?;
            rest.starts_with(' ').then(|| rest.trim().to_owned())
        })
    }

    pub(super) fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    pub(super) fn tail(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let start = lines.len().saturating_sub(SHOWN);
        lines
            .iter()
            .skip(start)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The whole log of a process that has ended.
    pub(super) fn when_closed(&mut self) -> String {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        self.text()
    }
}
