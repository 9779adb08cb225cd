//! The signatures that Feishu and DingTalk want.

/// HMAC with SHA-256 of a message under a key. It is given by whoever starts the alerts, from the
/// library that the program has for TLS.
pub type Sha256Mac = fn(key: &[u8], message: &[u8]) -> [u8; 32];

/// Feishu's: the time in seconds and the secret are the key, the message is empty.
/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>
pub(super) fn feishu(mac: Sha256Mac, unix_seconds: i64, secret: &str) -> String {
    let key = format!("{unix_seconds}\n{secret}");
    base64(&mac(key.as_bytes(), b""))
}

/// DingTalk's: the secret is the key, the message is the time in milliseconds and the secret.
/// <https://open.dingtalk.com/document/robots/customize-robot-security-settings>
pub(super) fn dingtalk(mac: Sha256Mac, unix_millis: i64, secret: &str) -> String {
    let message = format!("{unix_millis}\n{secret}");
    base64(&mac(secret.as_bytes(), message.as_bytes()))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |position: usize| u32::from(group.get(position).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 0x3f;
            text.push(match digit as usize <= group.len() {
                true => char::from(ALPHABET[value as usize]),
                false => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let check = |text: &str, expect: &str| assert_eq!(base64(text.as_bytes()), expect);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
    }

    #[test]
    fn key_and_message_are_those_that_the_chats_define() {
        let seen: Sha256Mac = |key, message| {
            let mut shown = [b' '; 32];
            let both = [key, b"|", message].concat();
            for (place, byte) in shown.iter_mut().zip(&both) {
                *place = *byte;
            }
            shown
        };
        let padded = |text: &str| base64(format!("{text:32}").as_bytes());
        assert_eq!(
            feishu(seen, 1_599_360_473, "demo"),
            padded("1599360473\ndemo|")
        );
        assert_eq!(dingtalk(seen, 1_599, "SEC"), padded("SEC|1599\nSEC"));
    }
}
