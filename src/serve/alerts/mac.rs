//! HMAC with SHA-256, of the library that the program has for TLS.

use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::tls13::OkmBlock;

/// The length of SHA-256's blocks: longer keys are hashed.
const BLOCK: usize = 64;

/// The HMAC of a message under a key.
pub(super) fn sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 else {
        return [0; 32];
    };
    let hashed = suite.common.hash_provider.hash(key);
    let key = match key.len() > BLOCK {
        true => hashed.as_ref(),
        false => key,
    };
    let tag = suite.hkdf_provider.hmac_sign(&OkmBlock::new(key), message);
    let mut bytes = [0; 32];
    for (byte, of_tag) in bytes.iter_mut().zip(tag.as_ref()) {
        *byte = *of_tag;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4231.
    #[test]
    fn it_is_that_of_rfc_4231() {
        let check = |key: &[u8], message: &[u8], expect: &str| {
            let mac: String = sha256(key, message)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(mac, expect);
        };
        check(
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        );
    }
}
