//! The MTrace decoder: it never panics, and what it takes reads back and is the same each time.

#![no_main]

use collector::mtrace::decode;
use libfuzzer_sys::fuzz_target;
use schemas::CallPath;
use spanhouse_fuzz::decodes_alike;

fuzz_target!(|bytes: &[u8]| {
    let Some((decoded, spans)) = decodes_alike(|| decode(bytes)) else {
        return;
    };
    for span in &spans {
        let path = span.call_path.as_deref().expect("every span has one");
        assert!(CallPath::parse(path).is_ok());
    }
    assert_eq!(decoded.details.len() as u64, decoded.rejected.min(100));
});
