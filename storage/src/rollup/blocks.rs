//! A file in memory while it is written.

use std::io::{self, Write};

use object_store::{PutPayload, PutPayloadMut};

/// The length of a block, in bytes.
const BLOCK_BYTES: usize = 128 * 1024;

/// What is written, in blocks: none is moved as more comes, and memory is taken for what is there.
#[derive(Debug)]
pub(super) struct Blocks(PutPayloadMut);

impl Default for Blocks {
    fn default() -> Self {
        Self(PutPayloadMut::new().with_block_size(BLOCK_BYTES))
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<Blocks> for PutPayload {
    fn from(blocks: Blocks) -> Self {
        blocks.0.freeze()
    }
}
